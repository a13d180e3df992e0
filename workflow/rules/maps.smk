# Maps of every simulation and variant, painted with its fits.


rule paint:
    input:
        particles="results/{simulation}/particles_z{redshift}.h5",
        fit=fit_of_map,
    output:
        "results/{variant}{simulation}/maps/{quantity}_z{redshift}.h5",
    log:
        "results/{variant}logs/paint/{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/{variant}benchmarks/paint/{simulation}_{quantity}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: RESOURCES.threads
    resources:
        **RESOURCES.of_stage(paint_stage),
    params:
        version=VERSION,
    shell:
        "{resources.mpi} paint {input.particles} --fit {input.fit} --threads {threads}"
        " -o {output} 2> {log}"


# All members of the ensemble of a fit, for the band around their spectra.
rule paint_members:
    input:
        particles="results/{simulation}/particles_z{redshift}.h5",
        fit="results/fits/{quantity}_z{redshift}.json",
    output:
        expand(
            "results/{{simulation}}/members/{{quantity}}_z{{redshift}}_{member}.h5",
            member=range(config["optimisation"]["members"] + 1),
        ),
    log:
        "results/logs/paint_members/{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/paint_members/{simulation}_{quantity}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: RESOURCES.threads
    resources:
        **RESOURCES.of_stage(paint_stage),
    params:
        names=names_of_members,
        version=VERSION,
    shell:
        "{resources.mpi} paint {input.particles} --fit {input.fit} --members all"
        " --threads {threads} -o '{params.names}' 2> {log}"
