# A seed's linear density at z = 0.


def seed(wildcards):
    return SIMULATIONS[wildcards.simulation]["seed"]


COSMOLOGY = (
    "--omega-m {omega_m} --omega-b {omega_b} --h {h} --sigma8 {sigma8} --n-s {n_s}"
).format(**config["cosmology"])
LINEAR_POWER = config["initial_conditions"]["linear_power"]


rule initial_conditions:
    input:
        linear_power=[] if LINEAR_POWER == "camb" else LINEAR_POWER,
    output:
        "results/{simulation}/initial_conditions.h5",
    params:
        seed=seed,
        mesh=config["initial_conditions"]["mesh"],
        particles=config["initial_conditions"]["particles"],
        box_size=config["initial_conditions"]["box_size"],
        power="--camb" if LINEAR_POWER == "camb" else f"--power {LINEAR_POWER}",
        cosmology=COSMOLOGY,
        version=VERSION,
    log:
        "results/logs/initial_conditions/{simulation}.log",
    benchmark:
        "results/benchmarks/initial_conditions/{simulation}.tsv"
    threads: THREADS
    resources:
        **asked_for("generate-ics"),
    shell:
        "{resources.mpi} generate-ics --seed {params.seed} --mesh {params.mesh}"
        " --particles {params.particles} --box-size {params.box_size} {params.power}"
        " {params.cosmology} --threads {threads} -o {output} 2> {log}"
