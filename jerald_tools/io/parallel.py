# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields and particles that are distributed over ranks, read from files and written to them.

Rank 0 opens and checks a file first, so that a fault of it gives one line; then every rank reads
its own rows. Rank 0 alone writes: the others send it their rows piece by piece.
"""

import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jerald_tools.io import grids
from jerald_tools.io.inputs import describe_input
from jerald_tools.io.particles import ParticlesFile, ParticlesHeader, write_particles
from jerald_tools.io.record import Record, this_run
from jerald_tools.mesh.checks import check_ids
from jerald_tools.mesh.exchange import cell_order, ids_to_ranks, redistribute, send_home
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, Ranks, agree, on_root, pieces_on_root

Opener = Callable[..., AbstractContextManager[Any]]
"""Opens a file for reading: a reader such as :class:`jerald_tools.io.grids.MapFile`."""


def read_header(ranks: Ranks, open_file: Opener, path: str | os.PathLike) -> Any:
    """The header of a file of this package, checked on rank 0 and given to all.

    Args:
        ranks: the processes.
        open_file: ``MapFile``, ``ParticlesFile`` or ``InitialConditionsFile``.
        path: the file.

    Raises:
        BadInput: on every rank, if the file cannot be used.
    """

    def header() -> Any:
        with open_file(path) as file:
            return file.header

    return on_root(ranks, header)


def verify_on_root(ranks: Ranks, open_file: Opener, path: str | os.PathLike) -> None:
    """Compare a file's data with their digests where every rank reads but a part of them.

    One process does so when it reads all.

    Raises:
        BadInput: on every rank, if the data were changed.
    """

    def verify() -> None:
        with open_file(path) as file:
            file.verify()

    if ranks.size > 1:
        on_root(ranks, verify)


def load_field(
    mesh: Mesh, open_file: Opener, path: str | os.PathLike
) -> Float[np.ndarray, "x y z"]:
    """This rank's slab of a map or a linear density, as stored, (nx_local, ny, nz).

    Args:
        mesh: a mesh of the file's shape.
        open_file: ``MapFile`` or ``InitialConditionsFile``.
        path: the file, whose header was read.

    Raises:
        BadInput: on every rank, if the data are damaged or not finite on any.
    """

    def read() -> np.ndarray:
        with open_file(path) as file:
            return file.read(mesh.x_start, mesh.x_stop)

    verify_on_root(mesh.ranks, open_file, path)
    return agree(mesh.ranks, read)


def save_map(
    path: str | os.PathLike,
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    header: grids.MapHeader,
    record: Record,
    force: bool,
) -> None:
    """Write a map that lies in slabs on the ranks, see :func:`jerald_tools.io.grids.write_map`.

    Raises:
        BadInput, RunFailed: on every rank, if rank 0 cannot write.
    """
    pieces = pieces_on_root(mesh.ranks, field)
    write_on_root(
        mesh.ranks, [pieces], lambda: grids.write_map(path, header, pieces, record, force)
    )


def save_initial_conditions(
    path: str | os.PathLike,
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    header: grids.InitialConditionsHeader,
    record: Record,
    force: bool,
) -> None:
    """Write a linear density that lies in slabs on the ranks.

    Raises:
        BadInput, RunFailed: on every rank, if rank 0 cannot write.
    """
    pieces = pieces_on_root(mesh.ranks, field)
    write_on_root(
        mesh.ranks,
        [pieces],
        lambda: grids.write_initial_conditions(path, header, pieces, record, force),
    )


def write_on_root(
    ranks: Ranks, streams: Sequence[Iterable[Any]], write: Callable[[], None]
) -> None:
    """Write on rank 0 while the other ranks send; a failed write still drains the streams."""
    if not ranks.is_root:
        for stream in streams:
            for _ in stream:
                pass

    def write_and_drain() -> None:
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

    positions: Float[Array, "n 3"]
    velocities: Float[Array, "n 3"]
    ids: Int[Array, " n"]


def load_particles(mesh: Mesh, path: str | os.PathLike) -> LoadedParticles:
    """Read particles, send each to the rank whose slab it is in, and sort them by cell.

    Args:
        mesh: the mesh that they will be painted on.
        path: the file, whose header was read.

    Raises:
        BadInput: on every rank, if the data are damaged or not finite on any.
    """
    ranks = mesh.ranks

    def read() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        with ParticlesFile(path) as file:
            number = file.header.number
            start, stop = (number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1))
            return file.read(start, stop)

    verify_on_root(ranks, ParticlesFile, path)
    return place_particles(mesh, *agree(ranks, read))


def place_particles(
    mesh: Mesh,
    ids: Int[np.ndarray, " n"],
    positions: Float[np.ndarray, "n 3"],
    velocities: Float[np.ndarray, "n 3"],
) -> LoadedParticles:
    """Send each particle to the rank whose slab it is in, and sort each rank's by cell.

    Args:
        mesh: the mesh that they will be painted on.
        ids: ParticleIDs of this rank's particles, which may lie anywhere.
        positions: of the particles [Mpc/h].
        velocities: of the particles [km/s].
    """
    rows = {
        "positions": positions.astype(mesh.dtype),
        "velocities": velocities.astype(mesh.dtype),
        "ids": ids,
    }
    rows = send_home(mesh, rows)
    order = cell_order(mesh, rows["positions"])
    return LoadedParticles(**{name: jnp.asarray(values[order]) for name, values in rows.items()})


@dataclasses.dataclass(frozen=True)
class ParticleSet:
    """Particles in memory with their header; each rank has some, in any order.

    Attributes:
        header: what the particles are of.
        ids: ParticleIDs from 1.
        positions: comoving [Mpc/h].
        velocities: peculiar [km/s].
        ranks: the processes that share the particles.
        sources: files that they came from.
    """

    header: ParticlesHeader
    ids: Int[AnyArray, " n"]
    positions: Float[AnyArray, "n 3"]
    velocities: Float[AnyArray, "n 3"]
    ranks: Ranks = ONE_PROCESS
    sources: tuple[str, ...] = ()

    def on(self, mesh: Mesh) -> LoadedParticles:
        """The particles on the ranks and in the order in which a mesh takes them."""
        rows = map(np.asarray, (self.ids, self.positions, self.velocities))
        return place_particles(mesh, *rows)

    def save(self, path: str | os.PathLike, force: bool = False) -> None:
        """Write the particles as a SWIFT file.

        Raises:
            BadInput, RunFailed: on every rank, if rank 0 cannot write.
        """
        inputs = on_root(self.ranks, lambda: tuple(map(describe_input, self.sources)))
        save_particles(path, self, this_run(inputs), force)


def save_particles(
    path: str | os.PathLike, particles: ParticleSet, record: Record, force: bool
) -> None:
    """Write particles in order of ID, on whichever ranks they are.

    Args:
        path: the file's name; it appears when the file is whole.
        particles: this rank's, without padding.
        record: how they were made.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput, RunFailed: on every rank, if rank 0 cannot write, or the particles' IDs are not
            each number once.
    """
    ranks, number = particles.ranks, particles.header.number
    rows = {
        "ids": np.asarray(particles.ids),
        "positions": np.asarray(particles.positions),
        "velocities": np.asarray(particles.velocities),
    }
    rows = redistribute(ranks, rows, ids_to_ranks(ranks, rows["ids"], number))
    order = np.argsort(rows["ids"])
    check_ids(ranks, rows["ids"][order], number)
    where, moving = (
        pieces_on_root(ranks, rows[name][order]) for name in ("positions", "velocities")
    )
    write_on_root(
        ranks,
        [where, moving],
        lambda: write_particles(path, particles.header, where, moving, record, force),
    )
