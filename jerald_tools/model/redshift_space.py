# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps in redshift space: what is in a cell moves with the particles that were painted in it."""

import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import paint, readout

# Nodes with less of a particle than this count as empty: float32 could not hold their value over
# their share.
LEAST_SHARE = 1e-20


def line_of_sight_shifts(mesh: Mesh, velocities, axis: int, redshift: float, hubble_rate: float):
    """How far particles appear moved along a line of sight, v / (a H), (n, 3) [Mpc/h].

    Args:
        mesh: the mesh, for its precision.
        velocities: peculiar, (n, 3) [km/s].
        axis: 0, 1 or 2.
        redshift: of the particles.
        hubble_rate: E(a) = H(a) / H0.
    """
    scale_factor = 1 / (1 + redshift)
    shifts = np.zeros(velocities.shape, mesh.dtype)
    shifts[:, axis] = np.asarray(velocities)[:, axis] / (scale_factor * 100 * hubble_rate)
    return jnp.asarray(shifts)


@functools.partial(jax.jit, static_argnums=0)
def move_map(mesh: Mesh, field, positions, shifts):
    """Move a map with the particles that it was painted from.

    A node's value belongs to the particles painted on it, in proportion to their cloud-in-cell
    weights there; each share moves by its particle's shift and is painted there. Nothing is lost
    (a nonlinear transform of the redshift-space density would not conserve the mass), and without
    shifts the map is unchanged. Nodes without particles stay as they are.

    Args:
        mesh: the mesh.
        field: this rank's slab of the map in real space (nx_local, ny, nz).
        positions: the particles that it follows, (n, 3) [Mpc/h].
        shifts: theirs, (n, 3) [Mpc/h].

    Returns:
        This rank's slab of the map in redshift space.
    """
    # In units of cells, nodes are integers: painted and read out without rounding to a neighbour,
    # whose share of a particle may be smaller than that by any factor.
    unit_mesh = dataclasses.replace(mesh, box_size=tuple(map(float, mesh.shape)))
    cell_size = jnp.asarray(mesh.cell_size, mesh.dtype)
    cells, cell_shifts = positions / cell_size, shifts / cell_size
    lower = jnp.floor(cells)
    offsets = cells - lower
    shares = []
    for corner in itertools.product((0.0, 1.0), repeat=3):
        corner = jnp.asarray(corner, mesh.dtype)
        weights = jnp.prod(corner * offsets + (1 - corner) * (1 - offsets), axis=1)
        shares.append((lower + corner, weights))
    painted = sum(paint(unit_mesh, nodes, weights) for nodes, weights in shares)
    occupied = painted > LEAST_SHARE
    per_weight = jnp.where(occupied, field / jnp.where(occupied, painted, 1), 0)
    moved = jnp.where(occupied, 0, field)
    for nodes, weights in shares:
        values = weights * readout(unit_mesh, per_weight, nodes)
        moved += paint(unit_mesh, nodes + cell_shifts, values)
    return moved
