# SPDX-License-Identifier: GPL-3.0-or-later
"""to-gadget: our particles as a snapshot of Gadget, for Pylians and most analysis codes."""

import logging

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.output_names import refuse_inputs
from jerald_tools.errors import BadInput

logger = logging.getLogger(__name__)


@command("to-gadget", example="to-gadget particles_z2.00.h5 -o snap_z2.00.hdf5")
@click.argument("source", metavar="PARTICLES")
@click.option("-o", "--output", metavar="FILE", required=True, help="HDF5 file to write.")
def main(run: Run, source, output):
    """Write particles of ours in Gadget's HDF5 format: kpc/h, 1e10 Msun/h, km/s over root a."""
    from jerald_tools.cli.provenance import provenance_of_copy
    from jerald_tools.io.atomic import check_target
    from jerald_tools.mesh.ranks import on_root, world

    refuse_inputs([output], [source])
    ranks = world()
    on_root(ranks, check_target, output, run.force)
    provenance = provenance_of_copy(run, ranks, [source])
    # One file is read and one is written: rank 0 does both, piece by piece.
    on_root(ranks, _convert, source, output, provenance, run.force)
    logger.info("%s: particles as Gadget has them", output)


def _convert(source, output, provenance, force):
    from jerald_tools.io.export import write_particles_gadget
    from jerald_tools.io.particles import ParticlesFile

    with ParticlesFile(source) as file:
        file.verify()
        if len(set(file.header.box_size)) > 1:
            raise BadInput(
                f"{source}: its box is {file.header.box_size} Mpc/h; Gadget's header knows cubes "
                "alone: use to-bigfile"
            )
        write_particles_gadget(output, file, provenance, force)
