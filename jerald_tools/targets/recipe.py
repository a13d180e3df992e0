# SPDX-License-Identifier: GPL-3.0-or-later
"""What a map is to hold, and what each particle brings to it."""

import dataclasses

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.files.maps import MapHeader
from jerald_tools.files.snapshots.checked import read_field
from jerald_tools.files.snapshots.snapshot import Snapshot, SnapshotHeader
from jerald_tools.files.uv_background import PhotoionisationRates
from jerald_tools.targets import self_shielding
from jerald_tools.targets.ionisation_equilibrium import (
    PROTON_MASS,
    neutral_fraction,
    temperature_of,
)

SPECIES_OF = {
    "dark-matter": "dark-matter",
    "gas": "gas",
    "stellar-mass": "stars",
    "neutral-hydrogen": "gas",
}
UNITS = {
    "dark-matter": "1 + delta",
    "gas": "1 + delta",
    "stellar-mass": "1e10 Msun/h per cell",
    "neutral-hydrogen": "cm^-3 (proper)",
}
DESCRIPTIONS = {
    "dark-matter": "density of dark matter over its mean",
    "gas": "density of gas over its mean",
    "stellar-mass": "mass of stars, winds left out",
    "neutral-hydrogen": "number density of neutral hydrogen",
}

STAR_FORMING = ("as-is", "cold", "neutral", "left-out")
COLD = 1e4
"""Temperature of star-forming gas that is taken as cold [K]."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a map is to hold.

    Attributes:
        quantity: a key of :data:`SPECIES_OF`.
        deposit: ``"cic"`` or ``"sph"``.
        rates: photoionisation rates to compute neutral fractions with; None takes the snapshot's.
        shielded: whether dense gas shields itself from these rates.
        star_forming: what star-forming gas is taken for, of :data:`STAR_FORMING`.
        hydrogen_fraction: of the gas's mass where the snapshot does not say.
        clip: most neutral hydrogen of a cell [proper cm^-3], or None.
    """

    quantity: str
    deposit: str = "cic"
    rates: PhotoionisationRates | None = None
    shielded: bool = False
    star_forming: str = "as-is"
    hydrogen_fraction: float = 0.76
    clip: float | None = None

    @property
    def species(self) -> str:
        """The particles that are painted."""
        return SPECIES_OF[self.quantity]


@dataclasses.dataclass(frozen=True)
class Contributions:
    """What particles bring to a map.

    Attributes:
        positions: (n, 3) in [0, box) [Mpc/h].
        weights: (n) masses [1e10 Msun/h], of neutral hydrogen for its map.
        radii: (n) at which their kernels end [Mpc/h], or None for points.
    """

    positions: np.ndarray
    weights: np.ndarray
    radii: np.ndarray | None


def check_recipe(snapshot: Snapshot, recipe: Recipe) -> None:
    """Refuse a recipe that the snapshot cannot fill, before anything large is read.

    Raises:
        BadInput: naming what is missing and the option that mends it.
    """
    path, species = snapshot.paths[0], recipe.species
    number = snapshot.header.number(species)
    if number == 0:
        raise BadInput(f"{path}: has no {species}; give a snapshot that has some")
    for field in ("positions", "masses"):
        if not snapshot.has(species, field):
            raise BadInput(f"{path}: has no {field} of {species}; give a snapshot that has them")
    # The unit of mass, missed here rather than in the first chunk.
    read_field(snapshot, species, "masses", 0, 1)
    if recipe.deposit == "sph" and not snapshot.has(species, "smoothing_length"):
        raise BadInput(
            f"{path}: has no smoothing lengths of {species}, which --deposit sph needs; "
            "use --deposit cic"
        )
    if recipe.quantity == "neutral-hydrogen":
        _check_hydrogen(snapshot, recipe)


def _check_hydrogen(snapshot: Snapshot, recipe: Recipe) -> None:
    path = snapshot.paths[0]
    if recipe.rates is None and not snapshot.has("gas", "neutral_fraction"):
        raise BadInput(
            f"{path}: has no neutral fraction of gas; give --uvb TABLE to compute it from density, "
            "temperature and the ultraviolet background"
        )
    if recipe.star_forming != "as-is" and not snapshot.has("gas", "star_formation_rate"):
        raise BadInput(
            f"{path}: has no star formation rates; leave out --star-forming-gas "
            f"{recipe.star_forming}"
        )
    if recipe.rates is None:
        return
    if not snapshot.has("gas", "density"):
        raise BadInput(f"{path}: has no density of gas, which --uvb needs; leave it out")
    heat = next((f for f in ("temperature", "internal_energy") if snapshot.has("gas", f)), None)
    if heat is None:
        raise BadInput(f"{path}: has no temperature of gas, which --uvb needs; leave it out")
    read_field(snapshot, "gas", heat, 0, 1)


