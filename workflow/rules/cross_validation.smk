# Cross-validation, `snakemake cross_validation`: fits to each simulation that has a reference, and
# to all of them together, scored on every one. Not part of `all`: it looks at the simulations that
# `all` keeps unseen.

TRAINED_ON = {**{name: [name] for name in COMPARED}, "together": COMPARED}


wildcard_constraints:
    trained_on="|".join(TRAINED_ON),


def of_trained(path):
    """The path of every simulation that the fit of the wildcards is trained on."""

    def paths(wildcards):
        names = TRAINED_ON[wildcards.trained_on]
        return [f"results/{name}/{path}".format(**wildcards) for name in names]

    return paths


def cross_validation_label(wildcards):
    return f"trained on {wildcards.trained_on}, {wildcards.simulation}"


use rule fit_dark_matter as fit_dark_matter_cross_validated with:
    input:
        particles=of_trained("particles_z{redshift}.h5"),
        targets=of_trained("reference/dark-matter_z{redshift}.h5"),
    output:
        "results/cross_validation/{trained_on}/fits/dark-matter_z{redshift}.json",
    log:
        "results/logs/fit_dark_matter_cross_validated/{trained_on}_z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_dark_matter_cross_validated/{trained_on}_z{redshift}.tsv"


use rule fit_stellar_mass as fit_stellar_mass_cross_validated with:
    input:
        particles=of_trained("particles_z{redshift}.h5"),
        targets=of_trained("reference/stellar-mass_z{redshift}.h5"),
        dark_matter="results/cross_validation/{trained_on}/fits/dark-matter_z{redshift}.json",
    output:
        "results/cross_validation/{trained_on}/fits/stellar-mass_z{redshift}.json",
    log:
        "results/logs/fit_stellar_mass_cross_validated/{trained_on}_z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_stellar_mass_cross_validated/{trained_on}_z{redshift}.tsv"


use rule fit_neutral_hydrogen as fit_neutral_hydrogen_cross_validated with:
    input:
        particles=of_trained("particles_z{redshift}.h5"),
        targets=of_trained("reference/neutral-hydrogen_z{redshift}.h5"),
        dark_matter="results/cross_validation/{trained_on}/fits/dark-matter_z{redshift}.json",
        stellar_mass="results/cross_validation/{trained_on}/fits/stellar-mass_z{redshift}.json",
    output:
        "results/cross_validation/{trained_on}/fits/neutral-hydrogen_z{redshift}.json",
    log:
        "results/logs/fit_neutral_hydrogen_cross_validated/{trained_on}_z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_neutral_hydrogen_cross_validated/{trained_on}_z{redshift}.tsv"


use rule paint as paint_cross_validated with:
    input:
        particles="results/{simulation}/particles_z{redshift}.h5",
        fit="results/cross_validation/{trained_on}/fits/{quantity}_z{redshift}.json",
    output:
        "results/cross_validation/{trained_on}/{simulation}/{quantity}_z{redshift}.h5",
    log:
        "results/logs/paint_cross_validated/{trained_on}_{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/paint_cross_validated/{trained_on}_{simulation}_{quantity}"
        "_z{redshift}.tsv",


use rule powerspec as powerspec_cross_validated with:
    input:
        measured="results/cross_validation/{trained_on}/{simulation}/{quantity}_z{redshift}.h5",
        reference="results/{simulation}/reference/{quantity}_z{redshift}.h5",
    output:
        "results/cross_validation/{trained_on}/{simulation}/{region}/{quantity}_z{redshift}.csv",
    params:
        reference=reference_option,
        label=cross_validation_label,
        version=VERSION,
    wildcard_constraints:
        region="all",
    log:
        "results/logs/powerspec_cross_validated/{trained_on}_{simulation}_{region}"
        "_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/powerspec_cross_validated/{trained_on}_{simulation}_{region}"
        "_{quantity}_z{redshift}.tsv",


rule cross_validation:
    input:
        [
            path
            for trained_on in TRAINED_ON
            for path in for_each(
                f"results/cross_validation/{trained_on}/{{simulation}}/all/"
                "{quantity}_z{redshift}.csv",
                STANDS_ON,
                COMPARED,
            )
        ],
    output:
        "results/cross_validation.md",
    params:
        version=VERSION,
    log:
        "results/logs/cross_validation.log",
    benchmark:
        "results/benchmarks/cross_validation/all.tsv"
    shell:
        "plot-figures table {input} --by-quantity -o {output} 2> {log}"
