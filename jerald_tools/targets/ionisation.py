# SPDX-License-Identifier: GPL-3.0-or-later
"""The ionisation of hydrogen and helium by electrons and an ultraviolet background.

Rate coefficients [cm^3/s] of a temperature [K], the equilibrium of ionisation and recombination
(Katz, Weinberg & Hernquist 1996), and the shielding of dense gas (Rahmati et al. 2013).
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from jerald_tools.errors import BadInput, RunFailed
from jerald_tools.io.uv_background import PhotoionisationRates

BOLTZMANN = 1.380649e-16  # erg / K
PROTON_MASS = 1.67262192369e-24  # g
KELVIN_PER_ELECTRONVOLT = 11604.518
ADIABATIC_INDEX = 5 / 3

# Radiative recombination, Verner & Ferland 1996, ApJS 103, 467, table 1: a, b, T0, T1.
TO_HYDROGEN = (7.982e-11, 0.7480, 3.148, 7.036e5)
TO_HELIUM_COLD = (3.294e-11, 0.6910, 15.54, 3.676e7)
TO_HELIUM_HOT = (9.356e-10, 0.7892, 4.266e-2, 4.677e6)
TO_IONISED_HELIUM = (1.891e-10, 0.7524, 9.370, 2.774e6)

# Temperature between their two fits for helium [K].
HOT_HELIUM = 1e6

# Ionisation by electrons, Voronov 1997, ADNDT 65, 1, table I: threshold [eV], P, A, X, K.
IONISES_HYDROGEN = (13.6, 0, 2.91e-8, 0.232, 0.39)
IONISES_HELIUM = (24.6, 0, 1.75e-8, 0.180, 0.35)
IONISES_IONISED_HELIUM = (54.4, 1, 2.05e-9, 0.265, 0.25)

# Rahmati et al. 2013, arXiv:1210.7808, table 2: the cross section of HI averaged over the spectrum
# of Faucher-Giguere et al. 2009 [cm^2].
CROSS_SECTION_REDSHIFTS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
CROSS_SECTIONS = (2.59e-18, 2.37e-18, 2.27e-18, 2.15e-18, 2.02e-18, 1.94e-18)

# Where the search for the electrons of a particle ends: their relative error, or so many rounds.
CONVERGED = 1e-12
MOST_ROUNDS = 240

# Particles of a block: its arrays stay in the processor's cache.
BLOCK = 2**14

Temperature = Float[np.ndarray, " n"] | float
Values = Float[np.ndarray, " n"]
OfRows = Callable[[Values, Int[np.ndarray, " n"]], Values]
"""A function of a property of some particles and of their numbers."""


def hydrogen_recombination(temperature: Temperature) -> Values:
    """HII + e -> HI."""
    return _radiative(temperature, TO_HYDROGEN)


def helium_recombination(temperature: Temperature) -> Values:
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


def ionised_helium_recombination(temperature: Temperature) -> Values:
    """HeIII + e -> HeII."""
    return _radiative(temperature, TO_IONISED_HELIUM)


def hydrogen_collisions(temperature: Temperature) -> Values:
    """HI + e -> HII + 2e."""
    return _by_collisions(temperature, IONISES_HYDROGEN)


def helium_collisions(temperature: Temperature) -> Values:
    """HeI + e -> HeII + 2e."""
    return _by_collisions(temperature, IONISES_HELIUM)


def ionised_helium_collisions(temperature: Temperature) -> Values:
    """HeII + e -> HeIII + 2e."""
    return _by_collisions(temperature, IONISES_IONISED_HELIUM)


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


def helium_per_hydrogen(hydrogen_fraction: Values | float) -> Values:
    """n_He / n_H of gas of hydrogen and helium.

    Args:
        hydrogen_fraction: hydrogen over all gas by mass.
    """
    fraction = np.asarray(hydrogen_fraction)
    return (1 - fraction) / (4 * fraction)


def temperature_of(
    internal_energy: Values | float, electrons: Values | float, hydrogen_fraction: Values | float
) -> Values:
    """Temperature of gas, (gamma - 1) u mu m_p / k [K].

    mu = (1 + 4 y) / (1 + y + n_e / n_H), y = n_He / n_H.

    Args:
        internal_energy: per mass [(km/s)^2].
        electrons: n_e / n_H.
        hydrogen_fraction: hydrogen over all gas by mass.
    """
    helium = helium_per_hydrogen(hydrogen_fraction)
    mean_weight = (1 + 4 * helium) / (1 + helium + electrons)
    return (ADIABATIC_INDEX - 1) * internal_energy * 1e10 * mean_weight * PROTON_MASS / BOLTZMANN


def cross_section(redshift: float) -> float:
    """Mean cross section of HI to the background [cm^2], linear in z between those of the table.

    Raises:
        BadInput: above z = 5, where the table ends.
    """
    if redshift > CROSS_SECTION_REDSHIFTS[-1]:
        raise BadInput(
            f"--self-shielding at z = {redshift:g}: Rahmati et al. 2013 have z = 0 to 5; leave it "
            "out"
        )
    return float(np.interp(redshift, CROSS_SECTION_REDSHIFTS, CROSS_SECTIONS))


def shielding_density(
    temperature: Temperature, photoionisation_rate: float, sigma: float, gas_fraction: float
) -> Values:
    """Hydrogen density above which gas shields itself, Rahmati et al.'s equation (13) [cm^-3].

    6.73e-3 (sigma / 2.49e-18 cm^2)^(-2/3) T4^0.17 Gamma_-12^(2/3) (f_g / 0.17)^(-1/3).

    Args:
        temperature: of the gas [K].
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


