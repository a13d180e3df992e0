# Lyman-alpha flux and 21 cm, `snakemake observables`: lines of sight and brightness temperature of
# simulations that no fit has seen. Not part of `all`.


rule paint_fine:
    input:
        particles="results/{simulation}/particles_z{redshift}.h5",
        fit=fit_of_hydrogen,
    output:
        "results/{simulation}/observables/neutral-hydrogen_z{redshift}.h5",
    log:
        "results/logs/paint_fine/{simulation}_z{redshift}.log",
    benchmark:
        "results/benchmarks/paint_fine/{simulation}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: RESOURCES.threads
    resources:
        **RESOURCES.of_stage(f"paint {HYDROGEN}"),
    params:
        fine=fine_option,
        version=VERSION,
    shell:
        "{resources.mpi} paint {input.particles} --fit {input.fit} {params.fine}"
        " --threads {threads} -o {output} 2> {log}"


rule skewers:
    input:
        hydrogen="results/{simulation}/observables/neutral-hydrogen_z{redshift}.h5",
        particles="results/{simulation}/particles_z{redshift}.h5",
    output:
        "results/{simulation}/observables/skewers_z{redshift}.h5",
    log:
        "results/logs/skewers/{simulation}_z{redshift}.log",
    benchmark:
        "results/benchmarks/skewers/{simulation}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: RESOURCES.threads
    resources:
        **RESOURCES.of_stage(f"paint {HYDROGEN}"),
    params:
        every=OBSERVABLES["every"],
        pixel=OBSERVABLES["pixel"],
        mean_flux=mean_flux_of,
        version=VERSION,
    shell:
        "{resources.mpi} skewers {input.hydrogen} --particles {input.particles}"
        " --every {params.every} --pixel {params.pixel} --mean-flux {params.mean_flux}"
        " --threads {threads} -o {output} 2> {log}"


rule brightness:
    input:
        hydrogen="results/{simulation}/observables/neutral-hydrogen_z{redshift}.h5",
        particles="results/{simulation}/particles_z{redshift}.h5",
    output:
        "results/{simulation}/observables/brightness_z{redshift}.h5",
    log:
        "results/logs/brightness/{simulation}_z{redshift}.log",
    benchmark:
        "results/benchmarks/brightness/{simulation}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: RESOURCES.threads
    resources:
        **RESOURCES.of_stage(f"paint {HYDROGEN}"),
    params:
        version=VERSION,
    shell:
        "{resources.mpi} brightness {input.hydrogen} --particles {input.particles}"
        " --threads {threads} -o {output} 2> {log}"


rule multipoles:
    input:
        "results/{simulation}/observables/brightness_z{redshift}.h5",
    output:
        "results/{simulation}/observables/multipoles_z{redshift}.csv",
    log:
        "results/logs/multipoles/{simulation}_z{redshift}.log",
    benchmark:
        "results/benchmarks/multipoles/{simulation}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    params:
        version=VERSION,
    shell:
        "powerspec {input} --multipoles -o {output} 2> {log}"


rule flux:
    input:
        model="results/{simulation}/observables/skewers_z{redshift}.h5",
        reference=lines_of_reference,
    output:
        report(
            "results/figures/flux_{simulation}_z{redshift}.png",
            caption="../report/flux.rst",
            category="Observables",
            labels={"figure": "flux, z = {redshift}", "of": "{simulation}"},
        ),
    log:
        "results/logs/flux/{simulation}_z{redshift}.log",
    benchmark:
        "results/benchmarks/flux/{simulation}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    params:
        options=flux_options,
        version=VERSION,
    shell:
        "plot-figures flux {input.model} {params.options} -o {output} 2> {log}"


rule figure_of_multipoles:
    input:
        lambda wildcards: observed(
            "results/{simulation}/observables/multipoles_z{redshift}.csv",
            [wildcards.simulation],
        ),
    output:
        report(
            "results/figures/multipoles_{simulation}.png",
            caption="../report/multipoles.rst",
            category="Observables",
            labels={"figure": "21 cm multipoles", "of": "{simulation}"},
        ),
    log:
        "results/logs/figure_of_multipoles/{simulation}.log",
    benchmark:
        "results/benchmarks/figure_of_multipoles/{simulation}.tsv"
    conda:
        "../../envs/conda.yaml"
    params:
        version=VERSION,
    shell:
        "plot-figures multipoles {input} -o {output} 2> {log}"


rule observables:
    input:
        observed("results/figures/flux_{simulation}_z{redshift}.png"),
        expand(
            "results/figures/multipoles_{simulation}.png",
            simulation=UNSEEN or TRAINING[:1],
        )
        if OBSERVABLES["mean_flux"]
        else [],
