# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for other codes, and particles of other codes as SWIFT files to paint."""

import logging
from collections.abc import Sequence

from jerald_tools.errors import BadInput
from jerald_tools.io.atomic import check_directory
from jerald_tools.io.export import write_mesh, write_particles_bigfile, write_particles_gadget
from jerald_tools.io.grids import InitialConditionsFile, MapFile
from jerald_tools.io.inputs import file_type
from jerald_tools.io.parallel import ParticleSet, save_particles
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.io.record import Record
from jerald_tools.mesh.ranks import on_root, world
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import describe_snapshot
from jerald_tools.stages.outputs import check_outputs
from jerald_tools.stages.provenance import provenance_of_copy
from jerald_tools.stages.run import Run
from jerald_tools.targets.lattice import lattice_particles
from jerald_tools.targets.mass_budget import warn_of_mass

logger = logging.getLogger(__name__)

# Planes of a mesh in memory at a time.
PLANES = 16


def to_bigfile(run: Run, source: str, output: str) -> None:
    """Write a map, initial conditions or particles as BigFile, for nbodykit, FastPM and MP-Gadget.

    Rank 0 does all work: it reads one file and writes another, piece by piece.

    Raises:
        BadInput: on every rank, if the file is none of them or damaged, or the output exists.
    """
    ranks = world()
    on_root(ranks, check_directory, output, run.force)
    kind = on_root(ranks, file_type, source)
    writers = {
        "map": _map_to_bigfile,
        "initial-conditions": _initial_conditions_to_bigfile,
        "particles": _particles_to_bigfile,
    }
    if kind not in writers:
        raise BadInput(
            f"{source}: is not a map, initial conditions or particles; give a file of jerald-tools"
        )
    record = provenance_of_copy(run, ranks, [source])
    on_root(ranks, writers[kind], source, output, record, run.force)
    logger.info("%s: %s as BigFile", output, kind)


def to_gadget(run: Run, source: str, output: str) -> None:
    """Write particles as a snapshot of Gadget, for Pylians and most analysis codes.

    Rank 0 does all work: it reads one file and writes another, piece by piece.

    Raises:
        BadInput: on every rank, if the file cannot be used, or its box is not a cube.
    """
    ranks = world()
    check_outputs(ranks, [output], [source], run.force)
    record = provenance_of_copy(run, ranks, [source])
    on_root(ranks, _particles_to_gadget, source, output, record, run.force)
    logger.info("%s: particles as Gadget has them", output)


def to_swift(run: Run, snapshot: Sequence[str], overrides: Overrides, output: str) -> None:
    """Write the dark matter of a snapshot that started from a lattice as particles to paint.

    Args:
        run: how the stage runs.
        snapshot: its directory, files, or a pattern.
        overrides: units and cosmology that the files do not state.
        output: particles to write.

    Raises:
        BadInput: on every rank, if the snapshot cannot be read or its particles have no lattice.
    """
    ranks = world()
    check_outputs(ranks, [output], snapshot, run.force)
    opened = on_root(ranks, open_snapshot, snapshot, overrides)
    warn_of_mass(ranks, opened)
    header, rows = lattice_particles(ranks, opened)
    record = provenance_of_copy(run, ranks, [on_root(ranks, describe_snapshot, opened)])
    velocities = rows["velocities"].astype(run.dtype)
    particles = ParticleSet(header, rows["ids"], rows["positions"], velocities, ranks)
    save_particles(output, particles, record, run.force)
    logger.info("%s: %d particles at z = %g", output, header.number, header.redshift)


def _map_to_bigfile(source: str, output: str, record: Record, force: bool) -> None:
    with MapFile(source) as file:
        more = {"Quantity": file.header.quantity, "Units": file.header.units}
        _mesh_to_bigfile(file, "map", output, record, more, force)


def _initial_conditions_to_bigfile(source: str, output: str, record: Record, force: bool) -> None:
    with InitialConditionsFile(source) as file:
        more = {"Quantity": "linear overdensity", "Units": "1"}
        _mesh_to_bigfile(file, "linear_density", output, record, more, force)


def _mesh_to_bigfile(
    file: MapFile | InitialConditionsFile,
    dataset: str,
    output: str,
    record: Record,
    attributes: dict[str, str],
    force: bool,
) -> None:
    file.verify()
    starts = range(0, file.header.mesh[0], PLANES)
    pieces = ((start, file.read(start, start + PLANES)) for start in starts)
    dtype = file.dataset(dataset).dtype
    write_mesh(output, file.header, pieces, dtype, record, attributes, force)


def _particles_to_bigfile(source: str, output: str, record: Record, force: bool) -> None:
    with ParticlesFile(source) as file:
        file.verify()
        write_particles_bigfile(output, file, record, force)


def _particles_to_gadget(source: str, output: str, record: Record, force: bool) -> None:
    with ParticlesFile(source) as file:
        file.verify()
        if len(set(file.header.box_size)) > 1:
            raise BadInput(
                f"{source}: its box is {file.header.box_size} Mpc/h; Gadget's header knows cubes "
                "alone: use to-bigfile"
            )
        write_particles_gadget(output, file, record, force)
