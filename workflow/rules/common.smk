# Tables that the rules share, made from config.yaml, and the functions that give their inputs and
# parameters, in the order of the rules.
import json
from pathlib import Path

from jerald_tools.estimate.problem import fit_sizes, refine_by_quantity
from jerald_tools.quantities import REGISTRY
from workflow.configuration import all_redshifts, check_configuration, in_paths
from workflow.resources import JobResources
from workflow.variants import LEFT_OUT, OF_PARTICLES, OVER_REDSHIFTS, all_variants

# The quantities whose fits have a measured cost, and those whose fits each of them depends on.
SIZES = fit_sizes()
QUANTITIES = tuple(SIZES)
CAN_BUILD_ON = {name: REGISTRY[name].prerequisites for name in QUANTITIES}

check_configuration(
    config,
    workflow.source_path("../schemas/config.schema.yaml"),
    CAN_BUILD_ON,
)

PREREQUISITES = {**CAN_BUILD_ON, **config.get("prerequisites", {})}
SIMULATIONS = {row["name"]: row for row in config["simulations"]}
TRAINING = [name for name, row in SIMULATIONS.items() if row["role"] == "train"]
# Simulations with a reference, and those of them that no fit has seen.
COMPARED = [name for name, row in SIMULATIONS.items() if "reference" in row]
UNSEEN = [name for name in COMPARED if name not in TRAINING]
# The true redshift of each {redshift}, which has two decimals.
REDSHIFTS = {in_paths(redshift): redshift for _, redshift in all_redshifts(config)}
# Nodes of each quantity's model per node of the map, where its row of `fits` states none.
REFINED = refine_by_quantity(config.get("maps", {}).get("refine", 1))
FITS = {(row["quantity"], in_paths(row["redshift"])): row for row in config["fits"]}
# Those that are trained; the others are files.
TRAINED = {key: row for key, row in FITS.items() if "fit" not in row}
# Quantities and redshifts whose fits have an ensemble.
MEMBERS = config["optimisation"]["members"]
BANDED = {
    key
    for key, row in FITS.items()
    if (MEMBERS if key in TRAINED else json.loads(Path(row["fit"]).read_text()).get("ensemble"))
}
MEMBERS_LEAVE_OUT = MEMBERS == "boxes"
LAST_REDSHIFT = in_paths(min(SIMULATIONS[TRAINING[0]]["redshifts"]))
JOINT_REDSHIFTS = [
    in_paths(z) for z in config.get("over_redshifts", {"redshifts": []})["redshifts"]
]
# They take the settings of the rows at the lowest of them, which must be trained for that.
CAN_FIT_OVER_REDSHIFTS = JOINT_REDSHIFTS and all(
    key in TRAINED for key in FITS if key[1] == min(JOINT_REDSHIFTS, key=float)
)
VARIANTS = all_variants(list(QUANTITIES), MEMBERS, training=TRAINING)
RESOURCES = JobResources(config)


def redshifts_of(simulation):
    """The redshifts of a simulation, as paths carry them."""
    return [in_paths(redshift) for redshift in SIMULATIONS[simulation]["redshifts"]]


wildcard_constraints:
    simulation="[A-Za-z0-9_-]+",
    redshift=r"\d+\.\d\d",
    quantity="|".join(QUANTITIES),
    measured="|".join(["fastpm", *QUANTITIES]),
    variant="|".join(VARIANTS),
    region="all|test",


def for_each(pattern, quantities, simulations, redshifts=REDSHIFTS, fits=FITS):
    """Paths by quantity, for each of these redshifts that a simulation has and a fit exists at."""
    return [
        pattern.format(simulation=name, redshift=redshift, quantity=quantity)
        for quantity in quantities
        for name in simulations
        for redshift in redshifts_of(name)
        if redshift in redshifts and (quantity == "fastpm" or (quantity, redshift) in fits)
    ]


def of_simulation(pattern, quantities=QUANTITIES):
    """A function that gives the paths of for_each for the {simulation} of the job."""

    def paths(wildcards):
        return for_each(pattern, quantities, [wildcards.simulation])

    return paths


# Initial conditions, particles and targets.

COSMOLOGY = (
    "--omega-m {omega_m} --omega-b {omega_b} --h {h} --sigma8 {sigma8} --n-s {n_s}"
).format(**config["cosmology"])
LINEAR_POWER = config["initial_conditions"]["linear_power"]


def seed_options(wildcards):
    row = SIMULATIONS[wildcards.simulation]
    flags = [f" --{name}" for name in ("fixed", "paired") if row.get(name)]
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
    return f"--layers {row['layers']} {loss}{refined}{environment} {OPTIMISATION}"


# Maps and spectra.


def paint_stage(wildcards):
    return f"paint {wildcards.quantity}"


def fit_of_map(wildcards):
    return fit_of(wildcards.variant, wildcards.quantity, wildcards.redshift)


def member_option(wildcards):
    """Of the maps of what fits were trained on: the member that did not see it."""
    return "--members left-out" if wildcards.variant == LEFT_OUT else ""


def measured_file(wildcards):
    if wildcards.measured == "fastpm":
        return "results/{simulation}/particles_z{redshift}.h5"
    return "results/{variant}{simulation}/maps/{measured}_z{redshift}.h5"


def reference_of_measured(wildcards):
    """The reference's map of the same quantity, if the simulation has a reference."""
    if wildcards.simulation not in COMPARED:
        return []
    quantity = OF_PARTICLES if wildcards.measured == "fastpm" else wildcards.measured
    return f"results/{{simulation}}/reference/{quantity}_z{{redshift}}.h5"


