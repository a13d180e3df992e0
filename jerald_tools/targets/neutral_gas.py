# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a snapshot's gas is neutral hydrogen."""

from collections.abc import Callable

import numpy as np

from jerald_tools.files.snapshots.snapshot import Snapshot, SnapshotHeader
from jerald_tools.targets import self_shielding
from jerald_tools.targets.ionisation_equilibrium import (
    PROTON_MASS,
    neutral_fraction,
    temperature_of,
)
from jerald_tools.targets.recipe import Recipe

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
        sigma = self_shielding.cross_section(header.redshift)
        baryons = header.cosmology.omega_b / header.cosmology.omega_m

        def shielding(kelvin, rows):
            threshold = self_shielding.shielding_density(
                kelvin, recipe.rates.hydrogen, sigma, baryons
            )
            return self_shielding.shielded_share(hydrogen_density[rows], threshold)

    return neutral_fraction(hydrogen_density, temperature, hydrogen, recipe.rates, shielding)


def atoms_per_volume(header: SnapshotHeader) -> float:
    """Protons per proper cm^3 in a comoving density of 1e10 Msun/h / (Mpc/h)^3."""
    h = header.cosmology.h
    proper_length = header.megaparsec * header.scale_factor / h
    return header.mass_unit / h / PROTON_MASS / proper_length**3
