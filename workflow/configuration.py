# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of config.yaml: its schema, then rows and keys against each other and against files."""

import typing
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import jsonschema
import yaml


def check_configuration(config: dict, schema: str, prerequisites: Mapping[str, Collection]) -> None:
    """Stop with one line for each mistake, which names its key in config.yaml.

    Args:
        config: the content of config.yaml and what `--config` adds to it.
        schema: the path of its JSON schema.
        prerequisites: by quantity, the quantities whose fits its own fit can build on.

    Raises:
        SystemExit: if there is a mistake. Not a WorkflowError, to which Snakemake adds lines.
    """
    with open(schema) as file:
        rules = yaml.safe_load(file)
    rules["$defs"]["quantity"] = {"enum": list(prerequisites)}
    mistakes = [
        ": ".join(filter(None, (error.json_path.lstrip("$."), _in_words(error))))
        for error in sorted(jsonschema.Draft202012Validator(rules).iter_errors(config), key=str)
    ]
    # Rows are compared with each other only once each is valid by itself.
    mistakes = mistakes or [
        *_mistakes_between_rows(config, prerequisites),
        *_mistakes_between_numbers(config),
        *_missing_files(config),
    ]
    if mistakes:
        raise SystemExit("\n".join(f"config.yaml: {line}" for line in mistakes))


def in_paths(redshift: float) -> str:
    """A redshift as paths carry it, with two decimals: 2.002 is 2.00."""
    return f"{redshift:.2f}"


def all_redshifts(config: dict) -> Iterator[tuple[str, float]]:
    """Every redshift of config.yaml, with the key that it stands under."""
    for number, row in enumerate(config["simulations"]):
        for redshift in row["redshifts"]:
            yield f"simulations[{number}].redshifts", redshift
    for number, row in enumerate(config["fits"]):
        yield f"fits[{number}].redshift", row["redshift"]
    for redshift in config.get("over_redshifts", {"redshifts": []})["redshifts"]:
        yield "over_redshifts.redshifts", redshift


def _in_words(error: jsonschema.ValidationError) -> str:
    """The mistake, without a copy of whole tables."""
    if error.validator == "dependentRequired":
        return "fixed, paired and seed_order need a seed, whose white noise they change"
    if error.validator == "contains":
        return "at least one row must have role: train, unless every fit is a file"
    if error.validator == "const":
        return f"{error.instance} has no environment; leave that out"
    if error.validator == "anyOf":
        return "give layers, loss and smoothing to train it, or fit: the file of one"
    if error.validator == "oneOf":
        return "give either a seed or a file of initial_conditions"
    if error.validator == "additionalProperties":
        known = typing.cast(dict, error.schema)["properties"]
        given = typing.cast(dict, error.instance)
        unknown = ", ".join(str(key) for key in given if key not in known)
        return f"unknown key {unknown}; known are {', '.join(known)}"
    return error.message


def _mistakes_between_rows(config: dict, prerequisites: Mapping[str, Collection]) -> Iterator[str]:
    chosen = config.get("prerequisites", {})
    for name, given in chosen.items():
        for other in given:
            if other not in prerequisites[name]:
                yield f"prerequisites.{name}: fits of {name} do not build on {other}; leave it out"
    prerequisites = {**prerequisites, **chosen}
    simulations = config["simulations"]
    names = [row["name"] for row in simulations]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield f"simulations[{number}].name: {name} is the name of another row"
    first: dict[str, tuple[str, float]] = {}
    for key, redshift in all_redshifts(config):
        first_key, same_path = first.setdefault(in_paths(redshift), (key, redshift))
        if redshift != same_path:
            yield (
                f"{key}: {redshift} and {same_path} in {first_key} are both {in_paths(redshift)} in"
                " the names of files; give one number for both"
            )
    training = [row["redshifts"] for row in simulations if row["role"] == "train"]
    for key, redshift in all_redshifts(config):
        if not all(in_paths(redshift) in map(in_paths, redshifts) for redshifts in training):
            yield f"{key}: {redshift} is not a redshift of every simulation with role: train"
    yield from _mistakes_in_fits(config["fits"], prerequisites)
    if "over_redshifts" in config:
        yield from _mistakes_over_redshifts(config, prerequisites)


