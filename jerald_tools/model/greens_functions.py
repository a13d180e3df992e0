# SPDX-License-Identifier: GPL-3.0-or-later
"""Isotropic functions of k: Green's functions of the displacements and filters of the maps."""

import jax.numpy as jnp


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
