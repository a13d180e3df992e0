# SPDX-License-Identifier: GPL-3.0-or-later
"""fit-stellar: learn to paint stellar mass on the improved dark matter."""

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.fit_command import run_fit, training_options


@command(
    "fit-stellar",
    example="""
    fit-stellar particles_z2.00.h5 --target stars.h5 --dm dm.json --smoothing 1 -o stellar.json
    """,
)
@click.option("--dm", metavar="FIT", help="Fit whose layers move the particles first.")
@training_options
def main(run: Run, particles, targets, output, dm, **options):
    """Fit layers and transform of the stellar mass (equations (6), (8)).

    PARTICLES are files of run-fastpm at the target's redshift, one for each simulation.
    """
    run_fit(run, "stellar-mass", particles, targets, output, dm=dm, **options)
