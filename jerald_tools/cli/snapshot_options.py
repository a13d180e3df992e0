# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that state what the files of a snapshot may not say."""

import dataclasses
from collections.abc import Callable

import click

from jerald_tools.cli.cosmology_options import HELP
from jerald_tools.cosmology import Cosmology
from jerald_tools.snapshots.code_units import LENGTH_UNITS, MASS_UNITS, VELOCITY_UNITS, Stated

UNITS = {"length_unit": LENGTH_UNITS, "mass_unit": MASS_UNITS, "velocity_unit": VELOCITY_UNITS}
UNKNOWN_TO_SNAPSHOTS = ("sigma8", "n_s")


def snapshot_options(function: Callable) -> Callable:
    """Add the units, redshift and cosmology of a snapshot, each None unless it is given."""
    for field in reversed(dataclasses.fields(Cosmology)):
        default = f"  [default: {field.default}]" if field.name in UNKNOWN_TO_SNAPSHOTS else ""
        function = click.option(
            f"--{field.name.replace('_', '-')}",
            field.name,
            type=float,
            help=f"{HELP[field.name]}{default or '  [default: the snapshot says it]'}",
        )(function)
    redshift = click.option("--redshift", type=float, help="Where the snapshot does not say it.")
    function = redshift(function)
    for name, choices in reversed(UNITS.items()):
        function = click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=click.Choice(tuple(choices)),
            help="Where the snapshot does not say it.",
        )(function)
    return function


def stated_of(options: dict) -> Stated:
    """Take these options out of a command's.

    Args:
        options: of the command, by name; those of the snapshot are removed.
    """
    units = {name: options.pop(name) for name in UNITS}
    given = {field.name: options.pop(field.name) for field in dataclasses.fields(Cosmology)}
    redshift = options.pop("redshift")
    return Stated(
        **units, redshift=redshift, cosmology={k: v for k, v in given.items() if v is not None}
    )
