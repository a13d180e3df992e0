# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that state a cosmology."""

import dataclasses
from collections.abc import Callable

import click

from jerald_tools.cosmology import Cosmology

HELP = {
    "omega_m": "Total matter density over the critical one.",
    "omega_b": "Baryon density over the critical one.",
    "h": "Hubble constant in 100 km/s/Mpc.",
    "sigma8": "Rms linear overdensity in spheres of 8 Mpc/h.",
    "n_s": "Spectral index.",
}


def cosmology_options(function: Callable) -> Callable:
    """Add ``--omega-m --omega-b --h --sigma8 --n-s``, each None unless it is given."""
    for field in reversed(dataclasses.fields(Cosmology)):
        function = click.option(
            f"--{field.name.replace('_', '-')}",
            field.name,
            type=float,
            help=f"{HELP[field.name]}  [default: {field.default}]",
        )(function)
    return function


def stated_cosmology(options: dict, base: Cosmology | None = None) -> Cosmology:
    """Take the cosmology's options out of a command's and set them in a cosmology.

    Args:
        options: of the command, by name; those of the cosmology are removed.
        base: where the rest comes from; the paper's by default.

    Raises:
        BadInput: for numbers that describe no such universe.
    """
    stated = {field.name: options.pop(field.name) for field in dataclasses.fields(Cosmology)}
    given = {name: value for name, value in stated.items() if value is not None}
    return dataclasses.replace(base or Cosmology(), **given)
