# Parameters smooth in redshift, `snakemake over_redshifts`: one fit to the redshifts that the key
# `over_redshifts` of config.yaml names, painted at those and at all between, and held against the
# reference beside the fits that were made there.

FIT_COMMANDS = {
    "dark-matter": "fit-dm",
    "stellar-mass": "fit-stellar",
    "neutral-hydrogen": "fit-hi",
}
JOINT_REDSHIFTS = [two_decimals(z) for z in config["over_redshifts"]["redshifts"]]


PAINTED_REDSHIFTS = [
    redshift
    for redshift in redshifts_of(TRAINING[0])
    if min(map(float, JOINT_REDSHIFTS)) <= float(redshift) <= max(map(float, JOINT_REDSHIFTS))
]


def joint_inputs(pattern):
    """The pattern's path of every training simulation at every redshift of the joint fit."""

    def paths(wildcards):
        return for_each(
            "results/{simulation}/" + pattern, [wildcards.quantity], TRAINING, JOINT_REDSHIFTS
        )

    return paths


def joint_below(wildcards):
    return [
        f"results/fits/over_redshifts/{quantity}.json" for quantity in STANDS_ON[wildcards.quantity]
    ]


def joint_below_options(wildcards, input):
    return [
        f"{option} {path}" for option, path in zip(("--dm", "--stellar"), input.below)
    ]


def joint_options(wildcards):
    """Those of the row of the lowest redshift, where the map has most structure."""
    lowest = two_decimals(min(config["over_redshifts"]["redshifts"]))
    row = FITS[wildcards.quantity, lowest]
    smoothing = "" if row["smoothing"] is None else f" --smoothing {row['smoothing']}"
    return f"--layers {row['layers']} --loss {row['loss']}{smoothing} {OPTIMISATION}"


rule fit_over_redshifts:
    input:
        particles=joint_inputs("particles_z{redshift}.h5"),
        targets=joint_inputs("reference/{quantity}_z{redshift}.h5"),
        below=joint_below,
    output:
        "results/fits/over_redshifts/{quantity}.json",
    params:
        command=lambda wildcards: FIT_COMMANDS[wildcards.quantity],
        targets=target_options,
        below=joint_below_options,
        options=joint_options,
        order=config["over_redshifts"]["order"],
        version=VERSION,
    log:
        "results/logs/fit_over_redshifts/{quantity}.log",
    benchmark:
        "results/benchmarks/fit_over_redshifts/{quantity}.tsv"
    threads: THREADS
    resources:
        **asked_for("fit-hi"),
    shell:
        "{resources.mpi} {params.command} {input.particles} {params.targets} {params.below}"
        " {params.options} --redshift-order {params.order} --threads {threads}"
        " --force -o {output} 2> {log}"


use rule paint as paint_over_redshifts with:
    input:
        particles="results/{simulation}/particles_z{redshift}.h5",
        fit="results/fits/over_redshifts/{quantity}.json",
    output:
        "results/{simulation}/maps/over_redshifts/{quantity}_z{redshift}.h5",
    log:
        "results/logs/paint_over_redshifts/{simulation}_{quantity}_z{redshift}.log",
    benchmark:
        "results/benchmarks/paint_over_redshifts/{simulation}_{quantity}_z{redshift}.tsv"


rule over_redshifts:
    input:
        for_each(
            "results/{simulation}/spectra/all/{quantity}_z{redshift}.csv",
            STANDS_ON,
            COMPARED,
            PAINTED_REDSHIFTS,
        ),
        for_each(
            "results/{simulation}/spectra/all/over_redshifts/{quantity}_z{redshift}.csv",
            STANDS_ON,
            COMPARED,
            PAINTED_REDSHIFTS,
        ),
    output:
        "results/over_redshifts.md",
    params:
        version=VERSION,
    log:
        "results/logs/over_redshifts.log",
    benchmark:
        "results/benchmarks/over_redshifts/all.tsv"
    shell:
        "plot-figures table {input} --by-quantity -o {output} 2> {log}"
