# SPDX-License-Identifier: GPL-3.0-or-later
"""to-bigfile, to-gadget and to-swift: files for other codes, and particles of other codes."""

import click

from jerald_tools.cli.command import command
from jerald_tools.cli.options import snapshot_options
from jerald_tools.cli.snapshot_box import box_size_option


@command(
    "to-bigfile",
    body="jerald_tools.stages.convert:to_bigfile",
    example="""
    to-bigfile hi_z2.00.h5 -o hi_z2.00.bigfile
    to-bigfile particles_z2.00.h5 -o particles_z2.00.bigfile
    """,
    computes=False,
)
@click.argument("source", metavar="FILE")
@click.option("-o", "--output", metavar="DIRECTORY", required=True, help="BigFile to write.")
def to_bigfile(**options) -> dict:
    """Write a map, initial conditions or particles of jerald-tools as BigFile.

    Fields on a mesh become the block Field, which nbodykit opens as BigFileMesh; particles are laid
    out as FastPM has them.
    """
    return options


@command(
    "to-gadget",
    body="jerald_tools.stages.convert:to_gadget",
    example="to-gadget particles_z2.00.h5 -o snap_z2.00.hdf5",
    computes=False,
)
@click.argument("source", metavar="PARTICLES")
@click.option("-o", "--output", metavar="FILE", required=True, help="HDF5 file to write.")
def to_gadget(**options) -> dict:
    """Write particles of jerald-tools as Gadget's HDF5: kpc/h, 1e10 Msun/h, km/s over root a."""
    return options


@command(
    "to-swift",
    body="jerald_tools.stages.convert:to_swift",
    example="""
    to-swift fastpm_0.3333 --omega-b 0.0482 -o particles_z2.00.h5
    """,
    computes=False,
)
@click.argument("snapshot", nargs=-1, required=True)
@snapshot_options
@box_size_option
@click.option("-o", "--output", metavar="FILE", required=True, help="Particles to write.")
def to_swift(**options) -> dict:
    """Make particles to paint of the dark matter of a snapshot that started from a lattice.

    SNAPSHOT is as for make-target; its IDs number the lattice as (i N + j) N + k, from 0 or 1.
    """
    return options
