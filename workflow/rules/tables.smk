# How good the maps are where no fit has seen them, how often the bands hold the reference, and how
# long all of it took.


rule quality:
    input:
        spectra_where_unseen(["fastpm", *QUANTITIES]),
    output:
        "results/quality.md",
    log:
        "results/logs/quality.log",
    benchmark:
        "results/benchmarks/quality/table.tsv"
    conda:
        "../../envs/conda.yaml"
    params:
        table="table --by-quantity",
        version=VERSION,
    shell:
        "plot-figures {params.table} {input} -o {output} 2> {log}"


use rule quality as heatmap with:
    input:
        spectra_of_heatmap(["fastpm", *QUANTITIES]),
    output:
        report(
            "results/figures/quality.png",
            caption="../report/heatmap.rst",
            category="Figures",
            labels={"figure": "quality", "of": "all maps where unseen"},
        ),
    log:
        "results/logs/heatmap.log",
    benchmark:
        "results/benchmarks/heatmap/quality.tsv"
    params:
        table="heatmap --by-quantity",


# What spectra do not tell: voids, and the logarithms of cells.
use rule slices as cells with:
    output:
        "results/{simulation}/cells.md",
    log:
        "results/logs/cells/{simulation}.log",
    benchmark:
        "results/benchmarks/cells/{simulation}.tsv"
    params:
        figure="cells",
        options="",


use rule quality as coverage with:
    input:
        bands_where_unseen(),
    output:
        "results/coverage.md",
    log:
        "results/logs/coverage.log",
    benchmark:
        "results/benchmarks/coverage/table.tsv"
    params:
        table="coverage",


# What `snakemake` leaves, but for the last file.
RESULTS = [
    *for_each("results/fits/{quantity}_z{redshift}.json", QUANTITIES, TRAINING[:1], fits=TRAINED),
    *for_each(
        "results/{simulation}/spectra/all/{quantity}_z{redshift}.csv",
        ["fastpm", *QUANTITIES],
        SIMULATIONS,
    ),
    *expand(
        "results/figures/{figure}_{simulation}.png",
        figure=["slices", "spectra", "distribution"],
        simulation=COMPARED,
    ),
    *expand("results/figures/relative_difference_{region}.png", region=REGIONS_SHOWN),
    *expand("results/{simulation}/cells.md", simulation=COMPARED),
    *(["results/figures/quality.png", "results/quality.md"] if COMPARED else []),
    *(["results/coverage.md"] if bands_where_unseen() else []),
]


rule timings:
    input:
        # All else is made before it, so that every benchmark is there.
        RESULTS,
        script="workflow/scripts/time_by_rule.py",
    output:
        "results/timings.md",
    log:
        "results/logs/timings.log",
    benchmark:
        "results/benchmarks/timings.tsv"
    conda:
        "../../envs/conda.yaml"
    shell:
        "python {input.script} results/benchmarks > {output} 2> {log}"
