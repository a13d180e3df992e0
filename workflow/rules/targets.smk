# Links to the maps of the reference, named as the maps that are compared with them.


rule targets:
    input:
        map_of_reference,
    output:
        "results/{simulation}/reference/{quantity}_z{redshift}.h5",
    log:
        "results/logs/targets/{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/targets/{simulation}_{quantity}_z{redshift}.tsv"
    conda:
        "../../envs/conda.yaml"
    shell:
        "ln --symbolic --relative {input} {output} 2> {log}"
