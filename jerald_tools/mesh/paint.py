# SPDX-License-Identifier: GPL-3.0-or-later
"""Between particles and the mesh: cloud-in-cell painting, readout, gradients, displacement.

Cloud-in-cell (Hockney & Eastwood 1981): a particle at x shares with the node at x_i the weight
product over axes of max(0, 1 - |x - x_i| / h), with h the cell size. Positions [Mpc/h] may lie
anywhere, they are wrapped into the box. Each operation is followed by its adjoint.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jerald_tools.mesh.mesh import AnyArray, Mesh, raw_operations, with_adjoint
from jerald_tools.mesh.ranks import sum_over_ranks


def paint(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    weights: Float[AnyArray, " n"] | None = None,
) -> Float[Array, "x y z"]:
    """Sum of the particles' weights on the nodes (equation (3) before division by the mean).

    The result has the units of the weights; without weights, each particle counts 1.
    """
    if weights is None:
        return _paint_equal(mesh, positions)
    return _paint_weighted(mesh, positions, weights)


@with_adjoint()
def _paint_equal(mesh: Mesh, positions) -> Array:
    return raw_operations(mesh).paint(mesh, positions, None)


def _paint_equal_adjoint(mesh, positions, field_bar):
    return (raw_operations(mesh).paint_adjoint(mesh, positions, field_bar),)


_paint_equal.defvjp(
    lambda mesh, positions: (_paint_equal(mesh, positions), positions), _paint_equal_adjoint
)


@with_adjoint()
def _paint_on_the_way(mesh: Mesh, positions) -> tuple[Array, Array]:
    return raw_operations(mesh).paint(mesh, positions, None), positions


def _paint_on_the_way_adjoint(mesh, positions, bars):
    field_bar, positions_bar = bars
    return (raw_operations(mesh).paint_adjoint(mesh, positions, field_bar, positions_bar),)


_paint_on_the_way.defvjp(
    lambda mesh, positions: (_paint_on_the_way(mesh, positions), positions),
    _paint_on_the_way_adjoint,
)


@with_adjoint()
def _paint_weighted(mesh: Mesh, positions, weights) -> Array:
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


def density(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    weights: Float[AnyArray, " n"] | None = None,
) -> Float[Array, "x y z"]:
    """Density over its mean, 1 + d of equation (3), from particles of equal mass.

    Args:
        mesh: its mean over all ranks is 1.
        positions: of this rank's particles [Mpc/h].
        weights: 1 for a particle and 0 for padding; None where there is no padding.
    """
    own = positions.shape[0] if weights is None else jnp.sum(weights, dtype=jnp.float64)
    return paint(mesh, positions, weights) * _per_mean(mesh, own)


def density_on_the_way(
    mesh: Mesh, positions: Float[AnyArray, "n 3"]
) -> tuple[Float[Array, "x y z"], Float[Array, "n 3"]]:
    """The density of particles that go on, and the particles.

    What follows takes the particles that are returned: the adjoint then adds to their cotangent
    what the density leaves for it, in one operation.

    Args:
        mesh: as for :func:`density`.
        positions: of this rank's particles [Mpc/h].
    """
    field, positions = _paint_on_the_way(mesh, positions)
    return field * _per_mean(mesh, positions.shape[0]), positions


def _per_mean(mesh: Mesh, own_mass) -> Array:
    """One over the mean number of particles of a cell, from the number of this rank's."""
    total = sum_over_ranks(mesh.ranks, jnp.asarray(own_mass, jnp.float64))
    return (mesh.size / total).astype(mesh.dtype)


@with_adjoint()
def readout(
    mesh: Mesh, field: Float[AnyArray, "x y z"], positions: Float[AnyArray, "n 3"]
) -> Float[Array, " n"]:
    """Interpolate a field at particles, with the weights of painting, in units of the field."""
    return raw_operations(mesh).readout(mesh, field, positions)


def _readout_adjoint(mesh, operands, values_bar):
    field, positions = operands
    slopes = raw_operations(mesh).readout_slope(mesh, field, positions)
    field_bar = raw_operations(mesh).paint(mesh, positions, values_bar)
    return field_bar, values_bar[:, None] * slopes


readout.defvjp(
    lambda mesh, field, positions: (readout(mesh, field, positions), (field, positions)),
    _readout_adjoint,
)


@with_adjoint(static=(0, 3))
def readout_gradient(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    order: int = 6,
) -> Float[Array, "n 3"]:
    """Finite-difference gradient of a field, interpolated at particles, in its units per Mpc/h.

    The same as multiplying the field's spectrum by i D(k) along each axis and reading out three
    inverse transforms, with D = (45 sin kh - 9 sin 2kh + sin 3kh) / (30 h) for errors of order 6
    (equation (2)) and (8 sin kh - sin 2kh) / (6 h) for order 4 (FastPM), by one readout of a
    stencil.
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


@with_adjoint(static=(0, 3))
def move_along_gradient(
    mesh: Mesh,
    potential: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    order: int = 6,
) -> Float[Array, "n 3"]:
    """Particles moved by the gradient of a potential [(Mpc/h)^2] at them, equation (1).

    Positions plus :func:`readout_gradient` in one operation; they are not wrapped into the box.
    """
    return raw_operations(mesh).readout_gradient(mesh, potential, positions, order, onto=positions)


def _move_forward(mesh, potential, positions, order):
    # Positions that depend on no parameter, as those before the first layer, need no cotangent:
    # over ranks XLA could not leave it out.
    operands = potential.value if positions.perturbed else None, positions.value
    return move_along_gradient(mesh, potential.value, positions.value, order), operands


def _move_adjoint(mesh, order, operands, moved_bar):
    potential, positions = operands
    raw = raw_operations(mesh)
    if potential is None:
        return raw.readout_gradient_field_bar(mesh, positions, order, moved_bar), None
    return raw.move_adjoint(mesh, potential, positions, order, moved_bar)


move_along_gradient.defvjp(_move_forward, _move_adjoint, symbolic_zeros=True)
