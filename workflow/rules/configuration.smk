# Checks config.yaml and names what the rules take from it.
from pathlib import Path

import jsonschema
import yaml


def check_configuration(config, schema):
    """Stop with one line for each mistake in config.yaml, which names its key."""
    with open(schema) as file:
        validator = jsonschema.Draft202012Validator(yaml.safe_load(file))
    mistakes = [
        ": ".join(filter(None, (error.json_path.lstrip("$."), mistake_in_words(error))))
        for error in sorted(validator.iter_errors(config), key=str)
    ]
    # What rows say of each other and of files is looked at once every row is sound.
    mistakes = mistakes or [
        *inconsistencies(config["simulations"], config["fits"], config.get("over_redshifts")),
        *inconsistent_numbers(config),
        *missing_files(config),
    ]
    if mistakes:
        # Not as a WorkflowError, to which Snakemake adds its own lines.
        raise SystemExit("\n".join(f"config.yaml: {line}" for line in mistakes))


def mistake_in_words(error):
    """What is wrong, without a copy of whole tables."""
    if error.validator == "contains":
        return "at least one row must have role: train"
    if error.validator == "oneOf":
        return "give a seed or a file of initial_conditions, one of them"
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = ", ".join(str(key) for key in error.instance if key not in known)
        return f"unknown key {unknown}; known are {', '.join(known)}"
    return error.message


def inconsistencies(simulations, fits, over_redshifts):
    """Mistakes that only show between rows."""
    mistakes = []
    names = [row["name"] for row in simulations]
    for number, name in enumerate(names):
        if name in names[:number]:
            mistakes.append(f"simulations[{number}].name: {name} is the name of another row")
    trained = set.intersection(
        *(set(row["redshifts"]) for row in simulations if row["role"] == "train")
    )
    for number, row in enumerate(simulations):
        for redshift in row["redshifts"]:
            if round(redshift, 2) != redshift:
                mistakes.append(
                    f"simulations[{number}].redshifts: {redshift} has more than the two decimals"
                    " that paths carry"
                )
            elif redshift not in trained:
                mistakes.append(
                    f"simulations[{number}].redshifts: {redshift} is not a redshift of every"
                    " simulation with role: train, so there is no fit for it"
                )
    rows = [(row["quantity"], row["redshift"]) for row in fits]
    for number, (quantity, redshift) in enumerate(rows):
        if (quantity, redshift) in rows[:number]:
            mistakes.append(f"fits[{number}]: another row is {quantity} at redshift {redshift}")
        if redshift not in trained:
            mistakes.append(
                f"fits[{number}].redshift: {redshift} is not a redshift of every simulation with"
                " role: train"
            )
        if fits[number]["loss"] == "logarithmic" and fits[number]["smoothing"] is not None:
            mistakes.append(
                f"fits[{number}].smoothing: {fits[number]['smoothing']} is of no use to the loss"
                " logarithmic; give null"
            )
        for needed in STANDS_ON[quantity]:
            if (needed, redshift) not in rows:
                mistakes.append(
                    f"fits[{number}]: {quantity} stands on {needed}; add that row for redshift"
                    f" {redshift}"
                )
    return mistakes + joint_inconsistencies(over_redshifts, trained, rows)


def joint_inconsistencies(over_redshifts, trained, rows):
    """Mistakes in the fit over redshifts, if there is one."""
    if over_redshifts is None:
        return []
    redshifts, order = over_redshifts["redshifts"], over_redshifts["order"]
    mistakes = [
        f"over_redshifts.redshifts: {redshift} is not a redshift of every simulation with role:"
        " train"
        for redshift in redshifts
        if redshift not in trained
    ]
    mistakes += [
        f"over_redshifts: {quantity} has no row in fits at redshift {min(redshifts)}, whose layers"
        " and loss it takes"
        for quantity in STANDS_ON
        if (quantity, min(redshifts)) not in rows
    ]
    if order >= len(redshifts):
        mistakes.append(
            f"over_redshifts.order: {len(redshifts)} redshifts tell a polynomial of order"
            f" {len(redshifts) - 1} at most"
        )
    return mistakes


def inconsistent_numbers(config):
    """Mistakes that only show between keys."""
    cosmology, start = config["cosmology"], config["initial_conditions"]
    if cosmology["omega_b"] > cosmology["omega_m"]:
        yield f"cosmology.omega_b: {cosmology['omega_b']} is more than omega_m"
    if start["mesh"] % start["particles"]:
        yield (
            f"initial_conditions.particles: {start['particles']} does not divide the mesh of"
            f" {start['mesh']}"
        )
    first = config["fastpm"]["start_redshift"]
    for number, row in enumerate(config["simulations"]):
        if max(row["redshifts"]) >= first:
            yield (
                f"simulations[{number}].redshifts: {max(row['redshifts'])} is not below"
                f" fastpm.start_redshift, {first}"
            )


