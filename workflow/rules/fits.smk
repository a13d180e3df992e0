# Fits to the training simulations together, and those that they have to beat: without layers, where
# the map of dark matter is FastPM's own density, and by the paper's loss, a chain of its own.


def of_training(path):
    """The path of every training simulation, wildcards left in it."""
    return [f"results/{name}/{path}" for name in TRAINING]


def target_options(wildcards, input):
    return [f"--target {path}" for path in input.targets]


def fit_setting(quantity, key):
    """The value in the fit's row, at the redshift of the wildcards."""

    def value(wildcards):
        return FITS[quantity, wildcards.redshift][key]

    return value


def loss(quantity, name=None):
    """The options for the loss, by default that of the fit's row, and for its weight if any."""

    def options(wildcards):
        row = FITS[quantity, wildcards.redshift]
        exponent = row["smoothing"]
        smoothing = "" if exponent is None else f" --smoothing {exponent}"
        return f"--loss {name or row['loss']}{smoothing}"

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
        "results/fits/dark-matter_z{redshift}.json",
    params:
        targets=target_options,
        layers=fit_setting("dark-matter", "layers"),
        loss=loss("dark-matter"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_dark_matter/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_dark_matter/z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("fit-dm"),
    shell:
        "{resources.mpi} fit-dm {input.particles} {params.targets}"
        " --layers {params.layers} {params.loss} {params.optimisation}"
        " --threads {threads} -o {output} 2> {log}"


rule fit_stellar_mass:
    input:
        particles=of_training("particles_z{redshift}.h5"),
        targets=of_training("reference/stellar-mass_z{redshift}.h5"),
        dark_matter="results/fits/dark-matter_z{redshift}.json",
    output:
        "results/fits/stellar-mass_z{redshift}.json",
    params:
        targets=target_options,
        layers=fit_setting("stellar-mass", "layers"),
        loss=loss("stellar-mass"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_stellar_mass/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_stellar_mass/z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("fit-stellar"),
    shell:
        "{resources.mpi} fit-stellar {input.particles} {params.targets}"
        " --dm {input.dark_matter} --layers {params.layers} {params.loss}"
        " {params.optimisation} --threads {threads} -o {output} 2> {log}"


rule fit_neutral_hydrogen:
    input:
        particles=of_training("particles_z{redshift}.h5"),
        targets=of_training("reference/neutral-hydrogen_z{redshift}.h5"),
        dark_matter="results/fits/dark-matter_z{redshift}.json",
        stellar_mass="results/fits/stellar-mass_z{redshift}.json",
    output:
        "results/fits/neutral-hydrogen_z{redshift}.json",
    params:
        targets=target_options,
        layers=fit_setting("neutral-hydrogen", "layers"),
        loss=loss("neutral-hydrogen"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_neutral_hydrogen/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_neutral_hydrogen/z{redshift}.tsv"
    threads: THREADS
    resources:
        **asked_for("fit-hi"),
    shell:
        "{resources.mpi} fit-hi {input.particles} {params.targets}"
        " --dm {input.dark_matter} --stellar {input.stellar_mass} --layers {params.layers}"
        " {params.loss} {params.optimisation} --threads {threads} -o {output} 2> {log}"


# Without layers dark matter has nothing to fit: what is left is FastPM's own loss.
use rule fit_dark_matter as fit_dark_matter_without_layers with:
    output:
        "results/fits/without_layers/dark-matter_z{redshift}.json",
    params:
        targets=target_options,
        layers=0,
        loss=loss("dark-matter"),
        optimisation="--evaluations 1 --starts 1",
        version=VERSION,
    log:
        "results/logs/fit_dark_matter_without_layers/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_dark_matter_without_layers/z{redshift}.tsv"


use rule fit_stellar_mass as fit_stellar_mass_without_layers with:
    output:
        "results/fits/without_layers/stellar-mass_z{redshift}.json",
    params:
        targets=target_options,
        layers=0,
        loss=loss("stellar-mass"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_stellar_mass_without_layers/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_stellar_mass_without_layers/z{redshift}.tsv"


use rule fit_neutral_hydrogen as fit_neutral_hydrogen_without_layers with:
    output:
        "results/fits/without_layers/neutral-hydrogen_z{redshift}.json",
    params:
        targets=target_options,
        layers=0,
        loss=loss("neutral-hydrogen"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_neutral_hydrogen_without_layers/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_neutral_hydrogen_without_layers/z{redshift}.tsv"


use rule fit_dark_matter as fit_dark_matter_with_the_papers_loss with:
    input:
        particles=of_training("particles_z{redshift}.h5"),
        targets=of_training("reference/dark-matter_z{redshift}.h5"),
    output:
        "results/fits/paper/dark-matter_z{redshift}.json",
    params:
        targets=target_options,
        layers=fit_setting("dark-matter", "layers"),
        loss=loss("dark-matter", "paper"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_dark_matter_with_the_papers_loss/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_dark_matter_with_the_papers_loss/z{redshift}.tsv"


use rule fit_stellar_mass as fit_stellar_mass_with_the_papers_loss with:
    input:
        particles=of_training("particles_z{redshift}.h5"),
        targets=of_training("reference/stellar-mass_z{redshift}.h5"),
        dark_matter="results/fits/paper/dark-matter_z{redshift}.json",
    output:
        "results/fits/paper/stellar-mass_z{redshift}.json",
    params:
        targets=target_options,
        layers=fit_setting("stellar-mass", "layers"),
        loss=loss("stellar-mass", "paper"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_stellar_mass_with_the_papers_loss/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_stellar_mass_with_the_papers_loss/z{redshift}.tsv"


use rule fit_neutral_hydrogen as fit_neutral_hydrogen_with_the_papers_loss with:
    input:
        particles=of_training("particles_z{redshift}.h5"),
        targets=of_training("reference/neutral-hydrogen_z{redshift}.h5"),
        dark_matter="results/fits/paper/dark-matter_z{redshift}.json",
        stellar_mass="results/fits/paper/stellar-mass_z{redshift}.json",
    output:
        "results/fits/paper/neutral-hydrogen_z{redshift}.json",
    params:
        targets=target_options,
        layers=fit_setting("neutral-hydrogen", "layers"),
        loss=loss("neutral-hydrogen", "paper"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_neutral_hydrogen_with_the_papers_loss/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_neutral_hydrogen_with_the_papers_loss/z{redshift}.tsv"


use rule fit_dark_matter_with_the_papers_loss as fit_dark_matter_without_layers_with_the_papers_loss with:
    output:
        "results/fits/paper_without_layers/dark-matter_z{redshift}.json",
    params:
        targets=target_options,
        layers=0,
        loss=loss("dark-matter", "paper"),
        optimisation="--evaluations 1 --starts 1",
        version=VERSION,
    log:
        "results/logs/fit_dark_matter_without_layers_with_the_papers_loss/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_dark_matter_without_layers_with_the_papers_loss/z{redshift}.tsv"


use rule fit_stellar_mass_with_the_papers_loss as fit_stellar_mass_without_layers_with_the_papers_loss with:
    output:
        "results/fits/paper_without_layers/stellar-mass_z{redshift}.json",
    params:
        targets=target_options,
        layers=0,
        loss=loss("stellar-mass", "paper"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_stellar_mass_without_layers_with_the_papers_loss/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_stellar_mass_without_layers_with_the_papers_loss/z{redshift}.tsv"


use rule fit_neutral_hydrogen_with_the_papers_loss as fit_neutral_hydrogen_without_layers_with_the_papers_loss with:
    output:
        "results/fits/paper_without_layers/neutral-hydrogen_z{redshift}.json",
    params:
        targets=target_options,
        layers=0,
        loss=loss("neutral-hydrogen", "paper"),
        optimisation=OPTIMISATION,
        version=VERSION,
    log:
        "results/logs/fit_neutral_hydrogen_without_layers_with_the_papers_loss/z{redshift}.log",
    benchmark:
        "results/benchmarks/fit_neutral_hydrogen_without_layers_with_the_papers_loss/z{redshift}.tsv"
