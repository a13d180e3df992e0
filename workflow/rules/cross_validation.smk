# Cross-validation, `snakemake cross_validation`: fits to each simulation that has a reference, and
# to all of them together, scored on every one. Not part of `all`: it uses the simulations that `all`
# keeps unseen.


use rule quality as scores with:
    input:
        [path for variant in CROSS_VALIDATED for path in scored(variant)],
    output:
        "results/cross_validation/scores.md",
    log:
        "results/cross_validation/logs/scores.log",
    benchmark:
        "results/cross_validation/benchmarks/scores/table.tsv"


use rule heatmap as scores_heatmap with:
    input:
        rules.scores.input,
    output:
        report(
            "results/cross_validation/scores.png",
            caption="../report/heatmap.rst",
            category="Cross-validation",
            labels={"figure": "scores", "of": "every simulation"},
        ),
    log:
        "results/cross_validation/logs/scores_heatmap.log",
    benchmark:
        "results/cross_validation/benchmarks/scores_heatmap/all.tsv"


rule cross_validation:
    input:
        rules.scores.output,
        rules.scores_heatmap.output,
