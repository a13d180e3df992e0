# SPDX-License-Identifier: GPL-3.0-or-later
"""Displacement layers: particles follow the gradient of an effective potential."""

import functools

import jax
import jax.numpy as jnp

from jerald_tools.mesh.fields import convolve, convolve_adjoint
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density, move_along_gradient
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.model.parameters import ALPHA_UNIT, Layer

# Power laws and the floor of the model, where their gradients are written by hand.

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


# The source of a displacement: a power of a field, filtered (G * f of equation (2)).


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 4))
def filtered_power_law(mesh: Mesh, field, exponent, kernel, offset: float = 0.0):
    """Convolve (field + offset)^exponent with an isotropic kernel.

    As one operation, so that its adjoint can compute the power again: between the passes it keeps
    nothing but the field.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz), positive with the offset.
        exponent: scalar.
        kernel: table as for :func:`jerald_tools.mesh.fields.convolve`.
        offset: constant added to the field.

    Returns:
        This rank's slab of the filtered power.
    """
    return convolve(mesh, power_law(field + offset, exponent), kernel)


def _forward(mesh, field, exponent, kernel, offset):
    return filtered_power_law(mesh, field, exponent, kernel, offset), (field, exponent, kernel)


def _filtered_power_law_adjoint(mesh, offset, operands, result_bar):
    field, exponent, kernel = operands
    exponent = computed_late(exponent, result_bar)
    power = power_law(field + offset, exponent)
    power_bar, kernel_bar = convolve_adjoint(mesh, power, kernel, result_bar)
    field_bar, exponent_bar = power_law_adjoint(field + offset, exponent, power, power_bar)
    return field_bar, exponent_bar, kernel_bar


filtered_power_law.defvjp(_forward, _filtered_power_law_adjoint)


# Isotropic functions of k: Green's functions of the displacements and filters of the maps.


def _power_of_k(k, slope):
    """k^slope with 0 at k = 0, differentiable there."""
    positive = jnp.where(k > 0, k, 1.0)
    return jnp.where(k > 0, jnp.exp(slope * jnp.log(positive)), 0.0), positive


def exponential_greens_function(k, k_h, k_l, nu):
    """G of the dark matter, exp(-k_h/k) exp(-k/k_l) k^nu (equation (7)); 0 at k = 0.

    Args:
        k: moduli of the wavevectors [h/Mpc].
        k_h: scale below which wavenumbers (large scales) are suppressed [h/Mpc].
        k_l: scale above which wavenumbers (small scales) are softened [h/Mpc].
        nu: logarithmic slope.

    Returns:
        G, in the shape of k.
    """
    power, positive = _power_of_k(k, nu)
    return power * jnp.exp(-k_h / positive - k / k_l)


def gaussian_greens_function(k, k_h, k_l, nu):
    """G of stellar mass and neutral hydrogen, exp(-(k_h/k)^2) exp(-(k/k_l)^2) k^nu (equation (6)).

    Arguments as :func:`exponential_greens_function`; 0 at k = 0.
    """
    power, positive = _power_of_k(k, nu)
    return power * jnp.exp(-((k_h / positive) ** 2) - (k / k_l) ** 2)


def depletion_filter(k, k_h, k_l, nu, xi):
    """O_L of the neutral hydrogen's depletion, exp(-k_h/k) exp(-k/k_l) k^nu + xi (equation (15)).

    Arguments as :func:`exponential_greens_function`, and a constant xi, the value at k = 0.
    """
    return exponential_greens_function(k, k_h, k_l, nu) + xi


def smoothing_filter(k, n):
    """O_s of the loss, 1 + k^-n (equation (11)); 1 at k = 0, as in LDL.

    Args:
        k: moduli of the wavevectors [h/Mpc].
        n: weight of large against small scales.

    Returns:
        O_s, in the shape of k.
    """
    return 1.0 + _power_of_k(k, -n)[0]


# The original's central difference has an error of sixth order in the cell size.
GRADIENT_ORDER = 6


def potential(
    mesh: Mesh, layer: Layer, alpha_unit: float, greens_function, source, offset: float = 0.0
):
    """Source alpha G * f(d) of equation (2), the potential whose gradient displaces the particles.

    Args:
        mesh: the mesh.
        layer: the layer's parameters.
        alpha_unit: what the stored alpha is a multiple of.
        greens_function: G as a function of (k, k_h, k_l, nu).
        source: density or stellar mass over its mean, (nx_local, ny, nz).
        offset: added to the source, which must then be positive.

    Returns:
        This rank's slab of the potential [(Mpc/h)^2].
    """
    kernel = greens_function(wavenumber_table(mesh), layer.k_h, layer.k_l, layer.nu)
    kernel = alpha_unit * layer.alpha * kernel
    return filtered_power_law(mesh, source, layer.gamma, kernel, offset)


def displace_by_layers(
    mesh: Mesh, layers: tuple[Layer, ...], greens_function, positions, start_density=None
):
    """Apply layers that the particles' own density sources, equations (1) and (2).

    Args:
        mesh: the mesh.
        layers: their parameters, in order.
        greens_function: G as a function of (k, k_h, k_l, nu).
        positions: this rank's particles, (n, 3) [Mpc/h].
        start_density: 1 + d of these positions if it is known already; it never changes while
            parameters are trained.

    Returns:
        New positions (n, 3) [Mpc/h], not wrapped into the box.
    """
    for number, layer in enumerate(layers):
        known = number == 0 and start_density is not None
        source = start_density if known else density(mesh, positions)
        field = potential(mesh, layer, ALPHA_UNIT, greens_function, source, EMPTY_CELL)
        positions = move_along_gradient(mesh, field, positions, GRADIENT_ORDER)
    return positions
