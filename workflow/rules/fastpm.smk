# Particles at each redshift, every redshift its own run from the initial conditions.


rule fastpm:
    input:
        initial_conditions_of,
    output:
        "results/{simulation}/particles_z{redshift}.h5",
    log:
        "results/logs/fastpm/{simulation}_z{redshift}.log",
    benchmark:
        "results/benchmarks/fastpm/{simulation}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: threads_of
    resources:
        **RESOURCES.of_stage("run-fastpm"),
    params:
        redshift=true_redshift,
        start_redshift=config["fastpm"]["start_redshift"],
        steps=config["fastpm"]["steps"],
        force_mesh_factor=config["fastpm"]["force_mesh_factor"],
        second_order=config["fastpm"].get("second_order", "exact"),
        engine=lambda wildcards: engine_of(wildcards.simulation, "fastpm"),
        version=VERSION,
    shell:
        "{resources.mpi} run-fastpm {input} --redshift {params.redshift}"
        " --start-redshift {params.start_redshift} --steps {params.steps}"
        " --force-mesh-factor {params.force_mesh_factor}"
        " --second-order {params.second_order}{params.engine} --threads {threads} --device {resources.device}"
        " -o {output} 2> {log}"