def spectrum_options(wildcards, input):
    reference = f"--reference {input.reference} " if input.reference else ""
    band = " --band" if wildcards.variant == LEFT_OUT else ""
    return f"{reference}--region {wildcards.region}{band}"


def maps_of_ensemble(wildcards, input):
    return f"{input.measured}/*.h5"


def band_options(wildcards, input):
    return f"--band --reference {input.reference}"


def spectrum_label(wildcards):
    model = "FastPM alone" if wildcards.measured == "fastpm" else VARIANTS[wildcards.variant].label
    region = {"all": "", "test": "test cube"}[wildcards.region]
    return ", ".join(filter(None, (model, wildcards.simulation, region)))


# Figures and tables.


def reference_options(wildcards, input):
    return [f"--reference {path}" for path in input.references]


def baseline_options(wildcards, input):
    return [f"--baseline {path}" for path in input.baselines]


def test_region_option(wildcards):
    """Only training simulations are split into regions; the whole box of another one is unseen."""
    return "--test-region" if wildcards.simulation in TRAINING else "--no-test-region"


def drawn_spectra(wildcards):
    """Of an unseen simulation the median of each ensemble, with its band."""
    pattern = "results/{{simulation}}/spectra/{}/{{quantity}}_z{{redshift}}.csv"
    banded = BANDED if wildcards.simulation in UNSEEN else ()
    of_simulation = (QUANTITIES, [wildcards.simulation], REDSHIFTS)
    return for_each(pattern.format("band"), *of_simulation, banded) + for_each(
        pattern.format("all"), *of_simulation, FITS.keys() - banded
    )


def bands_where_unseen():
    pattern = "results/{simulation}/spectra/band/{quantity}_z{redshift}.csv"
    return for_each(pattern, QUANTITIES, UNSEEN, fits=BANDED)


def left_out_spectra():
    """Spectra of each training simulation by the members that left it out."""
    pattern = f"results/{LEFT_OUT}{{simulation}}/spectra/all/{{quantity}}_z{{redshift}}.csv"
    return for_each(pattern, QUANTITIES, TRAINING, fits=TRAINED)


def spectra_where_unseen(quantities):
    """Spectra where no fit has seen the map: in test cubes, and in whole unseen simulations."""
    test = "results/{simulation}/spectra/test/{quantity}_z{redshift}.csv"
    whole = "results/{simulation}/spectra/all/{quantity}_z{redshift}.csv"
    return for_each(test, quantities, TRAINING) + for_each(whole, quantities, UNSEEN)


def spectra_of_heatmap(quantities):
    """Of unseen simulations, or of a training one's test cube where there are none: one page."""
    spectra = spectra_where_unseen(quantities)
    simulations = UNSEEN or TRAINING[:1]
    return [path for path in spectra if any(f"/{name}/" in path for name in simulations)]


def baseline_spectra(simulation, region):
    """Spectra of FastPM alone, of the baselines, of the fits of config.yaml, and of ensembles."""
    paths = []
    for quantity, redshift in TRAINED:
        if redshift not in redshifts_of(simulation):
            continue
        folder, name = f"{simulation}/spectra/{region}", f"{quantity}_z{redshift}.csv"
        if quantity == OF_PARTICLES:
            paths.append(f"results/{folder}/fastpm_z{redshift}.csv")
        paths += [
            f"results/{variant}{folder}/{name}"
            for variant, settings in VARIANTS.items()
            if quantity in settings.compared
        ]
        paths.append(f"results/{folder}/{name}")
        if region == "all" and simulation in UNSEEN and (quantity, redshift) in BANDED:
            paths.append(f"results/{simulation}/spectra/band/{name}")
    return paths


def baseline_spectra_of(wildcards):
    return baseline_spectra(wildcards.simulation, wildcards.region)


# The paper's figures: spectra of one quantity in the training box, and pictures of `all`.

PAPER_SPECTRA = dict(zip(("6", "7", "8"), QUANTITIES))
PAPER_FIGURES = {
    "3": f"results/figures/slices_{TRAINING[0]}.png",
    "4": "results/figures/relative_difference_all.png",
    "5": "results/figures/relative_difference_test.png",
}
if UNSEEN:
    PAPER_FIGURES |= {
        "9": f"results/figures/slices_{UNSEEN[0]}.png",
        "10": f"results/figures/spectra_{UNSEEN[0]}.png",
    }


def of_paper(quantities):
    """Spectra in the whole first training box at every redshift."""
    pattern = "results/{simulation}/spectra/all/{quantity}_z{redshift}.csv"
    return for_each(pattern, quantities, TRAINING[:1])


def spectra_of_paper(wildcards):
    return of_paper([PAPER_SPECTRA[wildcards.number]])


def fastpm_of_paper(wildcards):
    return of_paper(["fastpm"] if PAPER_SPECTRA[wildcards.number] == OF_PARTICLES else [])


# Fits over redshifts.


def painted_over_redshifts(folder):
    """Spectra in a folder at the redshifts of the fits, and at all between."""
    lowest, highest = min(JOINT_REDSHIFTS, key=float), max(JOINT_REDSHIFTS, key=float)
    pattern = f"{folder}{{simulation}}/spectra/all/{{quantity}}_z{{redshift}}.csv"
    between = [z for z in REDSHIFTS if float(lowest) <= float(z) <= float(highest)]
    return for_each(pattern, QUANTITIES, COMPARED, between)


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
