# SPDX-License-Identifier: GPL-3.0-or-later
"""What making a map will read, hold in memory, take and write, said before it is done."""

import time

from jerald_tools.files.provenance import peak_memory
from jerald_tools.files.snapshots.snapshot import Snapshot
from jerald_tools.mesh.deposit_kernels import PAIRS, kernel_pairs
from jerald_tools.mesh.deposit_points import padded_length
from jerald_tools.mesh.distributed_files import agree
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather
from jerald_tools.targets.contributions import contributions
from jerald_tools.targets.recipe import Recipe
from jerald_tools.targets.target_map import own_chunks

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
