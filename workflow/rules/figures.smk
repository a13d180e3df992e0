# The paper's figures: maps beside the reference's, where they differ, and spectra.


def of_one(pattern, quantities=STANDS_ON):
    """The paths of for_each for the simulation in the wildcards."""

    def paths(wildcards):
        return for_each(pattern, quantities, [wildcards.simulation])

    return paths


def reference_options(wildcards, input):
    return [f"--reference {path}" for path in input.references]


def baseline_options(wildcards, input):
    return [f"--baseline {path}" for path in input.baselines]


def test_region_option(wildcards):
    """Only simulations that fits are made on have regions; all of another one is unseen."""
    return "--test-region" if wildcards.simulation in TRAINING else "--no-test-region"


rule slices:
    input:
        maps=of_one("results/{simulation}/maps/{quantity}_z{redshift}.h5"),
        references=of_one("results/{simulation}/reference/{quantity}_z{redshift}.h5"),
    output:
        report(
            "results/figures/slices_{simulation}.png",
            caption="../report/slices.rst",
            category="Figures",
            labels={"figure": "slices", "of": "{simulation}"},
        ),
    params:
        references=reference_options,
        test_region=test_region_option,
        version=VERSION,
    log:
        "results/logs/slices/{simulation}.log",
    benchmark:
        "results/benchmarks/slices/{simulation}.tsv"
    shell:
        "plot-figures slices {input.maps} {params.references} {params.test_region}"
        " -o {output} 2> {log}"


def drawn_spectra(wildcards):
    """Of an unseen simulation the median of each ensemble, with its band."""
    folder = "band" if wildcards.simulation in BANDED else "all"
    path = f"results/{{simulation}}/spectra/{folder}/{{quantity}}_z{{redshift}}.csv"
    return for_each(path, STANDS_ON, [wildcards.simulation])


rule spectra:
    input:
        spectra=drawn_spectra,
        baselines=of_one("results/{simulation}/spectra/all/fastpm_z{redshift}.csv", ["fastpm"]),
    output:
        report(
            "results/figures/spectra_{simulation}.png",
            caption="../report/spectra.rst",
            category="Figures",
            labels={"figure": "spectra", "of": "{simulation}"},
        ),
    params:
        baselines=baseline_options,
        version=VERSION,
    log:
        "results/logs/spectra/{simulation}.log",
    benchmark:
        "results/benchmarks/spectra/{simulation}.tsv"
    shell:
        "plot-figures spectra {input.spectra} {params.baselines} -o {output} 2> {log}"


rule distribution:
    input:
        maps=of_one("results/{simulation}/maps/{quantity}_z{redshift}.h5"),
        references=of_one("results/{simulation}/reference/{quantity}_z{redshift}.h5"),
    output:
        report(
            "results/figures/distribution_{simulation}.png",
            caption="../report/distribution.rst",
            category="Figures",
            labels={"figure": "one-point distribution", "of": "{simulation}"},
        ),
    params:
        references=reference_options,
        version=VERSION,
    log:
        "results/logs/distribution/{simulation}.log",
    benchmark:
        "results/benchmarks/distribution/{simulation}.tsv"
    shell:
        "plot-figures distribution {input.maps} {params.references} -o {output} 2> {log}"


rule relative_difference:
    input:
        maps=for_each(
            "results/{simulation}/maps/{quantity}_z{redshift}.h5",
            STANDS_ON,
            TRAINING[:1],
            [LAST_REDSHIFT],
        ),
        references=for_each(
            "results/{simulation}/reference/{quantity}_z{redshift}.h5",
            STANDS_ON,
            TRAINING[:1],
            [LAST_REDSHIFT],
        ),
    output:
        report(
            "results/figures/relative_difference_{region}.png",
            caption="../report/relative_difference.rst",
            category="Figures",
            labels={"figure": "relative difference", "of": "{region}"},
        ),
    params:
        references=reference_options,
        version=VERSION,
    wildcard_constraints:
        region="all|test",
    log:
        "results/logs/relative_difference/{region}.log",
    benchmark:
        "results/benchmarks/relative_difference/{region}.tsv"
    shell:
        "plot-figures relative-difference {input.maps} {params.references}"
        " --region {wildcards.region} -o {output} 2> {log}"
