# Fits of every quantity and variant, each to its training simulations together. They are the
# longest jobs, so they start first. Snakemake removes an old output itself; --force is for journals
# of fits that were interrupted before a setting changed.


rule fit:
    input:
        particles=of_training("results/{simulation}/particles_z{redshift}.h5"),
        targets=of_training("results/{simulation}/reference/{quantity}_z{redshift}.h5"),
        prerequisites=prerequisite_fits,
    output:
        "results/{variant}fits/{quantity}_z{redshift}.json",
    log:
        "results/{variant}logs/fit/{quantity}_z{redshift}.log",
    benchmark:
        "results/{variant}benchmarks/fit/{quantity}/z{redshift}.tsv"
    priority: 1
    conda:
        "../../envs/conda.yaml"
    threads: RESOURCES.threads
    resources:
        **RESOURCES.of_stage(fit_stage),
    params:
        targets=target_options,
        prerequisites=prerequisite_options,
        options=fit_options,
        version=VERSION,
    shell:
        "{resources.mpi} fit {wildcards.quantity} {input.particles} {params.targets}"
        " {params.prerequisites} {params.options} --threads {threads}"
        " --device {resources.device} --force -o {output} 2> {log}"
