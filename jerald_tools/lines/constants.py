# SPDX-License-Identifier: GPL-3.0-or-later
"""Constants of nature and of the hydrogen atom, in units of observers' formulas.

Those of nature are exact in the SI or of CODATA 2018; f and the damping of Lyman-alpha are of
Morton 2003 (ApJS 149, 205); A10 of the 21 cm line is that
of a magnetic dipole of one Bohr magneton.
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


HYPERFINE_FREQUENCY = 1.420405751768e9
"""Of the 21 cm line at rest [Hz]."""

BOHR_MAGNETON = 9.2740100783e-21
"""[erg/G]."""

HYPERFINE_DECAY = (64 * math.pi**4 * HYPERFINE_FREQUENCY**3 * BOHR_MAGNETON**2) / (
    3 * PLANCK * (1e5 * LIGHT_KMS) ** 3
)
"""Rate of spontaneous decay of its upper level, A10 = 64 pi^4 nu^3 mu_B^2 / (3 h c^3), 2.869e-15
[1/s]. Much work has 2.85e-15, with which temperatures are 0.7 % lower."""

HUBBLE_RATE = 1e7 / MEGAPARSEC
"""100 km/s/Mpc [1/s]."""

CRITICAL_DENSITY = 3 * HUBBLE_RATE**2 / (8 * math.pi * GRAVITY)
"""Today, for h = 1 [g/cm^3]."""

BRIGHTNESS = (
    1e3
    * (9 * PLANCK * (1e5 * LIGHT_KMS) ** 3 * HYPERFINE_DECAY * HUBBLE_RATE)
    / (256 * math.pi**2 * GRAVITY * BOLTZMANN * HYDROGEN_MASS * HYPERFINE_FREQUENCY**2)
)
"""C of the brightness temperature T = C h (1+z)^2 / E(z) Omega_HI [mK], of gas that is much warmer
than the background: 9 h_P c^3 A10 H / (256 pi^2 G k m_H nu^2)."""


def thermal_width(temperature):
    """Doppler parameter of hydrogen, b = sqrt(2 k T / m_H) [km/s], of a temperature [K]."""
    return (2e-10 * BOLTZMANN / HYDROGEN_MASS * temperature) ** 0.5
