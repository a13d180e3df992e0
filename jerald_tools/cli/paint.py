# SPDX-License-Identifier: GPL-3.0-or-later
"""paint: maps from particles and a fit, or the particles' own density."""

import click

from jerald_tools.cli.command import command
from jerald_tools.cli.options import accept_edited_option, verify_ranks_option


@command(
    "paint",
    body="jerald_tools.stages.paint:paint",
    example="""
    paint particles_z2.00.h5 --fit data/fits/neutral-hydrogen_z2.00.json -o hi.h5
    paint universe*_z2.00.h5 --fit dm.json -o '{name}_dm.h5'
    paint particles_z2.00.h5 --fit hi.json --members all -o 'hi_{member}.h5'
    paint particles_z2.00.h5 --mesh 48 -o density.h5
    """,
)
@click.argument("particles", nargs=-1, required=True)
@click.option("--fit", metavar="FIT", help="Paint this fit's quantity.  [default: the density]")
@click.option(
    "--mesh",
    "nodes",
    type=click.IntRange(min=1),
    help="Nodes along x.  [default: the cell size of the fit; one node a particle without one]",
)
@click.option(
    "--fine",
    is_flag=True,
    help="Write the map on the mesh of the fit's model (--refine of fit), before means are taken.",
)
@click.option(
    "--redshift-space",
    type=click.Choice(["x", "y", "z"]),
    help="Line of sight: shift the particles by their velocities along it before painting.",
)
@click.option(
    "--allow-mismatch",
    is_flag=True,
    help="Use a fit in another cell size, redshift, cosmology or step scheme than its own.",
)
@accept_edited_option
@click.option(
    "--members",
    metavar="all|N|left-out",
    help="Paint all members of the fit's ensemble, {member} in the names becoming 0 for the fit "
    "itself, then 1, 2, ...; or one of them; or the one that left the box of PARTICLES out of its "
    "training.",
)
@click.option(
    "--save-particles",
    metavar="FILE",
    help="Also write the displaced particles whose density the map follows.",
)
@verify_ranks_option
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="Map to write; {name} in it becomes the particle file's name without its ending.",
)
def main(**options) -> dict:
    """Paint any quantity on the particles of run-fastpm.

    A fit file carries the fits of its prerequisites. Many particle files are painted in one
    process.
    """
    return options
