# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields and particles that lie on the ranks, out to files and back.

Rank 0 opens and checks a file first, so that what is wrong with it is said once; then every rank
reads its own rows. Rank 0 alone writes, what the others send it piece by piece.
"""

import dataclasses
import os

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.io import grids, particles
from jerald_tools.mesh.checks import check_ids
from jerald_tools.mesh.exchange import home_ranks, ids_to_ranks, redistribute
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import Ranks, agree, on_root, pieces_on_root


def read_header(ranks: Ranks, open_file, path: str | os.PathLike):
    """The header of a file of ours, checked on rank 0 and given to all.

    Args:
        ranks: the processes.
        open_file: ``open_map``, ``open_particles`` or ``open_initial_conditions``.
        path: the file.

    Raises:
        BadInput: on every rank, if the file cannot be used.
    """

    def header():
        with open_file(path) as file:
            return file.header

    return on_root(ranks, header)


def verify_on_root(ranks: Ranks, open_file, path: str | os.PathLike) -> None:
    """Hold a file's data against their digests where every rank reads but a part of them.

    One process does so when it reads all.

    Raises:
        BadInput: on every rank, if the data were changed.
    """

    def verify():
        with open_file(path) as file:
            file.verify()

    if ranks.size > 1:
        on_root(ranks, verify)


def load_field(mesh: Mesh, open_file, path: str | os.PathLike) -> np.ndarray:
    """This rank's slab of a map or a linear density, as stored, (nx_local, ny, nz).

    Args:
        mesh: a mesh of the file's shape.
        open_file: ``open_map`` or ``open_initial_conditions``.
        path: the file, whose header was read.

    Raises:
        BadInput: on every rank, if the data are damaged or not finite on any.
    """

    def read():
        with open_file(path) as file:
            return file.read(mesh.x_start, mesh.x_stop)

    verify_on_root(mesh.ranks, open_file, path)
    return agree(mesh.ranks, read)


def save_map(
    path: str | os.PathLike, mesh: Mesh, field, header: grids.MapHeader, provenance, force: bool
) -> None:
    """Write a map that lies in slabs on the ranks, see :func:`jerald_tools.io.grids.write_map`.

    Raises:
        BadInput, RunFailed: on every rank, if rank 0 cannot write.
    """
    pieces = pieces_on_root(mesh.ranks, field)
    write_on_root(
        mesh.ranks, [pieces], lambda: grids.write_map(path, header, pieces, provenance, force)
    )


def save_initial_conditions(
    path: str | os.PathLike, mesh: Mesh, field, header, provenance, force: bool
) -> None:
    """Write a linear density that lies in slabs on the ranks.

    Raises:
        BadInput, RunFailed: on every rank, if rank 0 cannot write.
    """
    pieces = pieces_on_root(mesh.ranks, field)
    write_on_root(
        mesh.ranks,
        [pieces],
        lambda: grids.write_initial_conditions(path, header, pieces, provenance, force),
    )


def write_on_root(ranks: Ranks, streams, write) -> None:
    """Write on rank 0 while the other ranks send; a failed write still drains the streams."""
    if not ranks.is_root:
        for stream in streams:
            for _ in stream:
                pass

    def write_and_drain():
        try:
            write()
        finally:
            for stream in streams:
                for _ in stream:
                    pass

    on_root(ranks, write_and_drain)


@dataclasses.dataclass(frozen=True)
class LoadedParticles:
    """This rank's particles of a file: those of its slab, sorted by cell.

    Sorted particles are painted and read out several times faster than random ones.

    Attributes:
        positions: (n, 3) [Mpc/h], in the mesh's precision.
        velocities: (n, 3) peculiar [km/s].
        ids: (n,) int64 ParticleIDs.
    """

    positions: jax.Array
    velocities: jax.Array
    ids: jax.Array


def load_particles(mesh: Mesh, path: str | os.PathLike) -> LoadedParticles:
    """Read particles, bring each to the rank whose slab it is in, and sort them by cell.

    Args:
        mesh: the mesh that they will be painted on.
        path: the file, whose header was read.

    Raises:
        BadInput: on every rank, if the data are damaged or not finite on any.
    """
    ranks = mesh.ranks

    def read():
        with particles.open_particles(path) as file:
            number = file.header.number
            share = [number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1)]
            return file.read(*share)

    verify_on_root(ranks, particles.open_particles, path)
    ids, positions, velocities = agree(ranks, read)
    rows = {
        "positions": positions.astype(mesh.dtype),
        "velocities": velocities.astype(mesh.dtype),
        "ids": ids,
    }
    rows = redistribute(ranks, rows, home_ranks(mesh, rows["positions"]))
    order = cell_order(mesh, rows["positions"])
    return LoadedParticles(**{name: jnp.asarray(values[order]) for name, values in rows.items()})


def save_particles(
    path: str | os.PathLike,
    ranks: Ranks,
    ids,
    positions,
    velocities,
    header: particles.ParticlesHeader,
    provenance,
    force: bool,
) -> None:
    """Write particles in order of ID, whatever rank they are on.

    Args:
        path: the file's name; it appears when the file is whole.
        ranks: the processes.
        ids: (n,) this rank's ParticleIDs, from 1; no padding.
        positions: (n, 3) [Mpc/h].
        velocities: (n, 3) peculiar [km/s].
        header: what the particles are of.
        provenance: how they were made.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput, RunFailed: on every rank, if rank 0 cannot write, or the particles' IDs are not
            each number once.
    """
    rows = {
        "ids": np.asarray(ids),
        "positions": np.asarray(positions),
        "velocities": np.asarray(velocities),
    }
    rows = redistribute(ranks, rows, ids_to_ranks(ranks, rows["ids"], header.number))
    order = np.argsort(rows["ids"])
    check_ids(ranks, rows["ids"][order], header.number)
    streams = [pieces_on_root(ranks, rows[name][order]) for name in ("positions", "velocities")]
    write_on_root(
        ranks,
        streams,
        lambda: particles.write_particles(path, header, *streams, provenance, force),
    )


def cell_order(mesh: Mesh, positions: np.ndarray) -> np.ndarray:
    """The order (n,) that sorts particles (n, 3) [Mpc/h] by the cell that they are in."""
    cells = np.floor(positions / np.asarray(mesh.cell_size)).astype(np.int64)
    x, y, z = (cells % np.asarray(mesh.shape)).T
    return np.argsort((x * mesh.shape[1] + y) * mesh.shape[2] + z, kind="stable")
