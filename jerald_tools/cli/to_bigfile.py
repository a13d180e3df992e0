# SPDX-License-Identifier: GPL-3.0-or-later
"""to-bigfile: our maps, initial conditions and particles for nbodykit, FastPM and MP-Gadget."""

import logging

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.errors import BadInput

logger = logging.getLogger(__name__)

PLANES = 16


@command(
    "to-bigfile",
    example="""
    to-bigfile hi_z2.00.h5 -o hi_z2.00.bigfile
    to-bigfile particles_z2.00.h5 -o particles_z2.00.bigfile
    """,
)
@click.argument("source", metavar="FILE")
@click.option("-o", "--output", metavar="DIRECTORY", required=True, help="BigFile to write.")
def main(run: Run, source, output):
    """Write a map, initial conditions or particles of ours as BigFile.

    Fields on a mesh become the block Field, which nbodykit opens as BigFileMesh; particles are laid
    out as FastPM has them.
    """
    from jerald_tools.cli.provenance import provenance_of_copy
    from jerald_tools.io.atomic import check_directory
    from jerald_tools.io.inputs import file_type
    from jerald_tools.mesh.ranks import on_root, world

    ranks = world()
    on_root(ranks, check_directory, output, run.force)
    kind = on_root(ranks, file_type, source)
    writers = {"map": _map, "initial-conditions": _initial_conditions, "particles": _particles}
    if kind not in writers:
        raise BadInput(f"{source}: is not a map, initial conditions or particles; give one of ours")
    provenance = provenance_of_copy(run, ranks, [source])
    # One file is read and one is written: rank 0 does both, piece by piece.
    on_root(ranks, writers[kind], source, output, provenance, run.force)
    logger.info("%s: %s as BigFile", output, kind)


def _map(source, output, provenance, force):
    from jerald_tools.io.grids import MapFile

    with MapFile(source) as file:
        more = {"Quantity": file.header.quantity, "Units": file.header.units}
        _mesh(file, "map", output, provenance, more, force)


def _initial_conditions(source, output, provenance, force):
    from jerald_tools.io.grids import InitialConditionsFile

    with InitialConditionsFile(source) as file:
        more = {"Quantity": "linear overdensity", "Units": "1"}
        _mesh(file, "linear_density", output, provenance, more, force)


def _mesh(file, dataset, output, provenance, more, force):
    from jerald_tools.io.export import write_mesh

    file.verify()
    starts = range(0, file.header.mesh[0], PLANES)
    pieces = ((start, file.read(start, start + PLANES)) for start in starts)
    dtype = file.dataset(dataset).dtype
    write_mesh(output, file.header, pieces, dtype, provenance, more, force)


def _particles(source, output, provenance, force):
    from jerald_tools.io.export import write_particles_bigfile
    from jerald_tools.io.particles import ParticlesFile

    with ParticlesFile(source) as file:
        file.verify()
        write_particles_bigfile(output, file, provenance, force)
