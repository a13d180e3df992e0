# How good the maps are, what the layers are worth, and what it all took.


rule quality:
    input:
        for_each(
            "results/{simulation}/spectra/test/{quantity}_z{redshift}.csv",
            ["fastpm", *STANDS_ON],
            [TRAIN],
        ),
        for_each(
            "results/{simulation}/spectra/all/{quantity}_z{redshift}.csv",
            ["fastpm", *STANDS_ON],
            [name for name in COMPARED if name != TRAIN],
        ),
    output:
        "results/quality.md",
    params:
        version=VERSION,
    log:
        "results/logs/quality.log",
    benchmark:
        "results/benchmarks/quality/all.tsv"
    shell:
        "plot-figures table {input} -o {output} 2> {log}"


rule losses:
    input:
        FITTED,
    output:
        "results/losses.md",
    params:
        version=VERSION,
    log:
        "results/logs/losses.log",
    benchmark:
        "results/benchmarks/losses/all.tsv"
    shell:
        "plot-figures losses {input} -o {output} 2> {log}"


rule timings:
    input:
        # Whatever is made last comes before it, so that every benchmark is there.
        FITTED,
        MEASURED,
        FIGURES,
        "results/quality.md",
        "results/losses.md",
        script="workflow/scripts/time_by_rule.py",
    output:
        "results/timings.md",
    log:
        "results/logs/timings.log",
    benchmark:
        "results/benchmarks/timings.tsv"
    shell:
        "python {input.script} results/benchmarks > {output} 2> {log}"
