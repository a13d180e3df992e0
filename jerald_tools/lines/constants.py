# SPDX-License-Identifier: GPL-3.0-or-later
"""Constants of nature and of the hydrogen atom, in units of observers' formulas.

Those of nature are exact in the SI or of CODATA 2018; f and the damping of Lyman-alpha are of
Morton 2003 (ApJS 149, 205); the 21 cm line's are of Furlanetto, Oh & Briggs 2006 and Wiese & Fuhr
2009 (J. Phys. Chem. Ref. Data 38, 565).
"""

import math

BOLTZMANN = 1.380649e-16
"""[erg/K]."""

PLANCK = 6.62607015e-27
"""[erg s]."""

LIGHT_KMS = 2.99792458e5
"""Speed of light [km/s]."""

GRAVITY = 6.67430e-8
"""Newton's constant [cm^3 / (g s^2)]."""

HYDROGEN_MASS = 1.6735328e-24
"""Mass of the hydrogen atom [g]."""

MEGAPARSEC = 3.0856775814913673e24
"""[cm]."""

ELECTRON_RADIUS = 2.8179403262e-13
"""Classical radius of the electron, e^2 / (m_e c^2) [cm]."""

LYMAN_ALPHA_WAVELENGTH = 1215.6701e-8
"""[cm]."""

LYMAN_ALPHA_STRENGTH = 0.4164
"""Oscillator strength f of Lyman-alpha."""

LYMAN_ALPHA_DAMPING = 6.265e8
"""Rate of spontaneous decay of the upper level, Gamma [1/s]."""

LYMAN_ALPHA_AREA = (
    math.pi * ELECTRON_RADIUS * LIGHT_KMS * LYMAN_ALPHA_STRENGTH * LYMAN_ALPHA_WAVELENGTH
)
"""Optical depth integrated over velocity, of one atom per cm^2: pi e^2 / (m_e c) f lambda
[km/s cm^2]."""

NATURAL_WIDTH = LYMAN_ALPHA_DAMPING * LYMAN_ALPHA_WAVELENGTH / (4 * math.pi) * 1e-5
"""Half width at half maximum of the Lorentz profile of Lyman-alpha [km/s]."""


def thermal_width(temperature):
    """Doppler parameter of hydrogen, b = sqrt(2 k T / m_H) [km/s], of a temperature [K]."""
    return (2e-10 * BOLTZMANN / HYDROGEN_MASS * temperature) ** 0.5
