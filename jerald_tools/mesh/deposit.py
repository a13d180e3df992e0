# SPDX-License-Identifier: GPL-3.0-or-later
"""Deposit of particles with SPH kernels or as clouds, in NumPy, for targets."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.exchange import home_ranks, redistribute
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import paint
from jerald_tools.mesh.ranks import gather

# Particles with the extent of their SPH kernels, deposited on the mesh (outside jit).

# A kernel that ends nearer than a cell's diagonal may meet no node but in its faint outskirts.
NARROW = 3**0.5

# Pairs of particle and node that are worked on together.
PAIRS = 2**18


def cubic_spline(q: np.ndarray) -> np.ndarray:
    """The kernel of Monaghan & Lattanzio 1985 at q = r/H, which ends at q = 1; 1 at its centre.

    1 - 6 q^2 + 6 q^3 below q = 1/2, then 2 (1 - q)^3.
    """
    outer = np.clip(1 - q, 0, None)
    return np.where(q < 0.5, 1 - 6 * q**2 * outer, 2 * outer**3)


def deposit_kernels(
    mesh: Mesh, positions: np.ndarray, weights: np.ndarray, radii: np.ndarray
) -> np.ndarray:
    """Spread every weight over the nodes within its kernel; every rank must call it.

    A particle's shares are its cubic spline at the nodes over their sum, so that its weight is
    conserved. Where the kernel ends nearer than a cell's diagonal, it is a cloud-in-cell share.

    Args:
        mesh: the mesh, its cells cubes.
        positions: (n, 3) in [0, box) [Mpc/h], in any slab.
        weights: (n).
        radii: (n) at which the kernels end [Mpc/h].

    Returns:
        This rank's slab (nx_local, ny, nz), float64, in units of the weights.
    """
    cell = mesh.cell_size[0]
    narrow = radii < NARROW * cell
    field = deposit_points(mesh, positions[narrow], weights[narrow]).astype(np.float64)
    rows = np.column_stack([positions, weights, radii])[~narrow]
    for particles in _sorted_by_reach(_copies(mesh, rows), cell):
        _spread(mesh, field, particles)
    return field


def kernel_pairs(radii: np.ndarray, cell: float) -> int:
    """How many pairs of particle and node :func:`deposit_kernels` works on."""
    wide = radii[radii >= NARROW * cell]
    return int(((2 * _reach(wide, cell) + 2) ** 3).sum())


def _reach(radii: np.ndarray, cell: float) -> np.ndarray:
    """Cells on each side of a particle that its kernel may touch."""
    return np.floor(radii / cell).astype(np.int64)


def _copies(mesh: Mesh, rows: np.ndarray) -> np.ndarray:
    """The particles, of all ranks, whose kernels may touch this rank's planes."""
    if mesh.ranks.size == 1:
        return rows
    cell, planes = mesh.cell_size[0], mesh.shape[0]
    reach = _reach(rows[:, 4], cell)
    first = np.floor(rows[:, 0] / cell).astype(np.int64) - reach
    width = 2 * reach + 2
    numbers, destinations = [], []
    for rank, (start, stop) in enumerate(mesh.x_slices):
        # Planes from the first one touched on to the rank's first one, around the box.
        ahead = (start - first) % planes
        touched = np.flatnonzero((ahead < width) | (planes - ahead < stop - start))
        if stop > start:
            numbers.append(touched)
            destinations.append(np.full(len(touched), rank))
    copies = {"rows": rows[np.concatenate(numbers)]}
    return redistribute(mesh.ranks, copies, np.concatenate(destinations))["rows"]


def _sorted_by_reach(rows: np.ndarray, cell: float) -> Iterator[np.ndarray]:
    """Batches of particles that touch equally many nodes."""
    reaches = _reach(rows[:, 4], cell)
    for reach in np.unique(reaches):
        alike = rows[reaches == reach]
        step = max(1, PAIRS // int(2 * reach + 2) ** 3)
        for start in range(0, len(alike), step):
            yield alike[start : start + step]


def _spread(mesh: Mesh, field: np.ndarray, rows: np.ndarray) -> None:
    """Add particles of one reach to this rank's slab."""
    cell = mesh.cell_size[0]
    scaled, weights, radii = rows[:, :3] / cell, rows[:, 3], rows[:, 4] / cell
    reach = int(_reach(rows[0, 4], cell))
    nodes = np.floor(scaled)[:, :, None] + np.arange(-reach, reach + 2)
    squares = (nodes - scaled[:, :, None]) ** 2
    distances = np.sqrt(
        squares[:, 0, :, None, None] + squares[:, 1, None, :, None] + squares[:, 2, None, None, :]
    )
    shares = cubic_spline(distances / radii[:, None, None, None])
    shares *= (weights / shares.sum(axis=(1, 2, 3)))[:, None, None, None]
    x, y, z = (nodes[:, axis].astype(np.int64) % mesh.shape[axis] for axis in range(3))
    x, y, z = x[:, :, None, None], y[:, None, :, None], z[:, None, None, :]
    own = (x >= mesh.x_start) & (x < mesh.x_stop)
    number = ((x - mesh.x_start) * mesh.shape[1] + y) * mesh.shape[2] + z
    here = np.broadcast_to(own, number.shape)
    np.add.at(field.reshape(-1), number[here], shares[here])


# Weights of particles that lie on any rank, deposited on the mesh (outside jit).


def deposit_points(mesh: Mesh, positions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Cloud-in-cell sum of weights; every rank must call it, with none if it has none.

    Args:
        mesh: the mesh.
        positions: (n, 3) in [0, box) [Mpc/h], in any slab.
        weights: (n).

    Returns:
        This rank's slab (nx_local, ny, nz), in units of the weights and the mesh's precision.
    """
    rows = {
        "positions": positions.astype(mesh.dtype, copy=False),
        "weights": weights.astype(mesh.dtype, copy=False),
    }
    rows = redistribute(mesh.ranks, rows, home_ranks(mesh, rows["positions"]))
    number = len(rows["weights"])
    # JAX compiles for every length that it meets: few lengths, the same on all ranks.
    length = padded_length(max(gather(mesh.ranks, number)))
    padding = length - number
    home = mesh.x_start * mesh.cell_size[0]
    where = np.concatenate([rows["positions"], np.full((padding, 3), home, mesh.dtype)])
    what = np.concatenate([rows["weights"], np.zeros(padding, mesh.dtype)])
    return np.asarray(paint(mesh, jnp.asarray(where), jnp.asarray(what)))


def padded_length(number: int) -> int:
    """The length that arrays of a number of particles are padded to: eighths of a power of two."""
    step = max(1024, 2 ** max(0, number - 1).bit_length() // 8)
    return max(1024, -(-number // step) * step)
