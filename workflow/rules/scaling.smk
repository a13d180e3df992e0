# The paper's Figure 2: time and memory of a step against ranks. Not part of `all`, since times are
# this machine's and want it for themselves.


def rank_count(wildcards):
    return int(wildcards.ranks)


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
    # The core of every rank, so that no other job runs beside it on the same machine.
    threads: workflow.cores
    resources:
        tasks=rank_count,
        mpi="mpirun",
    shell:
        "{resources.mpi} -n {resources.tasks} python {input.script} --mesh {params.mesh}"
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
