# How good the maps are, what the layers are worth, and what it all took.


rule quality:
    input:
        for_each(
            "results/{simulation}/spectra/test/{quantity}_z{redshift}.csv",
            ["fastpm", *STANDS_ON],
            TRAINING,
        ),
        for_each(
            "results/{simulation}/spectra/all/{quantity}_z{redshift}.csv",
            ["fastpm", *STANDS_ON],
            [name for name in COMPARED if name not in TRAINING],
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


def compared_spectra(region, simulations):
    """Spectra of FastPM alone, of the maps without layers, by the paper's loss, and the default."""
    folder = f"results/{{simulation}}/spectra/{region}/"
    rivals = [
        path
        for rival, quantities in COMPARED_RIVALS.items()
        for path in for_each(
            f"{folder}{rival}{{quantity}}_z{{redshift}}.csv", quantities, simulations
        )
    ]
    own = for_each(
        f"{folder}{{quantity}}_z{{redshift}}.csv", ["fastpm", *STANDS_ON], simulations
    )
    return [*own, *rivals]


BANDS = for_each(
    "results/{simulation}/spectra/band/{quantity}_z{redshift}.csv", STANDS_ON, BANDED
)


rule comparison:
    input:
        compared_spectra("all", COMPARED),
        BANDS,
        compared_spectra("test", TRAINING),
    output:
        "results/comparison.md",
    params:
        version=VERSION,
    log:
        "results/logs/comparison.log",
    benchmark:
        "results/benchmarks/comparison/all.tsv"
    shell:
        "plot-figures table {input} --by-quantity -o {output} 2> {log}"


rule coverage:
    input:
        BANDS,
    output:
        "results/coverage.md",
    params:
        version=VERSION,
    log:
        "results/logs/coverage.log",
    benchmark:
        "results/benchmarks/coverage/all.tsv"
    shell:
        "plot-figures coverage {input} -o {output} 2> {log}"


# By which losses are chosen: neither the test cube nor an unseen seed has a part in it.
rule validation:
    input:
        [
            f"results/fits/{folder}{quantity}_z{redshift}.json"
            for quantity, redshift in FITS
            for folder in ("paper/", "")
        ],
    output:
        "results/validation.md",
    params:
        version=VERSION,
    log:
        "results/logs/validation.log",
    benchmark:
        "results/benchmarks/validation/all.tsv"
    shell:
        "plot-figures table {input} --by-quantity -o {output} 2> {log}"


rule losses:
    input:
        # Losses of one kind, the paper's: others are in units of their own.
        [path for path in FITTED if path.startswith("results/fits/paper")],
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
        TABLES,
        script="workflow/scripts/time_by_rule.py",
    output:
        "results/timings.md",
    log:
        "results/logs/timings.log",
    benchmark:
        "results/benchmarks/timings.tsv"
    shell:
        "python {input.script} results/benchmarks > {output} 2> {log}"