def contributions(snapshot: Snapshot, recipe: Recipe, start: int, stop: int) -> Contributions:
    """Read particles ``start`` to ``stop`` and say what each brings to the map.

    Raises:
        BadInput: if a value is damaged or impossible.
    """

    def read(field):
        return read_field(snapshot, recipe.species, field, start, stop)

    positions, weights = read("positions"), read("masses")
    radii = read("smoothing_length") if recipe.deposit == "sph" else None
    if radii is not None and np.any(radii > min(snapshot.header.box_size)):
        raise BadInput(
            f"{snapshot.paths[0]}: a smoothing length of {radii.max():g} Mpc/h is longer than the "
            "box; check its units, or use --deposit cic"
        )
    if recipe.quantity == "stellar-mass" and snapshot.has("stars", "formation_time"):
        # IllustrisTNG keeps wind particles among the stars, with times that are not above zero.
        weights = np.where(read("formation_time") > 0, weights, 0.0)
    if recipe.quantity == "neutral-hydrogen":
        weights = weights * _neutral_mass_fraction(snapshot, recipe, read)
    return Contributions(positions, weights, radii)


def _neutral_mass_fraction(snapshot: Snapshot, recipe: Recipe, read) -> np.ndarray:
    """Mass of neutral hydrogen over that of the gas, (n)."""
    density = None if recipe.rates is None else read("density")
    if snapshot.has("gas", "hydrogen_fraction"):
        hydrogen = read("hydrogen_fraction")
    else:
        hydrogen = recipe.hydrogen_fraction
    star_forming = None
    if recipe.star_forming != "as-is":
        star_forming = read("star_formation_rate") > 0
    if density is None:
        neutral = read("neutral_fraction")
    else:
        hydrogen = np.broadcast_to(hydrogen, density.shape)
        cold = star_forming if recipe.star_forming == "cold" else None
        neutral = _in_equilibrium(snapshot, recipe, read, density, hydrogen, cold)
    if recipe.star_forming == "neutral":
        neutral = np.where(star_forming, 1.0, neutral)
    if recipe.star_forming == "left-out":
        neutral = np.where(star_forming, 0.0, neutral)
    return hydrogen * neutral


def _in_equilibrium(snapshot, recipe, read, density, hydrogen, cold) -> np.ndarray:
    header = snapshot.header
    hydrogen_density = density * hydrogen * atoms_per_volume(header)
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


def map_header(snapshot: Snapshot, recipe: Recipe, shape: tuple[int, int, int]) -> MapHeader:
    """The header of the map that a recipe makes of a snapshot, with how it was made."""
    header = snapshot.header
    made = {
        "format": header.format,
        "particles": header.number(recipe.species),
        "deposit": {
            "cic": "cloud-in-cell at nodes",
            "sph": "cubic spline kernel at nodes, cloud-in-cell where it is narrower than a cell",
        }[recipe.deposit],
        "solar_mass_g": None if header.mass_unit is None else header.mass_unit / 1e10,
        "megaparsec_cm": header.megaparsec,
    }
    if recipe.quantity == "neutral-hydrogen":
        own = snapshot.has("gas", "hydrogen_fraction")
        made |= {
            "neutral_fraction": "of the snapshot" if recipe.rates is None else "in equilibrium",
            "self_shielding": "Rahmati et al. 2013" if recipe.shielded else "none added",
            "star_forming_gas": recipe.star_forming,
            "hydrogen_fraction": "of the snapshot" if own else f"{recipe.hydrogen_fraction:g}",
            "clip": recipe.clip,
        }
        if recipe.rates is not None:
            made["photoionisation_rates"] = dataclasses.asdict(recipe.rates)
    return MapHeader(
        quantity=recipe.quantity,
        units=UNITS[recipe.quantity],
        description=DESCRIPTIONS[recipe.quantity],
        box_size=header.box_size,
        mesh=shape,
        redshift=header.redshift,
        cosmology=header.cosmology,
        attributes=made,
    )
