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
        member=member_option,
        version=VERSION,
    shell:
        "{resources.mpi} paint {input.particles} --fit {input.fit} {params.member}"
        " --threads {threads} --device {resources.device} -o {output} 2> {log}"


# All members of the ensemble of a fit, for the band around their spectra.
rule paint_members:
    input:
        particles="results/{simulation}/particles_z{redshift}.h5",
        fit=lambda wildcards: fit_of("", wildcards.quantity, wildcards.redshift),
    output:
        directory("results/{simulation}/members/{quantity}_z{redshift}"),
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
        version=VERSION,
    shell:
        "mkdir -p {output} && {resources.mpi} paint {input.particles} --fit {input.fit}"
        " --members all --threads {threads} --device {resources.device}"
        " -o '{output}/{{member}}.h5' 2> {log}"
