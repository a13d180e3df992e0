# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles of a snapshot to a map, over ranks, in chunks."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator

import numpy as np

from jerald_tools.errors import BadInput, RunFailed
from jerald_tools.io.record import peak_memory
from jerald_tools.mesh.deposit import (
    PAIRS,
    deposit_kernels,
    deposit_points,
    kernel_pairs,
    padded_length,
)
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, agree, gather
from jerald_tools.snapshots.snapshot import Snapshot, SnapshotHeader, read_field
from jerald_tools.targets.neutral_gas import atoms_per_volume, neutral_mass_fraction
from jerald_tools.targets.recipe import Recipe

# What each particle of a snapshot brings to a map.


@dataclasses.dataclass(frozen=True)
class Contributions:
    """What particles bring to a map.

    Attributes:
        positions: (n, 3) in [0, box) [Mpc/h].
        weights: (n) masses [1e10 Msun/h], of neutral hydrogen for its map.
        radii: (n) at which their kernels end [Mpc/h], or None for points.
    """

    positions: np.ndarray
    weights: np.ndarray
    radii: np.ndarray | None


def contributions(snapshot: Snapshot, recipe: Recipe, start: int, stop: int) -> Contributions:
    """Read particles ``start`` to ``stop`` and say what each brings to the map.

    Raises:
        BadInput: if a value is damaged or impossible.
    """

    def read(field):
        return read_field(snapshot, recipe.species, field, start, stop)

    positions, weights = read("positions"), read("masses")
    radii = read("smoothing_length") if recipe.deposit == "sph" else None
    if radii is not None and np.any(radii > min(snapshot.header.box_size)):
        raise BadInput(
            f"{snapshot.paths[0]}: a smoothing length of {radii.max():g} Mpc/h is longer than the "
            "box; check its units, or use --deposit cic"
        )
    if recipe.quantity == "stellar-mass" and snapshot.has("stars", "formation_time"):
        # IllustrisTNG keeps wind particles among the stars, with times that are not above zero.
        weights = np.where(read("formation_time") > 0, weights, 0.0)
    if recipe.quantity == "neutral-hydrogen":
        weights = weights * neutral_mass_fraction(snapshot, recipe, read)
    return Contributions(positions, weights, radii)


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
        :data:`jerald_tools.targets.recipe.UNITS`.

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


# What making a map will read, hold in memory, take and write, said before it is done.

MEBIBYTE = 2**20

# Bytes a particle has on a rank at once, at most, measured by benchmarks/make_target_memory.py:
# as it is read; as it is sent, received and padded; with the fields that the equilibrium needs;
# as a kernel, in its order of reach; and each pair of a kernel and a node.
BYTES_READ = 80
BYTES_DEPOSITED = 100
BYTES_EQUILIBRIUM = 64
BYTES_KERNEL = 200
BYTES_PAIR = 192

# Slabs in memory: the sum, what a chunk brings, and its copy.
SLABS = 3

# Libraries that are loaded as the work goes on, JAX's compiler above all.
LIBRARIES = 100 * MEBIBYTE

# Seconds that depositing takes, for a particle and for a pair of kernel and node.
SECONDS_PARTICLE = 1e-7
SECONDS_PAIR = 4e-8
SAMPLE = 2**17


def memory_bound(mesh: Mesh, recipe: Recipe, chunk: int, number: int) -> dict[str, int]:
    """Most resident memory of a rank, by what it is for [bytes].

    Args:
        mesh: of the map.
        recipe: what it is to hold.
        chunk: particles at a time, on all ranks together.
        number: particles of the snapshot.
    """
    at_once = min(chunk, number)
    read = -(-at_once // mesh.ranks.size)
    equilibrium = BYTES_EQUILIBRIUM if recipe.rates is not None else 0
    spread, pairs = (BYTES_KERNEL, PAIRS * BYTES_PAIR) if recipe.deposit == "sph" else (0, 0)
    planes = -(-mesh.shape[0] // mesh.ranks.size)
    return {
        "program": max(gather(mesh.ranks, peak_memory())) + LIBRARIES,
        "map": SLABS * planes * mesh.shape[1] * mesh.shape[2] * 8,
        "chunk": read * (BYTES_READ + equilibrium)
        + padded_length(at_once) * (BYTES_DEPOSITED + spread)
        + pairs,
    }


def plan(mesh: Mesh, snapshot: Snapshot, recipe: Recipe, chunk: int, precision: str) -> list[str]:
    """Lines that say what the run would be; reads a sample of each rank's share, and times it.

    Raises:
        BadInput: on every rank, if the sample is damaged or impossible.
    """
    header = snapshot.header
    number = header.number(recipe.species)
    # Before the sample, whose memory is the chunk's.
    bound = memory_bound(mesh, recipe, chunk, number)
    start, stop = next(own_chunks(mesh.ranks, number, min(chunk, SAMPLE * mesh.ranks.size)))
    began = time.perf_counter()
    brought = agree(mesh.ranks, lambda: contributions(snapshot, recipe, start, stop))
    seconds = time.perf_counter() - began + (stop - start) * SECONDS_PARTICLE
    if brought.radii is not None:
        seconds += kernel_pairs(brought.radii, mesh.cell_size[0]) * SECONDS_PAIR
    sampled = sum(gather(mesh.ranks, stop - start))
    seconds = max(gather(mesh.ranks, seconds)) * number / sampled
    size = mesh.size * (4 if precision == "single" else 8)
    parts = ", ".join(f"{name} {_mebibytes(part)}" for name, part in bound.items())
    cosmology = header.cosmology
    return [
        f"snapshot    {snapshot.paths[0]}: {header.format}, {len(snapshot.paths)} file(s)",
        f"particles   {number} of {recipe.species}; by type {list(header.counts)}",
        f"box         {' x '.join(f'{side:g}' for side in header.box_size)} Mpc/h, "
        f"z = {header.redshift:g}",
        f"cosmology   omega_m {cosmology.omega_m:g}, omega_b {cosmology.omega_b:g}, "
        f"h {cosmology.h:g}; sigma8 {cosmology.sigma8:g} and n_s {cosmology.n_s:g}, which no "
        "snapshot says",
        f"map         {recipe.quantity} on {' x '.join(map(str, mesh.shape))} nodes, {precision}: "
        f"{_mebibytes(size)}",
        f"memory      at most {_mebibytes(sum(bound.values()))} a rank ({parts})",
        f"time        about {seconds:.0f} s on {mesh.ranks.size} rank(s), by a sample of {sampled} "
        "particles",
    ]


def _mebibytes(number: int) -> str:
    return f"{number / MEBIBYTE:.1f} MiB"
