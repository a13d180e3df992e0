# The paper's Figure 2: time and memory of a step against ranks, `snakemake figure2`. Not part of
# `all`, since the times are those of this machine, which must be free for them.


rule scaling:
    input:
        script="benchmarks/step.py",
    output:
        "results/scaling/ranks{ranks}.json",
    log:
        "results/logs/scaling/ranks{ranks}.log",
    benchmark:
        "results/benchmarks/scaling/ranks{ranks}.tsv"
    wildcard_constraints:
        ranks=r"\d+",
    conda:
        "../../envs/conda.yaml"
    # All cores, so that no other job runs beside it on the same machine; Slurm sees to that itself.
    threads: workflow.resource_settings.cores or 1
    resources:
        **RESOURCES.of_scaling(),
    params:
        mesh=config["scaling"]["mesh"],
        layers=config["scaling"]["layers"],
        version=VERSION,
    # Ranks share the work of CPUs, so one rank is measured on one as well.
    shell:
        "JAX_PLATFORMS=cpu {resources.mpi} python {input.script} --mesh {params.mesh}"
        " --layers {params.layers} --json > {output} 2> {log}"


use rule quality as figure2 with:
    input:
        expand("results/scaling/ranks{ranks}.json", ranks=config["scaling"]["ranks"]),
    output:
        report(
            "results/figures/figure2.png",
            caption="../report/scaling.rst",
            category="Figures",
            labels={"figure": "scaling", "of": "an optimisation step"},
        ),
    log:
        "results/logs/figure2.log",
    benchmark:
        "results/benchmarks/figure2/all.tsv"
    params:
        table="scaling",
