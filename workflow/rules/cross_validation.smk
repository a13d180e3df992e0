# Cross-validation, `snakemake cross_validation`: fits to each simulation that has a reference, and
# to all of them together, scored on every one. Not part of `all`: it looks at the simulations that
# `all` keeps unseen.


def scored(variant):
    """Spectra of every simulation, at the redshifts that the variant is trained at."""
    return [
        path
        for name in COMPARED
        for path in for_each(
            f"results/{{simulation}}/spectra/all/{variant}{{quantity}}_z{{redshift}}.csv",
            STANDS_ON,
            [name],
            [redshift for redshift in redshifts_of(name) if trained_on(variant, redshift)],
        )
    ]


rule cross_validation:
    input:
        [path for variant in CROSS_VALIDATED for path in scored(variant)],
    output:
        "results/cross_validation.md",
    params:
        version=VERSION,
    log:
        "results/logs/cross_validation.log",
    benchmark:
        "results/benchmarks/cross_validation/all.tsv"
    shell:
        "plot-figures table {input} --by-quantity -o {output} 2> {log}"
