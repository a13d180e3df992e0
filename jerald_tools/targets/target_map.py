# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles of a snapshot to a map, over ranks, in chunks."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from jerald_tools.errors import BadInput, RunFailed
from jerald_tools.files.snapshots.snapshot import Snapshot, SnapshotHeader
from jerald_tools.mesh.deposit_kernels import deposit_kernels
from jerald_tools.mesh.deposit_points import deposit_points
from jerald_tools.mesh.distributed_files import agree
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, gather
from jerald_tools.targets.contributions import Contributions, contributions
from jerald_tools.targets.neutral_gas import atoms_per_volume
from jerald_tools.targets.recipe import Recipe


def target_mesh(header: SnapshotHeader, nodes: int) -> Mesh:
    """The mesh of a map: cubic cells, sums in double precision.

    Args:
        header: of the snapshot.
        nodes: along x.

    Raises:
        BadInput: if the box is no whole number of such cells along y or z.
    """
    cell = header.box_size[0] / nodes
    shape = np.rint(np.array(header.box_size) / cell).astype(int)
    if np.any(np.abs(shape * cell - header.box_size) > 1e-6 * cell) or shape.min() < 1:
        raise BadInput(
            f"--mesh {nodes}: cells of {cell:g} Mpc/h do not fill a box of "
            f"{' x '.join(f'{side:g}' for side in header.box_size)} Mpc/h; give another number"
        )
    return make_mesh(tuple(shape.tolist()), header.box_size, "double")


def own_chunks(ranks: Ranks, number: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Rows that this rank reads, piece by piece; equally many pieces on every rank.

    Each rank has a share of its own of all rows. All ranks' pieces of a round hold ``chunk`` rows
    together: should they all belong to one rank's slab, it still has no more than these.

    Args:
        ranks: the processes.
        number: of rows of the whole snapshot.
        chunk: rows at a time, on all ranks together.
    """
    first, last = (number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1))
    piece = max(1, chunk // ranks.size)
    for turn in range(rounds(ranks, number, chunk)):
        start = min(first + turn * piece, last)
        yield start, min(start + piece, last)


def rounds(ranks: Ranks, number: int, chunk: int) -> int:
    """How many pieces :func:`own_chunks` gives: as many as the largest share needs."""
    largest = math.ceil(number / ranks.size)
    return math.ceil(largest / max(1, chunk // ranks.size))


def deposit(mesh: Mesh, brought: Contributions) -> np.ndarray:
    """What particles bring to this rank's slab; every rank must call it."""
    if brought.radii is None:
        return deposit_points(mesh, brought.positions, brought.weights)
    return deposit_kernels(mesh, brought.positions, brought.weights, brought.radii)


def target_map(
    mesh: Mesh,
    snapshot: Snapshot,
    recipe: Recipe,
    chunk: int,
    advance: Callable[[int], None] = lambda done: None,
) -> np.ndarray:
    """Make a map of a snapshot.

    Args:
        mesh: of the map, see :func:`target_mesh`.
        snapshot: opened and checked.
        recipe: what the map is to hold, checked.
        chunk: particles in memory at a time, on all ranks together.
        advance: called with the number of chunks that are done.

    Returns:
        This rank's slab (nx_local, ny, nz), float64, in the units of
        :data:`jerald_tools.targets.quantities.UNITS`.

    Raises:
        BadInput: on every rank, if a value is damaged or impossible.
        RunFailed: if nothing was deposited, or not all of it.
    """
    field = np.zeros(mesh.local_shape)
    number = snapshot.header.number(recipe.species)
    brought_mass = 0.0
    for done, (start, stop) in enumerate(own_chunks(mesh.ranks, number, chunk), start=1):
        brought = agree(mesh.ranks, lambda: contributions(snapshot, recipe, start, stop))  # noqa: B023
        brought_mass += float(brought.weights.sum())
        field += deposit(mesh, brought)
        advance(done)
    total = sum(gather(mesh.ranks, brought_mass))
    found = sum(gather(mesh.ranks, float(field.sum())))
    if not abs(found - total) <= 1e-9 * total:
        raise RunFailed(f"{total:g} 1e10 Msun/h went into the map, {found:g} came out")
    if total == 0:
        raise RunFailed(f"{snapshot.paths[0]}: there is no {recipe.quantity} in it")
    return _in_units(mesh, snapshot.header, recipe, field, total)


def _in_units(mesh: Mesh, header: SnapshotHeader, recipe: Recipe, field, total) -> np.ndarray:
    """From masses per cell [1e10 Msun/h] to the units of the quantity."""
    if recipe.quantity == "stellar-mass":
        return field
    if recipe.quantity == "neutral-hydrogen":
        cell_volume = mesh.volume / mesh.size
        field = field * (atoms_per_volume(header) / cell_volume)
        return field if recipe.clip is None else np.minimum(field, recipe.clip)
    return field * (mesh.size / total)
