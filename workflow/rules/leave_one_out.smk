# Leave one out, `snakemake leave_one_out`: each training simulation, painted with the members of the
# fits that left it out of their training, a fixed simulation and its pair together. The bands there
# are the errors that other members make on what they left out. No further fit is needed, but
# `optimisation: {members: boxes}`.


use rule quality as left_out_quality with:
    input:
        left_out_spectra(),
    output:
        "results/leave_one_out/quality.md",
    log:
        "results/leave_one_out/logs/quality.log",
    benchmark:
        "results/leave_one_out/benchmarks/quality/table.tsv"


use rule heatmap as left_out_heatmap with:
    input:
        left_out_spectra(),
    output:
        report(
            "results/leave_one_out/quality.png",
            caption="../report/heatmap.rst",
            category="Leave one out",
            labels={"figure": "quality", "of": "every simulation left out"},
        ),
    log:
        "results/leave_one_out/logs/heatmap.log",
    benchmark:
        "results/leave_one_out/benchmarks/heatmap/quality.tsv"


use rule coverage as left_out_coverage with:
    input:
        left_out_spectra(),
    output:
        "results/leave_one_out/coverage.md",
    log:
        "results/leave_one_out/logs/coverage.log",
    benchmark:
        "results/leave_one_out/benchmarks/coverage/table.tsv"


rule leave_one_out:
    input:
        rules.left_out_quality.output,
        rules.left_out_heatmap.output,
        rules.left_out_coverage.output,
