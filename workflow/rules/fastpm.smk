# Particles at each redshift, every redshift its own run from the initial conditions.


def initial_conditions(wildcards):
    """A file of the user's, or what the row's seed gives."""
    made = f"results/{wildcards.simulation}/initial_conditions.h5"
    return SIMULATIONS[wildcards.simulation].get("initial_conditions", made)


rule fastpm:
    input:
        initial_conditions,
    output:
        "results/{simulation}/particles_z{redshift}.h5",
    params:
        start_redshift=config["fastpm"]["start_redshift"],
        steps=config["fastpm"]["steps"],
        force_mesh_factor=config["fastpm"]["force_mesh_factor"],
        version=VERSION,
    log:
        "results/logs/fastpm/{simulation}_z{redshift}.log",
    benchmark:
        "results/benchmarks/fastpm/{simulation}_z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("run-fastpm"),
    shell:
        "{resources.mpi} run-fastpm {input} --redshift {wildcards.redshift}"
        " --start-redshift {params.start_redshift} --steps {params.steps}"
        " --force-mesh-factor {params.force_mesh_factor} --threads {threads}"
        " -o {output} 2> {log}"
