# Fits to the training simulations together, and those that they have to beat, see VARIANTS.
# Snakemake takes an old output away itself; --force is for journals of fits interrupted before a
# setting changed.


def setting_of(wildcards, key):
    """What the variant of a fit says, if anything."""
    return VARIANTS[wildcards.variant].get(key)


def trained_on(variant, redshift):
    """Simulations that a variant of the fit at a redshift is trained on."""
    return [
        name
        for name in VARIANTS[variant].get("trained_on", TRAINING)
        if redshift in redshifts_of(name)
    ]


def of_training(path):
    """The path of every simulation that the variant is trained on."""

    def paths(wildcards):
        names = trained_on(wildcards.variant, wildcards.redshift)
        return [f"results/{name}/{path}".format(**wildcards) for name in names]

    return paths


def below(quantity):
    """The fit of another quantity that this one stands on, of the same chain."""

    def path(wildcards):
        chain = setting_of(wildcards, "chain")
        folder = wildcards.variant if chain is None else chain
        return f"results/fits/{folder}{quantity}_z{wildcards.redshift}.json"

    return path


def target_options(wildcards, input):
    return [f"--target {path}" for path in input.targets]


def fit_options(quantity):
    """All options of a fit's row, as its variant changes them."""

    def options(wildcards):
        row = {**FITS[quantity, wildcards.redshift], **VARIANTS[wildcards.variant]}
        smoothing = "" if row["smoothing"] is None else f" --smoothing {row['smoothing']}"
        layers = row["layers"]
        if callable(layers):
            layers = layers(quantity, wildcards.redshift)
        optimisation = OPTIMISATION
        if quantity == "dark-matter" and layers == 0:
            # Nothing to fit: what is left is FastPM's own loss.
            optimisation = "--evaluations 1 --starts 1"
        elif row.get("members"):
            optimisation += f" --members {row['members']}"
        return f"--layers {layers} --loss {row['loss']}{smoothing} {optimisation}"

    return options


OPTIMISATION = (
    "--optimiser {optimiser} --evaluations {evaluations} --starts {starts}"
    " --random-seed {random_seed}"
).format(**config["optimisation"])


rule fit_dark_matter:
    input:
        particles=of_training("particles_z{redshift}.h5"),
        targets=of_training("reference/dark-matter_z{redshift}.h5"),
    output:
        "results/fits/{variant}dark-matter_z{redshift}.json",
    params:
        targets=target_options,
        options=fit_options("dark-matter"),
        version=VERSION,
    log:
        "results/logs/fit_dark_matter/{variant}z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_dark_matter/{variant}z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("fit-dm"),
    shell:
        "{resources.mpi} fit-dm {input.particles} {params.targets} {params.options}"
        " --threads {threads} --force -o {output} 2> {log}"


rule fit_stellar_mass:
    input:
        particles=of_training("particles_z{redshift}.h5"),
        targets=of_training("reference/stellar-mass_z{redshift}.h5"),
        dark_matter=below("dark-matter"),
    output:
        "results/fits/{variant}stellar-mass_z{redshift}.json",
    params:
        targets=target_options,
        options=fit_options("stellar-mass"),
        version=VERSION,
    log:
        "results/logs/fit_stellar_mass/{variant}z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_stellar_mass/{variant}z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("fit-stellar"),
    shell:
        "{resources.mpi} fit-stellar {input.particles} {params.targets}"
        " --dm {input.dark_matter} {params.options} --threads {threads} --force -o {output} 2> {log}"


rule fit_neutral_hydrogen:
    input:
        particles=of_training("particles_z{redshift}.h5"),
        targets=of_training("reference/neutral-hydrogen_z{redshift}.h5"),
        dark_matter=below("dark-matter"),
        stellar_mass=below("stellar-mass"),
    output:
        "results/fits/{variant}neutral-hydrogen_z{redshift}.json",
    params:
        targets=target_options,
        options=fit_options("neutral-hydrogen"),
        version=VERSION,
    log:
        "results/logs/fit_neutral_hydrogen/{variant}z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_neutral_hydrogen/{variant}z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("fit-hi"),
    shell:
        "{resources.mpi} fit-hi {input.particles} {params.targets}"
        " --dm {input.dark_matter} --stellar {input.stellar_mass} {params.options}"
        " --threads {threads} --force -o {output} 2> {log}"
