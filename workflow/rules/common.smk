# Tables that the rules share, made from config.yaml, and the paths that follow from them.
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
# The one of figures of a single simulation, and the regions that it is compared in.
SHOWN = (TRAINING or COMPARED)[:1]
REGIONS_SHOWN = ["all", *(["test"] if TRAINING else [])] if SHOWN else []
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
SHOWN_REDSHIFTS = [in_paths(min(SIMULATIONS[name]["redshifts"])) for name in SHOWN]
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
