# Inputs and parameters of the rules that make maps, in their order: from seeds to fits and maps.

# Initial conditions, particles and targets.

COSMOLOGY = (
    "--omega-m {omega_m} --omega-b {omega_b} --h {h} --sigma8 {sigma8} --n-s {n_s}"
).format(**config["cosmology"])
LINEAR_POWER = config["initial_conditions"]["linear_power"]


def seed_options(wildcards):
    row = SIMULATIONS[wildcards.simulation]
    flags = [f" --{name}" for name in ("fixed", "paired") if row.get(name)]
    if "seed_order" in row:
        flags.append(f" --seed-order {row['seed_order']}")
    return f"--seed {row['seed']}" + "".join(flags)


def initial_conditions_of(wildcards):
    """The user's file, or the one that is made from the seed of the row."""
    made = f"results/{wildcards.simulation}/initial_conditions.h5"
    return SIMULATIONS[wildcards.simulation].get("initial_conditions", made)


def engine_of(simulation, others):
    """The option of a command for a simulation whose row has `engine: fastpm`."""
    theirs = SIMULATIONS[simulation].get("engine", "jerald") == "fastpm"
    return f" --engine {others}" if theirs else ""


def threads_of(wildcards):
    """fastpm-python and pmesh have one a rank."""
    return 1 if engine_of(wildcards.simulation, "fastpm") else RESOURCES.threads


def true_redshift(wildcards):
    return REDSHIFTS[wildcards.redshift]


def map_of_reference(wildcards):
    folder = SIMULATIONS[wildcards.simulation]["reference"]
    return f"{folder}/{wildcards.quantity}_z{wildcards.redshift}.h5"


# Fits.

OPTIMISATION = (
    "--optimiser {optimiser} --evaluations {evaluations} --starts {starts}"
    " --random-seed {random_seed}"
).format(**config["optimisation"])


def training_simulations(variant, redshift):
    """The simulations that a variant's fits at this redshift are trained on."""
    return [name for name in VARIANTS[variant].trained_on if redshift in redshifts_of(name)]


def of_training(pattern):
    """A function that gives the path of each simulation that the fit of the job is trained on."""

    def paths(wildcards):
        names = training_simulations(wildcards.variant, wildcards.redshift)
        return [pattern.format(simulation=name, **wildcards) for name in names]

    return paths


def fit_of(variant, quantity, redshift):
    """The fit that maps of a variant are painted with: trained, or a file that config.yaml names."""
    if variant == OVER_REDSHIFTS:
        return f"results/{variant}fits/{quantity}.json"
    if (quantity, redshift) in FITS.keys() - TRAINED.keys():
        return FITS[quantity, redshift]["fit"]
    folder = "" if variant == LEFT_OUT else variant
    return f"results/{folder}fits/{quantity}_z{redshift}.json"


def prerequisite_fits(wildcards):
    """The fits that the fit of the job depends on."""
    variant = VARIANTS[wildcards.variant].prerequisites
    variant = wildcards.variant if variant is None else variant
    return [
        fit_of(variant, quantity, wildcards.redshift)
        for quantity in PREREQUISITES[wildcards.quantity]
    ]


def fit_stage(wildcards):
    return SIZES[wildcards.quantity].stage


def target_options(wildcards, input):
    return [f"--target {path}" for path in input.targets]


def prerequisite_options(wildcards, input):
    return [f"--prerequisite {path}" for path in input.prerequisites]


def fit_options(wildcards):
    """The options of a fit's row in `fits`, as its variant changes them."""
    quantity, redshift = wildcards.quantity, wildcards.redshift
    row, variant = FITS[quantity, redshift], VARIANTS[wildcards.variant]
    layers = row["layers"] if variant.layers is None else variant.layers(quantity, redshift)
    changes = {"layers": layers}
    if variant.loss:
        changes |= {"loss": variant.loss, "spectrum": None, "environment": False}
    options = options_of_row({**row, **changes})
    return f"{options} --members {variant.members}" if variant.members else options


def options_of_row(row):
    smoothing = "" if row["smoothing"] is None else f" --smoothing {row['smoothing']}"
    refine = row.get("refine", REFINED[row["quantity"]])
    refined = "" if refine == 1 else f" --refine {refine}"
    environment = " --constant environment=1" if row.get("environment") else ""
    spectrum = "" if row.get("spectrum") is None else f" --spectrum {row['spectrum']}"
    loss = f"--loss {row['loss']}{smoothing}{spectrum}"
    mismatch = " --allow-mismatch" if row.get("allow_mismatch") else ""
    return f"--layers {row['layers']} {loss}{refined}{environment}{mismatch} {OPTIMISATION}"


# Maps.


def paint_stage(wildcards):
    return f"paint {wildcards.quantity}"


def fit_of_map(wildcards):
    return fit_of(wildcards.variant, wildcards.quantity, wildcards.redshift)


def member_option(wildcards):
    """Of the maps of what fits were trained on: the member that did not see it."""
    return "--members left-out" if wildcards.variant == LEFT_OUT else ""


# Fits over redshifts.


def of_joint_training(pattern):
    """A function that gives the path of every training simulation at every redshift of the fit."""

    def paths(wildcards):
        return for_each(pattern, [wildcards.quantity], TRAINING, JOINT_REDSHIFTS)

    return paths


def joint_prerequisite_fits(wildcards):
    return [
        fit_of(OVER_REDSHIFTS, quantity, None) for quantity in PREREQUISITES[wildcards.quantity]
    ]


def joint_fit_options(wildcards):
    """Those of the row of the lowest redshift, where the map has most structure."""
    lowest = min(JOINT_REDSHIFTS, key=float)
    order = config["over_redshifts"]["order"]
    return f"{options_of_row(FITS[wildcards.quantity, lowest])} --redshift-order {order}"
