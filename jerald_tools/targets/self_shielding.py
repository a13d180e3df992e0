# SPDX-License-Identifier: GPL-3.0-or-later
"""Shielding of dense gas from the ultraviolet background (Rahmati et al. 2013, arXiv:1210.7808)."""

import numpy as np

from jerald_tools.errors import BadInput

# Their table 2: cross section averaged over the spectrum of Faucher-Giguere et al. 2009 [cm^2].
CROSS_SECTION_REDSHIFTS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
CROSS_SECTIONS = (2.59e-18, 2.37e-18, 2.27e-18, 2.15e-18, 2.02e-18, 1.94e-18)


def cross_section(redshift: float) -> float:
    """Mean cross section of HI to the background [cm^2], linear in z between their redshifts.

    Raises:
        BadInput: above z = 5, where they have none.
    """
    if redshift > CROSS_SECTION_REDSHIFTS[-1]:
        raise BadInput(
            f"--self-shielding at z = {redshift:g}: Rahmati et al. 2013 have z = 0 to 5; leave it "
            "out"
        )
    return float(np.interp(redshift, CROSS_SECTION_REDSHIFTS, CROSS_SECTIONS))


def shielding_density(temperature, photoionisation_rate: float, sigma: float, gas_fraction: float):
    """Density of hydrogen at which gas shields itself, their equation (13) [cm^-3].

    6.73e-3 (sigma / 2.49e-18 cm^2)^(-2/3) T4^0.17 Gamma_-12^(2/3) (f_g / 0.17)^(-1/3).

    Args:
        temperature: [K], an array.
        photoionisation_rate: of HI by the background, unshielded [1/s].
        sigma: :func:`cross_section` [cm^2].
        gas_fraction: baryons over all matter.
    """
    return (
        6.73e-3
        * (sigma / 2.49e-18) ** (-2 / 3)
        * (temperature / 1e4) ** 0.17
        * (photoionisation_rate / 1e-12) ** (2 / 3)
        * (gas_fraction / 0.17) ** (-1 / 3)
    )


def shielded_share(hydrogen_density, threshold):
    """What is left of the background's rate in gas, their equation (14).

    0.98 (1 + (n_H / n_ssh)^1.64)^-2.28 + 0.02 (1 + n_H / n_ssh)^-0.84.

    Args:
        hydrogen_density: n_H, atoms and ions [cm^-3], an array.
        threshold: :func:`shielding_density` [cm^-3].
    """
    ratio = hydrogen_density / threshold
    return 0.98 * (1 + ratio**1.64) ** -2.28 + 0.02 * (1 + ratio) ** -0.84
