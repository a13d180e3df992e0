# The reference's maps under the names of the maps that are held against them.


def reference_map(wildcards):
    return SIMULATIONS[wildcards.simulation]["reference"] + "/{quantity}_z{redshift}.h5"


rule targets:
    input:
        reference_map,
    output:
        "results/{simulation}/reference/{quantity}_z{redshift}.h5",
    log:
        "results/logs/targets/{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/targets/{simulation}_{quantity}_z{redshift}.tsv"
    shell:
        "ln --symbolic --relative {input} {output} 2> {log}"
