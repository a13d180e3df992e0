# SPDX-License-Identifier: GPL-3.0-or-later
"""fit-stellar: learn to paint stellar mass on the improved dark matter."""

import click

from jerald_tools.cli.command import command
from jerald_tools.cli.fit_command import fit_arguments, training_options


@command(
    "fit-stellar",
    body="jerald_tools.cli.fit_command:run_fit",
    example="""
    fit-stellar particles_z2.00.h5 --target stars.h5 --dm dm.json --smoothing 1 -o stellar.json
    """,
)
@click.option("--dm", metavar="FIT", help="Fit whose layers move the particles first.")
@training_options
def main(**options):
    """Fit layers and transform of the stellar mass (equations (6), (8)).

    PARTICLES are files of run-fastpm at the target's redshift, one for each simulation.
    """
    return fit_arguments("stellar-mass", options)
