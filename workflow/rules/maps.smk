# Maps of every simulation, and those of the rivals where there is a reference to judge by.


rule paint:
    input:
        particles="results/{simulation}/particles_z{redshift}.h5",
        fit="results/fits/{quantity}_z{redshift}.json",
    output:
        "results/{simulation}/maps/{quantity}_z{redshift}.h5",
    params:
        version=VERSION,
    log:
        "results/logs/paint/{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/paint/{simulation}_{quantity}_z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("paint {quantity}"),
    shell:
        "{resources.mpi} paint {input.particles} --fit {input.fit} --threads {threads}"
        " -o {output} 2> {log}"


use rule paint as paint_rival with:
    input:
        particles="results/{simulation}/particles_z{redshift}.h5",
        fit="results/fits/{rival}{quantity}_z{redshift}.json",
    output:
        "results/{simulation}/maps/{rival}{quantity}_z{redshift}.h5",
    log:
        "results/logs/paint_rival/{rival}{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/paint_rival/{rival}{simulation}_{quantity}_z{redshift}.tsv"


def member_template(wildcards):
    return "results/{simulation}/members/{quantity}_z{redshift}_{{member}}.h5".format(**wildcards)


# All members of the fits' ensembles, for the band around their spectra.
rule paint_members:
    input:
        particles="results/{simulation}/particles_z{redshift}.h5",
        fit="results/fits/{quantity}_z{redshift}.json",
    output:
        expand(
            "results/{{simulation}}/members/{{quantity}}_z{{redshift}}_{member}.h5",
            member=range(config["optimisation"]["members"] + 1),
        ),
    params:
        template=member_template,
        version=VERSION,
    log:
        "results/logs/paint_members/{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/paint_members/{simulation}_{quantity}_z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("paint {quantity}"),
    shell:
        "{resources.mpi} paint {input.particles} --fit {input.fit} --members all"
        " --threads {threads} -o '{params.template}' 2> {log}"
