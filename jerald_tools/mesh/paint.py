# SPDX-License-Identifier: GPL-3.0-or-later
"""Between particles and the mesh: cloud-in-cell painting, readout and displacement."""

import functools

import jax
import jax.numpy as jnp

from jerald_tools.mesh.mesh import Mesh, raw_operations
from jerald_tools.mesh.ranks import sum_over_ranks

# Particles to density: cloud-in-cell painting.


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


# A field at the particles: cloud-in-cell interpolation.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def readout(mesh: Mesh, field, positions):
    """Interpolate a field at particles with the cloud-in-cell weights of painting.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        positions: this rank's particles, (n, 3) [Mpc/h], anywhere.

    Returns:
        Values (n,) in units of the field.
    """
    return raw_operations(mesh).readout(mesh, field, positions)


def _adjoint(mesh, operands, values_bar):
    field, positions = operands
    slopes = raw_operations(mesh).readout_slope(mesh, field, positions)
    field_bar = raw_operations(mesh).paint(mesh, positions, values_bar)
    return field_bar, values_bar[:, None] * slopes


readout.defvjp(
    lambda mesh, field, positions: (readout(mesh, field, positions), (field, positions)), _adjoint
)


# The gradient of a field at the particles: a finite-difference stencil and one readout.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 3))
def readout_gradient(mesh: Mesh, field, positions, order: int = 6):
    """Finite-difference gradient of a field, interpolated at particles (cloud-in-cell).

    Equal to multiplying the field's spectrum by i D(k) for each axis and reading out three
    inverse transforms, with D = (45 sin kh - 9 sin 2kh + sin 3kh)/(30 h) for order 6 (equation (2))
    and (8 sin kh - sin 2kh)/(6 h) for order 4 (FastPM): the stencil needs one.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        positions: this rank's particles, (n, 3) [Mpc/h], anywhere.
        order: order of the stencil's error, 4 or 6.

    Returns:
        Gradients (n, 3), field units per Mpc/h.
    """
    return raw_operations(mesh).readout_gradient(mesh, field, positions, order)


def _readout_gradient_adjoint(mesh, order, operands, gradients_bar):
    field, positions = operands
    raw = raw_operations(mesh)
    # Two calls, so that in one process XLA leaves out the one whose result nobody uses.
    return (
        raw.readout_gradient_field_bar(mesh, positions, order, gradients_bar),
        raw.readout_gradient_positions_bar(mesh, field, positions, order, gradients_bar),
    )


readout_gradient.defvjp(
    lambda mesh, field, positions, order: (
        readout_gradient(mesh, field, positions, order),
        (field, positions),
    ),
    _readout_gradient_adjoint,
)


# Particles moved along the gradient of a field, in one operation (equation (1)).


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 3))
def displace(mesh: Mesh, field, positions, order: int = 6):
    """Positions plus the field's gradient at them, see :func:`readout_gradient`.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz) [(Mpc/h)^2].
        positions: this rank's particles, (n, 3) [Mpc/h], anywhere.
        order: order of the stencil's error, 4 or 6.

    Returns:
        New positions (n, 3) [Mpc/h], not wrapped into the box.
    """
    return raw_operations(mesh).readout_gradient(mesh, field, positions, order, onto=positions)


def _forward(mesh, field, positions, order):
    # Positions that nothing depends on, as those before the first layer, need no cotangent: over
    # ranks XLA could not leave it out.
    operands = field.value if positions.perturbed else None, positions.value
    return displace(mesh, field.value, positions.value, order), operands


def _displace_adjoint(mesh, order, operands, moved_bar):
    field, positions = operands
    raw = raw_operations(mesh)
    field_bar = raw.readout_gradient_field_bar(mesh, positions, order, moved_bar)
    if field is None:
        return field_bar, None
    return field_bar, raw.readout_gradient_positions_bar(
        mesh, field, positions, order, moved_bar, onto=moved_bar
    )


displace.defvjp(_forward, _displace_adjoint, symbolic_zeros=True)
