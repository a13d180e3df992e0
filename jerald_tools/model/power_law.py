# SPDX-License-Identifier: GPL-3.0-or-later
"""Power laws of positive fields and the maps made of them (equations (2), (8) and (13))."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.parameters import (
    parameter,
    parameter_class,
    scatter_factor,
    scatter_shift,
)

# The original's ReLU never returns less, so that powers and logarithms stay finite.
FLOOR = 1e-12

# Added to a density before a power, so that an empty cell has a finite gradient.
EMPTY_CELL = 1e-8


@parameter_class
class Transform:
    """Amplitude w, exponent mu and threshold b of equations (8) and (13)."""

    w: float = parameter(1.0, distance=0.3, scatter=scatter_factor(0.3), lower=1e-5)
    mu: float = parameter(1.0, distance=0.2, scatter=scatter_factor(0.2), lower=0.1, upper=4.0)
    b: float = parameter(0.1, distance=0.1, scatter=scatter_shift(0.1))


def rectify(field: Float[Array, "..."]) -> Float[Array, "..."]:
    """ReLU with the floor 1e-12 of the original code, max(x, 1e-12)."""
    return jnp.maximum(field, jnp.asarray(FLOOR, field.dtype))


def threshold(
    mesh: Mesh, transform: Transform, power: Float[Array, "x y z"]
) -> Float[Array, "x y z"]:
    """F = ReLU(p - b), what equation (8) makes of its power law.

    Args:
        mesh: for its precision.
        transform: for b.
        power: p = w (1 + d)^mu of the displaced particles, this rank's slab.

    Returns:
        This rank's slab, over the mean of the training targets.
    """
    return rectify(power - jnp.asarray(transform.b, mesh.dtype))
