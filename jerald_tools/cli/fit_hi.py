# SPDX-License-Identifier: GPL-3.0-or-later
"""fit-hi: learn to paint neutral hydrogen on dark matter and stars."""

import click

from jerald_tools.cli.command import command
from jerald_tools.cli.fit_command import fit_arguments, training_options


@command(
    "fit-hi",
    body="jerald_tools.cli.fit_command:run_fit",
    example="""
    fit-hi particles_z2.00.h5 --target hi.h5 --dm dm.json --stellar stellar.json -o hi.json
    """,
)
@click.option("--dm", metavar="FIT", help="Fit whose layers move the particles first.")
@click.option(
    "--stellar", metavar="FIT", required=True, help="Fit whose stars displace and deplete the gas."
)
@click.option(
    "--shift",
    type=float,
    default=0.0,
    show_default=True,
    help="Constant added to 1 + d before the power of equation (13), not trained.",
)
@training_options
def main(**options):
    """Fit layers, transform and depletion of neutral hydrogen (equations (12)-(15)).

    PARTICLES are files of run-fastpm at the target's redshift, one for each simulation.
    """
    return fit_arguments("neutral-hydrogen", options)
