# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of a quantity from the particles of a snapshot, over ranks, in chunks."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float

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
from jerald_tools.targets.target import Recipe

MEBIBYTE = 2**20

# Memory of a rank: most bytes of a particle at once, measured by benchmarks/make_target_memory.py:
# as it is read; as it is sent, received and padded; as a kernel, in order of reach; and each pair
# of a kernel and a node.
BYTES_READ = 80
BYTES_DEPOSITED = 100
BYTES_KERNEL = 200
BYTES_PAIR = 192

# Slabs in memory: the sum, the contribution of a chunk, and its copy.
SLABS = 3

# Libraries that are loaded during the work, JAX's compiler above all.
LIBRARIES = 100 * MEBIBYTE

# Seconds that depositing takes, for a particle and for a pair of kernel and node.
SECONDS_PARTICLE = 1e-7
SECONDS_PAIR = 4e-8

# Particles that a rank reads to estimate the time.
SAMPLE = 2**17


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
    nx, ny, nz = shape.tolist()
    return make_mesh((nx, ny, nz), header.box_size, "double")


def target_map(
    mesh: Mesh,
    snapshot: Snapshot,
    recipe: Recipe,
    chunk: int,
    advance: Callable[[int], None] = lambda done: None,
) -> Float[np.ndarray, "x y z"]:
    """Make a map of a snapshot; every rank must call it.

    Args:
        mesh: of the map, see :func:`target_mesh`.
        snapshot: that was checked with ``recipe.check_snapshot``.
        recipe: which map to make.
        chunk: particles in memory at a time, on all ranks together.
        advance: called with the number of chunks that are done.

    Returns:
        This rank's slab, float64, in the units of ``recipe.target``.

    Raises:
        BadInput: on every rank, if a value is damaged or impossible.
        RunFailed: if nothing was deposited, or not all of it.
    """
    masses = np.zeros(mesh.local_shape)
    number = snapshot.header.number(recipe.target.species)
    contributed = 0.0
    for done, (start, stop) in enumerate(own_chunks(mesh.ranks, number, chunk), start=1):
        particles = agree(mesh.ranks, lambda: contributions(snapshot, recipe, start, stop))  # noqa: B023
        contributed += float(particles.weights.sum())
        masses += deposit(mesh, particles)
        advance(done)
    total = sum(gather(mesh.ranks, contributed))
    found = sum(gather(mesh.ranks, float(masses.sum())))
    if not abs(found - total) <= 1e-9 * total:
        raise RunFailed(f"{total:g} 1e10 Msun/h went into the map, {found:g} came out")
    if total == 0:
        raise RunFailed(f"{snapshot.paths[0]}: there is no {recipe.quantity} in it")
    return recipe.target.in_units(masses, total, mesh, snapshot.header)


