# The paper's Figure 2: time and memory of a step against ranks. Not part of `all`, since times are
# this machine's and want it for themselves.


def rank_count(wildcards):
    return int(wildcards.ranks)


def launcher_of_step(wildcards):
    return launcher(rank_count(wildcards))


def memory_of_step(wildcards):
    """That of a fit, which takes such steps."""
    problem = dataclasses.replace(
        PROBLEM,
        particles=config["scaling"]["mesh"],
        layers={"dark-matter": config["scaling"]["layers"]},
        ranks=rank_count(wildcards),
        threads=1,
    )
    return memory_of_core("fit-dm", problem)


rule scaling:
    input:
        script="benchmarks/step.py",
    output:
        "results/scaling/ranks{ranks}.json",
    params:
        mesh=config["scaling"]["mesh"],
        layers=config["scaling"]["layers"],
        version=VERSION,
    wildcard_constraints:
        ranks=r"\d+",
    log:
        "results/logs/scaling/ranks{ranks}.log",
    benchmark:
        "results/benchmarks/scaling/ranks{ranks}.tsv"
    # All cores, so that no other job runs beside it on the same machine; Slurm sees to that itself.
    threads: workflow.resource_settings.cores or 1
    resources:
        tasks=rank_count,
        mpi=launcher_of_step,
        mem_mb_per_cpu=memory_of_step,
    shell:
        "{resources.mpi} python {input.script} --mesh {params.mesh}"
        " --layers {params.layers} --json > {output} 2> {log}"


rule figure2:
    input:
        expand("results/scaling/ranks{ranks}.json", ranks=config["scaling"]["ranks"]),
    output:
        report(
            "results/figures/figure2.png",
            caption="../report/scaling.rst",
            category="Figures",
            labels={"figure": "scaling", "of": "an optimisation step"},
        ),
    params:
        version=VERSION,
    log:
        "results/logs/figure2.log",
    benchmark:
        "results/benchmarks/figure2/all.tsv"
    shell:
        "plot-figures scaling {input} -o {output} 2> {log}"
