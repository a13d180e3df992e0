# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a snapshot's gas is neutral hydrogen."""

from collections.abc import Callable

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.snapshots.snapshot import Snapshot, SnapshotHeader
from jerald_tools.targets.ionisation import PROTON_MASS, neutral_fraction, temperature_of
from jerald_tools.targets.recipe import Recipe

# Shielding of dense gas from the ultraviolet background (Rahmati et al. 2013, arXiv:1210.7808).

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


COLD = 1e4
"""Temperature of star-forming gas that is taken as cold [K]."""

Read = Callable[[str], np.ndarray]


def neutral_mass_fraction(snapshot: Snapshot, recipe: Recipe, read: Read) -> np.ndarray:
    """Mass of neutral hydrogen over that of the gas, (n).

    Args:
        snapshot: of the gas.
        recipe: how to tell what is neutral.
        read: gives a field of the particles by name.
    """
    if recipe.rates is None:
        neutral = read("neutral_fraction")
    else:
        neutral = equilibrium_fraction(snapshot, recipe, read)
    if recipe.star_forming == "neutral":
        neutral = np.where(read("star_formation_rate") > 0, 1.0, neutral)
    if recipe.star_forming == "left-out":
        neutral = np.where(read("star_formation_rate") > 0, 0.0, neutral)
    return _hydrogen_fraction(snapshot, recipe, read) * neutral


def _hydrogen_fraction(snapshot: Snapshot, recipe: Recipe, read: Read):
    """Of the gas's mass: the snapshot's (n), or one number."""
    if snapshot.has("gas", "hydrogen_fraction"):
        return read("hydrogen_fraction")
    return recipe.hydrogen_fraction


def equilibrium_fraction(snapshot: Snapshot, recipe: Recipe, read: Read) -> np.ndarray:
    """n_HI / n_H of gas in equilibrium with the recipe's background, (n).

    Args:
        snapshot: of the gas.
        recipe: its rates, whether gas shields itself, and whether star-forming gas is cold.
        read: gives a field of the particles by name.
    """
    header, density = snapshot.header, read("density")
    hydrogen = np.broadcast_to(_hydrogen_fraction(snapshot, recipe, read), density.shape)
    hydrogen_density = density * hydrogen * atoms_per_volume(header)
    cold = read("star_formation_rate") > 0 if recipe.star_forming == "cold" else None
    has_temperature = snapshot.has("gas", "temperature")
    heat = read("temperature" if has_temperature else "internal_energy")

    def temperature(electrons, rows):
        if has_temperature:
            kelvin = heat[rows]
        else:
            kelvin = temperature_of(heat[rows], electrons, hydrogen[rows])
        return kelvin if cold is None else np.where(cold[rows], COLD, kelvin)

    shielding = None
    if recipe.shielded:
        sigma = cross_section(header.redshift)
        baryons = header.cosmology.omega_b / header.cosmology.omega_m

        def shielding(kelvin, rows):
            threshold = shielding_density(kelvin, recipe.rates.hydrogen, sigma, baryons)
            return shielded_share(hydrogen_density[rows], threshold)

    return neutral_fraction(hydrogen_density, temperature, hydrogen, recipe.rates, shielding)


def atoms_per_volume(header: SnapshotHeader) -> float:
    """Protons per proper cm^3 in a comoving density of 1e10 Msun/h / (Mpc/h)^3."""
    h = header.cosmology.h
    proper_length = header.megaparsec * header.scale_factor / h
    return header.mass_unit / h / PROTON_MASS / proper_length**3
