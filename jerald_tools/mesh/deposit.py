# SPDX-License-Identifier: GPL-3.0-or-later
"""Deposit of a simulation's particles for target maps: as points or with SPH kernels, in NumPy.

Outside jit and without adjoints. Particles may lie on any rank, in [0, box) along each axis.
"""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jerald_tools.mesh.exchange import redistribute, send_home
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import paint
from jerald_tools.mesh.ranks import gather

NARROW = 3**0.5
"""A kernel that ends within this many cells, a cell's diagonal, is deposited as a point.

It may meet no node but in its faint outskirts.
"""

PAIRS = 2**18
"""Pairs of particle and node that are worked on together."""

LEAST_LENGTH = 1024
"""Particles are padded to at least so many."""


def deposit_points(
    mesh: Mesh, positions: Float[np.ndarray, "n 3"], weights: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "x y z"]:
    """Cloud-in-cell sum of weights, in their units and the mesh's precision.

    Every rank must call it, without particles if it has none; positions are in Mpc/h.
    """
    rows = send_home(
        mesh,
        {
            "positions": positions.astype(mesh.dtype, copy=False),
            "weights": weights.astype(mesh.dtype, copy=False),
        },
    )
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
    step = max(LEAST_LENGTH, 2 ** max(0, number - 1).bit_length() // 8)
    return max(LEAST_LENGTH, -(-number // step) * step)


def cubic_spline(q: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """The kernel of Monaghan & Lattanzio 1985 at q = r / H, which ends at q = 1; 1 at its centre.

    W(q) = 1 - 6 q^2 + 6 q^3 below q = 1/2, then 2 (1 - q)^3.
    """
    outer = np.clip(1 - q, 0, None)
    return np.where(q < 0.5, 1 - 6 * q**2 * outer, 2 * outer**3)


def deposit_kernels(
    mesh: Mesh,
    positions: Float[np.ndarray, "n 3"],
    weights: Float[np.ndarray, " n"],
    radii: Float[np.ndarray, " n"],
) -> Float[np.ndarray, "x y z"]:
    """Spread every weight over the nodes within its particle's kernel; every rank must call it.

    A particle's shares are its cubic spline at the nodes over their sum, so that its weight is
    conserved. Where the kernel ends nearer than a cell's diagonal, it is a cloud-in-cell share.

    Args:
        mesh: its cells must be cubes.
        positions: in any slab [Mpc/h].
        weights: in any units, which are the result's.
        radii: where the kernels end [Mpc/h].
    """
    cell = mesh.cell_size[0]
    narrow = radii < NARROW * cell
    field = deposit_points(mesh, positions[narrow], weights[narrow]).astype(np.float64)
    rows = np.column_stack([positions, weights, radii])[~narrow]
    for particles in _sorted_by_reach(_copies(mesh, rows), cell):
        _add_shares(mesh, field, particles)
    return field


def kernel_pairs(radii: Float[np.ndarray, " n"], cell: float) -> int:
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


def _add_shares(mesh: Mesh, field: np.ndarray, rows: np.ndarray) -> None:
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
