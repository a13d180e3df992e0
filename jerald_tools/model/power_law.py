# SPDX-License-Identifier: GPL-3.0-or-later
"""Power laws and the floor of the model, where their gradients are written by hand."""

import jax
import jax.numpy as jnp

# The original's ReLU never returns less, so that powers and logarithms stay finite.
FLOOR = 1e-12

# Added to a density before a power, so that an empty cell has a finite gradient.
EMPTY_CELL = 1e-8


def rectify(field):
    """ReLU with the floor 1e-12 of the original code, max(x, 1e-12)."""
    return jnp.maximum(field, jnp.asarray(FLOOR, field.dtype))


@jax.custom_vjp
def power_law(field, exponent):
    """A positive field to a power, x^gamma = exp(gamma log x): f of equation (2).

    Several times faster than ``x**gamma`` with its gradient, and exact to rounding.

    Args:
        field: positive values, (nx_local, ny, nz).
        exponent: scalar.

    Returns:
        The power, in the field's type. The exponent's gradient is accumulated in float64.
    """
    return jnp.exp(exponent.astype(field.dtype) * jnp.log(field))


def power_law_adjoint(field, exponent, power, power_bar):
    """Cotangents of field and exponent from that of the power."""
    weighted = power_bar * power
    exponent_bar = jnp.sum(weighted * jnp.log(field), dtype=jnp.float64).astype(exponent.dtype)
    return exponent.astype(field.dtype) * weighted / field, exponent_bar


def computed_late(exponent, power_bar):
    """The exponent as a number that is known only once the cotangent is.

    A power computed again with it costs little time. XLA would otherwise keep the forward pass's,
    or compute it long before it is needed, at the price of its memory.
    """
    return exponent + 0 * jnp.sum(power_bar[:1, :1, :1])


def _adjoint(operands, power_bar):
    field, exponent = operands
    exponent = computed_late(exponent, power_bar)
    return power_law_adjoint(field, exponent, power_law(field, exponent), power_bar)


power_law.defvjp(lambda field, exponent: (power_law(field, exponent), (field, exponent)), _adjoint)
