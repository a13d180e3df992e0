# SPDX-License-Identifier: GPL-3.0-or-later
"""The expanding background: a flat universe of matter and a cosmological constant."""

import numpy as np

from jerald_tools.cosmology import Cosmology

HUBBLE_CONSTANT = 100.0
"""The Hubble constant in km/s per Mpc/h: what turns H0 x length into a velocity."""


def hubble_rate(scale_factor, cosmology: Cosmology):
    """E(a) = H(a)/H0 = sqrt(omega_m a^-3 + omega_lambda), dimensionless.

    Args:
        scale_factor: a, a number or an array of any shape.
        cosmology: the cosmological parameters.

    Returns:
        E, of the shape of ``scale_factor``.
    """
    return np.sqrt(cosmology.omega_m * scale_factor**-3.0 + cosmology.omega_lambda)


def matter_fraction(scale_factor, cosmology: Cosmology):
    """Omega_m(a) = omega_m a^-3 / E(a)^2, of the shape of ``scale_factor``."""
    return cosmology.omega_m * scale_factor**-3.0 / hubble_rate(scale_factor, cosmology) ** 2


def scale_factor_of(redshift):
    """Scale factor a = 1/(1 + z), of the shape of ``redshift``."""
    return 1.0 / (1.0 + redshift)