def _mistakes_in_fits(fits: list[dict], prerequisites: Mapping[str, Collection]) -> Iterator[str]:
    rows = [(row["quantity"], in_paths(row["redshift"])) for row in fits]
    for number, (quantity, redshift) in enumerate(rows):
        same = f"{quantity} at redshift {fits[number]['redshift']}"
        if (quantity, redshift) in rows[:number]:
            yield f"fits[{number}]: another row is {same}"
        if "fit" in fits[number]:
            settings = [key for key in fits[number] if key not in ("quantity", "redshift", "fit")]
            if settings:
                yield f"fits[{number}]: its fit is trained already; leave out {', '.join(settings)}"
            continue
        smoothing = fits[number]["smoothing"]
        if fits[number]["loss"] == "logarithmic" and smoothing is not None:
            yield (
                f"fits[{number}].smoothing: {smoothing} has no effect on the loss logarithmic; give"
                " null"
            )
        for needed in prerequisites[quantity]:
            if (needed, redshift) not in rows:
                yield f"fits[{number}]: {same} depends on {needed}; add that row"


def _mistakes_over_redshifts(
    config: dict, prerequisites: Mapping[str, Collection]
) -> Iterator[str]:
    redshifts, order = config["over_redshifts"]["redshifts"], config["over_redshifts"]["order"]
    rows = [(row["quantity"], in_paths(row["redshift"])) for row in config["fits"]]
    fitted = {quantity for quantity, _ in rows}
    for quantity in prerequisites:
        if quantity in fitted and (quantity, in_paths(min(redshifts))) not in rows:
            yield (
                f"over_redshifts: {quantity} has no row in fits at redshift {min(redshifts)}, whose"
                " layers and loss it takes"
            )
    if order >= len(redshifts):
        yield (
            f"over_redshifts.order: {len(redshifts)} redshifts determine a polynomial of order"
            f" {len(redshifts) - 1} at most"
        )


def _mistakes_between_numbers(config: dict) -> Iterator[str]:
    training = [row for row in config["simulations"] if row["role"] == "train"]
    seeds = {(row.get("seed", row["name"]), row.get("seed_order")) for row in training}
    if training and config["optimisation"]["members"] == "boxes" and len(seeds) < 2:
        yield (
            "optimisation.members: boxes needs simulations of two seeds or more with role: train; "
            "give 2 to 6 for halves of the box"
        )
    if config.get("device") == "gpu" and config.get("ranks", 1) > 1:
        yield f"device: a gpu is used by one rank, but ranks is {config['ranks']}; set ranks to 1"
    if any(row.get("engine") == "fastpm" for row in config["simulations"]):
        yield from _mistakes_of_engine(config)
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


def _mistakes_of_engine(config: dict) -> Iterator[str]:
    if config["fastpm"].get("second_order") != "fastpm":
        yield (
            "fastpm.second_order: a simulation has engine: fastpm, which knows fastpm alone; give "
            "second_order: fastpm to all"
        )
    if config.get("device") == "gpu":
        yield "device: a simulation has engine: fastpm, which computes on CPUs; give device: cpu"


def _missing_files(config: dict) -> Iterator[str]:
    for number, row in enumerate(config["fits"]):
        if "fit" in row and not Path(row["fit"]).is_file():
            yield f"fits[{number}].fit: {row['fit']}: no such file"
    power = config["initial_conditions"]["linear_power"]
    if power != "camb" and not Path(power).is_file():
        yield f"initial_conditions.linear_power: {power}: no such file; give a table, or camb"
    for number, row in enumerate(config["simulations"]):
        given = row.get("initial_conditions")
        if given is not None and not Path(given).is_file():
            yield f"simulations[{number}].initial_conditions: {given}: no such file"
        if "reference" in row and not Path(row["reference"]).is_dir():
            yield f"simulations[{number}].reference: {row['reference']}: no such folder of maps"