def own_chunks(ranks: Ranks, number: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Rows that this rank reads, piece by piece; equally many pieces on every rank.

    Each rank has a share of its own of all rows. All ranks' pieces of a round hold ``chunk`` rows
    together: should they all belong to one rank's slab, it still has no more than these.

    Args:
        ranks: the processes.
        number: of rows of the whole snapshot.
        chunk: rows at a time, on all ranks together.

    Yields:
        First and last-plus-one row of a piece, which may be empty.
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


@dataclasses.dataclass(frozen=True)
class Contributions:
    """What particles contribute to a map.

    Attributes:
        positions: in [0, box) [Mpc/h].
        weights: masses [1e10 Msun/h], as of :meth:`jerald_tools.targets.target.Target.weights`.
        radii: at which their kernels end [Mpc/h], or None for points.
    """

    positions: Float[np.ndarray, "n 3"]
    weights: Float[np.ndarray, " n"]
    radii: Float[np.ndarray, " n"] | None


def contributions(snapshot: Snapshot, recipe: Recipe, start: int, stop: int) -> Contributions:
    """Read particles ``start`` to ``stop`` and what each contributes to the map.

    Raises:
        BadInput: if a value is damaged or impossible.
    """

    def read(field: str) -> np.ndarray:
        return read_field(snapshot, recipe.target.species, field, start, stop)

    radii = read("smoothing_length") if recipe.deposit == "sph" else None
    if radii is not None and np.any(radii > min(snapshot.header.box_size)):
        raise BadInput(
            f"{snapshot.paths[0]}: a smoothing length of {radii.max():g} Mpc/h is longer than the "
            "box; check its units, or use --deposit cic"
        )
    return Contributions(read("positions"), recipe.target.weights(snapshot, read), radii)


def deposit(mesh: Mesh, particles: Contributions) -> Float[np.ndarray, "x y z"]:
    """The mass that particles bring to this rank's slab; every rank must call it."""
    if particles.radii is None:
        return deposit_points(mesh, particles.positions, particles.weights)
    return deposit_kernels(mesh, particles.positions, particles.weights, particles.radii)


def plan(mesh: Mesh, snapshot: Snapshot, recipe: Recipe, chunk: int, precision: str) -> list[str]:
    """What making a map would read, hold and take, a line each; every rank must call it.

    It reads a sample of each rank's particles, and times it.

    Args:
        mesh: of the map.
        snapshot: that was checked with ``recipe.check_snapshot``.
        recipe: which map to make.
        chunk: particles in memory at a time, on all ranks together.
        precision: of the file, "single" or "double".

    Raises:
        BadInput: on every rank, if the sample is damaged or impossible.
    """
    header, species = snapshot.header, recipe.target.species
    number = header.number(species)
    # Before the sample, whose memory is that of a chunk.
    bound = memory_bound(mesh, recipe, chunk, number)
    seconds, sampled = _sampled_seconds(mesh, snapshot, recipe, chunk)
    size = mesh.size * (4 if precision == "single" else 8)
    parts = ", ".join(f"{name} {_mebibytes(part)}" for name, part in bound.items())
    cosmology = header.cosmology
    return [
        f"snapshot    {snapshot.paths[0]}: {header.format}, {len(snapshot.paths)} file(s)",
        f"particles   {number} of {species}; by type {list(header.counts)}",
        f"box         {' x '.join(f'{side:g}' for side in header.box_size)} Mpc/h, "
        f"z = {header.redshift:g}",
        f"cosmology   omega_m {cosmology.omega_m:g}, omega_b {cosmology.omega_b:g}, "
        f"h {cosmology.h:g}; sigma8 {cosmology.sigma8:g} and n_s {cosmology.n_s:g}, which no "
        "snapshot states",
        f"map         {recipe.quantity} on {' x '.join(map(str, mesh.shape))} nodes, {precision}: "
        f"{_mebibytes(size)}",
        f"memory      at most {_mebibytes(sum(bound.values()))} a rank ({parts})",
        f"time        about {seconds:.0f} s on {mesh.ranks.size} rank(s), by a sample of {sampled} "
        "particles",
    ]


def memory_bound(mesh: Mesh, recipe: Recipe, chunk: int, number: int) -> dict[str, int]:
    """Most resident memory of a rank, by its purpose [bytes]; every rank must call it.

    Args:
        mesh: of the map.
        recipe: which map to make.
        chunk: particles at a time, on all ranks together.
        number: particles of the snapshot.
    """
    at_once = min(chunk, number)
    read = -(-at_once // mesh.ranks.size)
    spread, pairs = (BYTES_KERNEL, PAIRS * BYTES_PAIR) if recipe.deposit == "sph" else (0, 0)
    planes = -(-mesh.shape[0] // mesh.ranks.size)
    return {
        "program": max(gather(mesh.ranks, peak_memory())) + LIBRARIES,
        "map": SLABS * planes * mesh.shape[1] * mesh.shape[2] * 8,
        "chunk": read * (BYTES_READ + recipe.target.particle_bytes)
        + padded_length(at_once) * (BYTES_DEPOSITED + spread)
        + pairs,
    }


def _sampled_seconds(
    mesh: Mesh, snapshot: Snapshot, recipe: Recipe, chunk: int
) -> tuple[float, int]:
    """Seconds that all particles would take, and the number of those that it was timed on."""
    number = snapshot.header.number(recipe.target.species)
    start, stop = next(own_chunks(mesh.ranks, number, min(chunk, SAMPLE * mesh.ranks.size)))
    began = time.perf_counter()
    particles = agree(mesh.ranks, lambda: contributions(snapshot, recipe, start, stop))
    seconds = time.perf_counter() - began + (stop - start) * SECONDS_PARTICLE
    if particles.radii is not None:
        seconds += kernel_pairs(particles.radii, mesh.cell_size[0]) * SECONDS_PAIR
    sampled = sum(gather(mesh.ranks, stop - start))
    return max(gather(mesh.ranks, seconds)) * number / sampled, sampled


def _mebibytes(number: int) -> str:
    return f"{number / MEBIBYTE:.1f} MiB"
