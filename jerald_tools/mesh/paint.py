# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles to density: cloud-in-cell painting."""

import functools

import jax
import jax.numpy as jnp

from jerald_tools.mesh.backends import raw_operations
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import sum_over_ranks


def paint(mesh: Mesh, positions, weights=None):
    """Sum of the particles' weights on the nodes, cloud-in-cell (equation (3) before the mean).

    Args:
        mesh: the mesh.
        positions: this rank's particles, (n, 3) [Mpc/h], anywhere: they are wrapped into the box.
        weights: (n,), or None for one each.

    Returns:
        This rank's slab (nx_local, ny, nz), in units of the weights.
    """
    if weights is None:
        return _paint_equal(mesh, positions)
    return _paint_weighted(mesh, positions, weights)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _paint_equal(mesh, positions):
    return raw_operations(mesh).paint(mesh, positions, None)


def _paint_equal_adjoint(mesh, positions, field_bar):
    return (raw_operations(mesh).readout_slope(mesh, field_bar, positions),)


_paint_equal.defvjp(
    lambda mesh, positions: (_paint_equal(mesh, positions), positions), _paint_equal_adjoint
)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _paint_weighted(mesh, positions, weights):
    return raw_operations(mesh).paint(mesh, positions, weights)


def _paint_weighted_adjoint(mesh, particles, field_bar):
    positions, weights = particles
    slopes = raw_operations(mesh).readout_slope(mesh, field_bar, positions)
    return weights[:, None] * slopes, raw_operations(mesh).readout(mesh, field_bar, positions)


_paint_weighted.defvjp(
    lambda mesh, positions, weights: (
        _paint_weighted(mesh, positions, weights),
        (positions, weights),
    ),
    _paint_weighted_adjoint,
)


def density(mesh: Mesh, positions, weights=None):
    """Density over its mean, 1 + d of equation (3), from particles of equal mass.

    Args:
        mesh: the mesh.
        positions: this rank's particles, (n, 3) [Mpc/h].
        weights: (n,), 1 for a particle and 0 for padding; None where there is no padding.

    Returns:
        This rank's slab (nx_local, ny, nz), dimensionless, of mean 1 over all ranks.
    """
    own = positions.shape[0] if weights is None else jnp.sum(weights, dtype=jnp.float64)
    total = sum_over_ranks(mesh.ranks, jnp.asarray(own, jnp.float64))
    return paint(mesh, positions, weights) * (mesh.size / total).astype(mesh.dtype)
