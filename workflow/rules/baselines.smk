# The fits of config.yaml beside baselines, `snakemake baselines`: fits that minimise the paper's
# loss, and maps without layers. Not part of `all`.

# Simulations and regions that the baselines are compared in, where no fit has seen the maps.
COMPARISONS = [*((name, "test") for name in TRAINING[:1]), *((name, "all") for name in UNSEEN)]


use rule quality as comparison with:
    input:
        [path for place in COMPARISONS for path in baseline_spectra(*place)],
    output:
        "results/baselines/comparison.md",
    log:
        "results/baselines/logs/comparison.log",
    benchmark:
        "results/baselines/benchmarks/comparison/table.tsv"


use rule heatmap as comparison_heatmap with:
    input:
        baseline_spectra_of,
    output:
        report(
            "results/baselines/figures/{simulation}_{region}.png",
            caption="../report/heatmap.rst",
            category="Baselines",
            labels={"figure": "comparison", "of": "{simulation}, {region}"},
        ),
    log:
        "results/baselines/logs/comparison_heatmap/{simulation}_{region}.log",
    benchmark:
        "results/baselines/benchmarks/comparison_heatmap/{simulation}_{region}.tsv"


# By which losses are chosen: neither the test cube nor an unseen simulation has a part in it.
use rule quality as validation with:
    input:
        expand(
            "results/{variant}fits/{fit}.json",
            fit=[f"{quantity}_z{redshift}" for quantity, redshift in TRAINED],
            variant=["baselines/paper/", ""],
        ),
    output:
        "results/baselines/validation.md",
    log:
        "results/baselines/logs/validation.log",
    benchmark:
        "results/baselines/benchmarks/validation/table.tsv"


# What the layers are worth, in the paper's loss; losses of other kinds are in other units.
use rule quality as losses with:
    input:
        expand(
            "results/baselines/{variant}/fits/{fit}.json",
            variant=["paper_without_layers", "paper"],
            fit=[f"{quantity}_z{redshift}" for quantity, redshift in TRAINED],
        ),
    output:
        "results/baselines/losses.md",
    log:
        "results/baselines/logs/losses.log",
    benchmark:
        "results/baselines/benchmarks/losses/table.tsv"
    params:
        table="losses",


use rule heatmap as validation_heatmap with:
    input:
        rules.validation.input,
    output:
        report(
            "results/baselines/figures/validation.png",
            caption="../report/heatmap.rst",
            category="Baselines",
            labels={"figure": "comparison", "of": "the validation region"},
        ),
    log:
        "results/baselines/logs/validation_heatmap.log",
    benchmark:
        "results/baselines/benchmarks/validation_heatmap/all.tsv"


rule baselines:
    input:
        expand("results/baselines/{table}.md", table=["comparison", "validation", "losses"]),
        [f"results/baselines/figures/{name}_{region}.png" for name, region in COMPARISONS],
        rules.validation_heatmap.output,
