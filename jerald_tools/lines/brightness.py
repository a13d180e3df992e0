# SPDX-License-Identifier: GPL-3.0-or-later
"""Brightness temperature of the 21 cm line, what a beam makes of it, and noise."""

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jerald_tools.cosmology import Cosmology, hubble_rate, scale_factor_of
from jerald_tools.lines.constants import BRIGHTNESS, CRITICAL_DENSITY, HYDROGEN_MASS
from jerald_tools.lines.geometry import across
from jerald_tools.mesh.fields import c2r, r2c
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.wavenumbers import wavevectors

FWHM_IN_SIGMA = math.sqrt(8 * math.log(2))


def hydrogen_share(redshift: float, cosmology: Cosmology) -> float:
    """Omega_HI of one atom per proper cm^3: its comoving mass over today's critical density."""
    critical = CRITICAL_DENSITY * cosmology.h**2
    return HYDROGEN_MASS / (1 + redshift) ** 3 / critical


def temperature_of_share(redshift: float, cosmology: Cosmology) -> float:
    """Brightness temperature of Omega_HI = 1, C h (1+z)^2 / E(z) [mK]."""
    rate = hubble_rate(scale_factor_of(redshift), cosmology)
    return BRIGHTNESS * cosmology.h * (1 + redshift) ** 2 / float(rate)


def through_beam(
    mesh: Mesh, field: Float[AnyArray, "x y z"], width: float, line_of_sight: int
) -> Float[Array, "x y z"]:
    """A field as a Gaussian beam sees it, smoothed across the line of sight alone.

    Args:
        mesh: of the field.
        field: this rank's slab.
        width: of the beam at half of its height [Mpc/h].
        line_of_sight: 0, 1 or 2.
    """
    sigma = width / FWHM_IN_SIGMA
    squares = [wavevectors(mesh)[axis] ** 2 for axis in across(line_of_sight)]
    window = np.exp(-0.5 * sigma**2 * (squares[0] + squares[1])).astype(mesh.dtype)
    return c2r(mesh, r2c(mesh, jnp.asarray(field, mesh.dtype)) * window)


def thermal_noise(mesh: Mesh, rms: float, seed: int) -> Float[np.ndarray, "x y z"]:
    """White Gaussian noise, this rank's slab; the same on any number of ranks.

    Args:
        mesh: of the field.
        rms: of a cell, in units of the field.
        seed: another one, other noise.
    """
    planes = [
        np.random.default_rng([seed, plane]).normal(scale=rms, size=mesh.shape[1:])
        for plane in range(mesh.x_start, mesh.x_stop)
    ]
    return np.array(planes).reshape(mesh.local_shape)
