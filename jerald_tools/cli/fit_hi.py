# SPDX-License-Identifier: GPL-3.0-or-later
"""fit-hi: learn to paint neutral hydrogen on dark matter and stars."""

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.fit_command import run_fit, training_options


@command(
    "fit-hi",
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
def main(run: Run, particles, targets, output, **options):
    """Fit layers, transform and depletion of neutral hydrogen (equations (12)-(15)).

    PARTICLES are files of run-fastpm at the target's redshift, one for each simulation.
    """
    run_fit(run, "neutral-hydrogen", particles, targets, output, **options)
