# The paper's figures: maps beside the reference's, where they differ, and spectra.


rule slices:
    input:
        maps=of_simulation("results/{simulation}/maps/{quantity}_z{redshift}.h5"),
        references=of_simulation("results/{simulation}/reference/{quantity}_z{redshift}.h5"),
    output:
        report(
            "results/figures/slices_{simulation}.png",
            caption="../report/slices.rst",
            category="Figures",
            labels={"figure": "slices", "of": "{simulation}"},
        ),
    log:
        "results/logs/slices/{simulation}.log",
    benchmark:
        "results/benchmarks/slices/{simulation}.tsv"
    conda:
        "../../envs/conda.yaml"
    params:
        figure="slices",
        references=reference_options,
        options=test_region_option,
        version=VERSION,
    shell:
        "plot-figures {params.figure} {input.maps} {params.references} {params.options}"
        " -o {output} 2> {log}"


use rule slices as distribution with:
    output:
        report(
            "results/figures/distribution_{simulation}.png",
            caption="../report/distribution.rst",
            category="Figures",
            labels={"figure": "one-point distribution", "of": "{simulation}"},
        ),
    log:
        "results/logs/distribution/{simulation}.log",
    benchmark:
        "results/benchmarks/distribution/{simulation}.tsv"
    params:
        figure="distribution",
        options="",


use rule slices as relative_difference with:
    input:
        maps=for_each(
            "results/{simulation}/maps/{quantity}_z{redshift}.h5",
            QUANTITIES,
            SHOWN,
            SHOWN_REDSHIFTS,
        ),
        references=for_each(
            "results/{simulation}/reference/{quantity}_z{redshift}.h5",
            QUANTITIES,
            SHOWN,
            SHOWN_REDSHIFTS,
        ),
    output:
        report(
            "results/figures/relative_difference_{region}.png",
            caption="../report/relative_difference.rst",
            category="Figures",
            labels={"figure": "relative difference", "of": "{region}"},
        ),
    log:
        "results/logs/relative_difference/{region}.log",
    benchmark:
        "results/benchmarks/relative_difference/{region}.tsv"
    params:
        figure="relative-difference",
        options="--region {region}",


rule spectra:
    input:
        spectra=drawn_spectra,
        baselines=of_simulation(
            "results/{simulation}/spectra/all/fastpm_z{redshift}.csv", ["fastpm"]
        ),
    output:
        report(
            "results/figures/spectra_{simulation}.png",
            caption="../report/spectra.rst",
            category="Figures",
            labels={"figure": "spectra", "of": "{simulation}"},
        ),
    log:
        "results/logs/spectra/{simulation}.log",
    benchmark:
        "results/benchmarks/spectra/{simulation}.tsv"
    conda:
        "../../envs/conda.yaml"
    params:
        baselines=baseline_options,
        version=VERSION,
    shell:
        "plot-figures spectra {input.spectra} {params.baselines} -o {output} 2> {log}"
