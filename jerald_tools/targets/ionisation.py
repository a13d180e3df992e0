# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutral hydrogen in ionisation equilibrium with a background and with collisions."""

from collections.abc import Callable

import numpy as np

from jerald_tools.errors import RunFailed
from jerald_tools.io.uv_background import PhotoionisationRates

# Rate coefficients of hydrogen and helium: recombination and ionisation by collisions.
#
# All take a temperature [K], a number or an array, and return cm^3/s of its shape.

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


BOLTZMANN = 1.380649e-16  # erg / K
PROTON_MASS = 1.67262192369e-24  # g
ADIABATIC_INDEX = 5 / 3
CONVERGED = 1e-12
MOST_ROUNDS = 240

# Particles that are worked on together: their arrays stay in the processor's cache.
BLOCK = 2**14


def temperature_of(internal_energy, electrons, hydrogen_fraction):
    """Temperature of gas, (gamma - 1) u mu m_p / k [K].

    mu = (1 + 4 y) / (1 + y + n_e / n_H), y = n_He / n_H.

    Args:
        internal_energy: per mass [(km/s)^2].
        electrons: n_e / n_H.
        hydrogen_fraction: of the mass.
    """
    helium = helium_per_hydrogen(hydrogen_fraction)
    mean_weight = (1 + 4 * helium) / (1 + helium + electrons)
    return (ADIABATIC_INDEX - 1) * internal_energy * 1e10 * mean_weight * PROTON_MASS / BOLTZMANN


def helium_per_hydrogen(hydrogen_fraction):
    """n_He / n_H of gas whose mass is hydrogen by a fraction, the rest helium."""
    return (1 - hydrogen_fraction) / (4 * hydrogen_fraction)


def neutral_fraction(
    hydrogen_density: np.ndarray,
    temperature: Callable[[np.ndarray, np.ndarray], np.ndarray],
    hydrogen_fraction: np.ndarray,
    rates: PhotoionisationRates,
    shielding: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """n_HI / n_H in equilibrium (Katz, Weinberg & Hernquist 1996, equations 33 to 38).

    The electrons are those of hydrogen and helium: n_e is found where what it leaves ionised gives
    it back, between bounds that close in on it. More electrons leave less ionised, so that there is
    one solution.

    Args:
        hydrogen_density: n_H, atoms and ions, proper [cm^-3] (n).
        temperature: of ``(electrons, rows)``, n_e / n_H of the numbered rows to their T [K].
        hydrogen_fraction: of the mass (n).
        rates: of photoionisation, before shielding.
        shielding: of ``(temperature, rows)``, the share of the rates that is left; None is all.

    Returns:
        (n), from 0 to 1.

    Raises:
        RunFailed: if a solution is not found.
    """
    helium = helium_per_hydrogen(hydrogen_fraction)

    def balance(electrons, rows):
        heat = temperature(electrons, rows)
        left = 1.0 if shielding is None else shielding(heat, rows)
        return _balance(heat, electrons * hydrogen_density[rows], helium[rows], rates, left)

    neutral = np.empty(len(hydrogen_density))
    for start in range(0, len(neutral), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(neutral)))
        _solve(neutral, rows, 1 + 2 * helium[rows], balance)
    return neutral


def _solve(neutral: np.ndarray, rows: np.ndarray, most: np.ndarray, balance) -> None:
    """Find the electrons of some rows, between none and most, and fill in what is neutral."""
    low, high, electrons = np.zeros(len(rows)), most, most
    for attempt in range(MOST_ROUNDS):
        neutral[rows], freed = balance(electrons, rows)
        enough = freed < electrons
        high, low = np.where(enough, electrons, high), np.where(enough, low, electrons)
        open_still = (np.abs(freed - electrons) > CONVERGED * electrons) & (
            high - low > CONVERGED * high
        )
        if not open_still.any():
            return
        # What the electrons free is close where gas is ionised; a round of halving now and then
        # closes in on the rest.
        middle = 0.5 * (low + high)
        trial = np.where((freed > low) & (freed < high) & (attempt % 4 != 3), freed, middle)
        rows, electrons = rows[open_still], trial[open_still]
        low, high = low[open_still], high[open_still]
    raise RunFailed(f"no ionisation equilibrium found for {len(rows)} gas particles")


def _balance(temperature, electron_density, helium, rates: PhotoionisationRates, left):
    """The neutral fraction that an electron density allows, and the electrons it frees, n_e / n_H.

    At each stage ionisation, by photons and by collisions, equals recombination.
    """
    recombination = hydrogen_recombination(temperature)
    ionisation = hydrogen_collisions(temperature) + left * rates.hydrogen / electron_density
    neutral = recombination / (recombination + ionisation)
    once = (
        helium_collisions(temperature) + left * rates.helium / electron_density
    ) / helium_recombination(temperature)
    twice = (
        ionised_helium_collisions(temperature) + left * rates.ionised_helium / electron_density
    ) / ionised_helium_recombination(temperature)
    neutral_helium = 1 / (1 + once * (1 + twice))
    freed_of_helium = neutral_helium * once * (1 + 2 * twice)
    # 1 - neutral, without the rounding where nearly all is neutral.
    freed = ionisation / (recombination + ionisation) + helium * freed_of_helium
    return neutral, freed
