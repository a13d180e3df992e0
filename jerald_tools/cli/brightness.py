# SPDX-License-Identifier: GPL-3.0-or-later
"""brightness: brightness temperature of the 21 cm line from a map of neutral hydrogen."""

import click

from jerald_tools.cli.command import command

NUMBER = click.FloatRange(min=0, min_open=True)


@command(
    "brightness",
    body="jerald_tools.stages.brightness:paint_brightness",
    example="""
    brightness hi.h5 --particles particles_z2.00.h5 -o tb.h5
    brightness hi.h5 --particles particles_z2.00.h5 --mean 0.3 --beam 2 --noise 0.1 -o tb.h5
    """,
)
@click.argument("hydrogen", type=click.Path())
@click.option(
    "--particles",
    required=True,
    type=click.Path(),
    help="Particles of run-fastpm that the map was painted on: hydrogen moves as they do.",
)
@click.option(
    "--los",
    type=click.Choice(["x", "y", "z"]),
    default="z",
    show_default=True,
    help="Line of sight.",
)
@click.option(
    "--mean",
    type=NUMBER,
    metavar="MILLIKELVIN",
    help="Scale the map to this mean.  [default: that of its hydrogen]",
)
@click.option(
    "--beam",
    type=NUMBER,
    metavar="WIDTH",
    help="Full width at half maximum of a Gaussian across the line of sight [Mpc/h].",
)
@click.option(
    "--noise", type=NUMBER, metavar="MILLIKELVIN", help="Add white noise of this rms in a cell."
)
@click.option(
    "--noise-seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the noise."
)
@click.option("-o", "--output", metavar="FILE", required=True, help="Map to write [mK].")
def main(**options) -> dict:
    """Brightness temperature of the 21 cm line in redshift space.

    T = C h (1+z)^2 / E(z) Omega_HI of each cell, of gas that is much warmer than the background.
    HYDROGEN is a map in real space.
    """
    return options