def shielded_share(hydrogen_density: Values, threshold: Values | float) -> Values:
    """The share of the background's rates that is left in gas, Rahmati et al.'s equation (14).

    0.98 (1 + (n_H / n_ssh)^1.64)^-2.28 + 0.02 (1 + n_H / n_ssh)^-0.84.

    Args:
        hydrogen_density: n_H, atoms and ions [cm^-3].
        threshold: n_ssh, :func:`shielding_density` [cm^-3].
    """
    ratio = hydrogen_density / threshold
    return 0.98 * (1 + ratio**1.64) ** -2.28 + 0.02 * (1 + ratio) ** -0.84


def neutral_fraction(
    hydrogen_density: Values,
    temperature: OfRows,
    hydrogen_fraction: Values,
    rates: PhotoionisationRates,
    shielding: OfRows | None = None,
) -> Values:
    """n_HI / n_H in equilibrium (Katz, Weinberg & Hernquist 1996, equations 33 to 38).

    The electrons come from hydrogen and helium: n_e is the density at which the gas that it leaves
    ionised frees just as many, bracketed ever closer. More electrons leave less gas ionised, so
    there is one solution.

    Args:
        hydrogen_density: n_H, atoms and ions, proper [cm^-3].
        temperature: of ``(electrons, rows)``: T [K] of the numbered particles from n_e / n_H.
        hydrogen_fraction: hydrogen over all gas by mass.
        rates: of photoionisation, before shielding.
        shielding: of ``(temperature, rows)``: the share of the rates that is left; None is all.

    Returns:
        From 0 to 1.

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


def _solve(neutral: np.ndarray, rows: np.ndarray, most: np.ndarray, balance: Callable) -> None:
    """Find the electrons of some particles, between none and most, and fill in what is neutral."""
    low, high, electrons = np.zeros(len(rows)), most, most
    for attempt in range(MOST_ROUNDS):
        neutral[rows], freed = balance(electrons, rows)
        enough = freed < electrons
        high, low = np.where(enough, electrons, high), np.where(enough, low, electrons)
        is_open = (np.abs(freed - electrons) > CONVERGED * electrons) & (
            high - low > CONVERGED * high
        )
        if not is_open.any():
            return
        # In ionised gas the number of freed electrons is close to the solution; a round of halving
        # now and then closes in on the rest.
        middle = 0.5 * (low + high)
        trial = np.where((freed > low) & (freed < high) & (attempt % 4 != 3), freed, middle)
        rows, electrons = rows[is_open], trial[is_open]
        low, high = low[is_open], high[is_open]
    raise RunFailed(f"no ionisation equilibrium found for {len(rows)} gas particles")


def _balance(temperature, electron_density, helium, rates: PhotoionisationRates, left):
    """The neutral fraction at an electron density, and the electrons freed, n_e / n_H.

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
    # 1 - neutral, without the rounding error where nearly all is neutral.
    freed = ionisation / (recombination + ionisation) + helium * freed_of_helium
    return neutral, freed
