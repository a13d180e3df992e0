# The linear density of a seed at z = 0.


rule initial_conditions:
    input:
        linear_power=[] if LINEAR_POWER == "camb" else LINEAR_POWER,
    output:
        "results/{simulation}/initial_conditions.h5",
    log:
        "results/logs/initial_conditions/{simulation}.log",
    benchmark:
        "results/benchmarks/initial_conditions/{simulation}.tsv"
    conda:
        "../../envs/conda.yaml"
    threads: threads_of
    resources:
        **RESOURCES.of_stage("generate-ics"),
    params:
        seed=seed_options,
        mesh=config["initial_conditions"]["mesh"],
        particles=config["initial_conditions"]["particles"],
        box_size=config["initial_conditions"]["box_size"],
        power="--camb" if LINEAR_POWER == "camb" else f"--power {LINEAR_POWER}",
        cosmology=COSMOLOGY,
        engine=lambda wildcards: engine_of(wildcards.simulation, "pmesh"),
        version=VERSION,
    shell:
        "{resources.mpi} generate-ics {params.seed} --mesh {params.mesh}"
        " --particles {params.particles} --box-size {params.box_size} {params.power}"
        " {params.cosmology}{params.engine} --threads {threads} --device {resources.device} -o {output}"
        " 2> {log}"