def missing_files(config):
    """Files and folders that config.yaml names and that are not there."""
    power = config["initial_conditions"]["linear_power"]
    if power != "camb" and not Path(power).is_file():
        yield f"initial_conditions.linear_power: {power}: no such file; give a table, or camb"
    for number, row in enumerate(config["simulations"]):
        given = row.get("initial_conditions")
        if given is not None and not Path(given).is_file():
            yield f"simulations[{number}].initial_conditions: {given}: no such file"
        if "reference" in row and not Path(row["reference"]).is_dir():
            yield f"simulations[{number}].reference: {row['reference']}: no such folder of maps"


def two_decimals(redshift):
    """Redshift as paths carry it: 5 is 5.00."""
    return f"{redshift:.2f}"


def redshifts_of(simulation):
    """Its redshifts as paths carry them."""
    return list(map(two_decimals, SIMULATIONS[simulation]["redshifts"]))


STANDS_ON = {
    "dark-matter": [],
    "stellar-mass": ["dark-matter"],
    "neutral-hydrogen": ["dark-matter", "stellar-mass"],
}
check_configuration(config, workflow.source_path("../schemas/config.schema.yaml"))

SIMULATIONS = {row["name"]: row for row in config["simulations"]}
TRAINING = [name for name, row in SIMULATIONS.items() if row["role"] == "train"]
COMPARED = [name for name, row in SIMULATIONS.items() if "reference" in row]
# Simulations that no fit has seen: there ensembles are held against the truth.
BANDED = [name for name in COMPARED if name not in TRAINING and config["optimisation"]["members"]]
FITS = {(row["quantity"], two_decimals(row["redshift"])): row for row in config["fits"]}
LAST_REDSHIFT = two_decimals(min(SIMULATIONS[TRAINING[0]]["redshifts"]))


def paper_layers(quantity, redshift):
    """The paper's displacement layers: two, and a third for stars at z = 5."""
    return 3 if quantity == "stellar-mass" and float(redshift) >= 5 else 2


# Fits to the same maps, each in a folder of its name, and what is different in them. `chain` is
# the folder of the fits that they stand on, their own if nothing is said.
CROSS_VALIDATED = {
    **{f"trained_on_{name}/": {"trained_on": [name]} for name in COMPARED},
    "trained_on_all/": {"trained_on": COMPARED},
}
VARIANTS = {
    "": {"members": config["optimisation"]["members"]},
    "without_layers/": {"layers": 0, "chain": ""},
    "paper/": {"loss": "paper", "layers": paper_layers},
    "paper_without_layers/": {"loss": "paper", "layers": 0, "chain": "paper/"},
    **CROSS_VALIDATED,
}
# Those that maps are made with, to be held against the fits of config.yaml.
RIVALS = {
    "without_layers/": "without layers",
    "paper/": "paper's loss",
    "over_redshifts/": "over redshifts",
    **{folder: folder.strip("/").replace("_", " ") for folder in CROSS_VALIDATED},
}


wildcard_constraints:
    simulation="[A-Za-z0-9_-]+",
    redshift=r"\d+\.\d\d",
    quantity="|".join(STANDS_ON),
    variant="|".join(VARIANTS),
    rival="|".join(folder for folder in VARIANTS if folder in RIVALS),
    compared="|".join(RIVALS),


def for_each(pattern, quantities, simulations, redshifts=None):
    """Paths for every simulation, each of its redshifts, and each quantity with a fit there."""
    return [
        pattern.format(simulation=name, redshift=redshift, quantity=quantity)
        for name in simulations
        for redshift in (redshifts_of(name) if redshifts is None else redshifts)
        for quantity in quantities
        if quantity == "fastpm" or (quantity, redshift) in FITS
    ]


# Maps of dark matter without layers are FastPM's own density, which is measured anyway.
COMPARED_RIVALS = {
    "without_layers/": ["stellar-mass", "neutral-hydrogen"],
    "paper/": list(STANDS_ON),
}

# What a run leaves behind.
FITTED = [
    f"results/fits/{folder}{quantity}_z{redshift}.json"
    for quantity, redshift in FITS
    for folder in ("", "without_layers/", "paper/", "paper_without_layers/")
]
MEASURED = for_each(
    "results/{simulation}/spectra/all/{quantity}_z{redshift}.csv",
    ["fastpm", *STANDS_ON],
    SIMULATIONS,
)
FIGURES = [
    *(
        f"results/figures/{figure}_{name}.png"
        for figure in ("slices", "spectra", "distribution")
        for name in COMPARED
    ),
    "results/figures/relative_difference_all.png",
    "results/figures/relative_difference_test.png",
]
TABLES = [
    "results/quality.md",
    "results/comparison.md",
    "results/losses.md",
    "results/validation.md",
    *(["results/coverage.md"] if BANDED else []),
]
