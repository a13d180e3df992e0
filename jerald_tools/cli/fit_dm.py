# SPDX-License-Identifier: GPL-3.0-or-later
"""fit-dm: learn the displacements that bring FastPM's dark matter to a reference."""

from jerald_tools.cli.command import command
from jerald_tools.cli.fit_command import fit_arguments, training_options


@command(
    "fit-dm",
    body="jerald_tools.cli.fit_command:run_fit",
    example="""
    fit-dm particles_z2.00.h5 --target dark-matter_z2.00.h5 --layers 2 -o dm.json
    """,
)
@training_options
def main(**options):
    """Fit the dark-matter layers (equations (1)-(3), (7)) to a reference's density.

    PARTICLES are files of run-fastpm at the target's redshift, one for each simulation.
    """
    return fit_arguments("dark-matter", options)
