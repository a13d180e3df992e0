# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate coefficients of hydrogen and helium: recombination and ionisation by collisions.

All take a temperature [K], a number or an array, and return cm^3/s of its shape.
"""

import numpy as np

KELVIN_PER_ELECTRONVOLT = 11604.518

# Radiative recombination, Verner & Ferland 1996, ApJS 103, 467, table 1: a, b, T0, T1.
TO_HYDROGEN = (7.982e-11, 0.7480, 3.148, 7.036e5)
TO_HELIUM_COLD = (3.294e-11, 0.6910, 15.54, 3.676e7)
TO_HELIUM_HOT = (9.356e-10, 0.7892, 4.266e-2, 4.677e6)
TO_IONISED_HELIUM = (1.891e-10, 0.7524, 9.370, 2.774e6)

# Where their first fit for helium ends and the second one begins [K].
HOT_HELIUM = 1e6

# Ionisation by electrons, Voronov 1997, ADNDT 65, 1, table I: threshold [eV], P, A, X, K.
IONISES_HYDROGEN = (13.6, 0, 2.91e-8, 0.232, 0.39)
IONISES_HELIUM = (24.6, 0, 1.75e-8, 0.180, 0.35)
IONISES_IONISED_HELIUM = (54.4, 1, 2.05e-9, 0.265, 0.25)


def _radiative(temperature, fit):
    """Verner & Ferland's equation (4)."""
    a, b, cold, hot = fit
    low, high = np.sqrt(temperature / cold), np.sqrt(temperature / hot)
    return a / (low * (1 + low) ** (1 - b) * (1 + high) ** (1 + b))


def _by_collisions(temperature, fit):
    """Voronov's equation (1) with U the threshold over kT."""
    threshold, p, a, x, k = fit
    u = threshold * KELVIN_PER_ELECTRONVOLT / temperature
    return a * (1 + p * np.sqrt(u)) / (x + u) * u**k * np.exp(-u)


def hydrogen_recombination(temperature):
    """HII + e -> HI."""
    return _radiative(temperature, TO_HYDROGEN)


def helium_recombination(temperature):
    """HeII + e -> HeI, radiative and dielectronic (Black 1981, MNRAS 197, 553)."""
    radiative = np.where(
        temperature < HOT_HELIUM,
        _radiative(temperature, TO_HELIUM_COLD),
        _radiative(temperature, TO_HELIUM_HOT),
    )
    dielectronic = (
        1.9e-3
        * temperature**-1.5
        * np.exp(-4.7e5 / temperature)
        * (1 + 0.3 * np.exp(-9.4e4 / temperature))
    )
    return radiative + dielectronic


def ionised_helium_recombination(temperature):
    """HeIII + e -> HeII."""
    return _radiative(temperature, TO_IONISED_HELIUM)


def hydrogen_collisions(temperature):
    """HI + e -> HII + 2e."""
    return _by_collisions(temperature, IONISES_HYDROGEN)


def helium_collisions(temperature):
    """HeI + e -> HeII + 2e."""
    return _by_collisions(temperature, IONISES_HELIUM)


def ionised_helium_collisions(temperature):
    """HeII + e -> HeIII + 2e."""
    return _by_collisions(temperature, IONISES_IONISED_HELIUM)
