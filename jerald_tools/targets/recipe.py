# SPDX-License-Identifier: GPL-3.0-or-later
"""What a map is to hold, and what its file says of it."""

import dataclasses

from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapHeader
from jerald_tools.io.uv_background import PhotoionisationRates
from jerald_tools.snapshots.snapshot import Snapshot, read_field

# The quantities that maps are made of, and what star-forming gas can be taken for.

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


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a map is to hold.

    Attributes:
        quantity: a key of :data:`jerald_tools.targets.recipe.SPECIES_OF`.
        deposit: ``"cic"`` or ``"sph"``.
        rates: photoionisation rates to compute neutral fractions with; None takes the snapshot's.
        shielded: whether dense gas shields itself from these rates.
        star_forming: what star-forming gas is taken for, of
            :data:`jerald_tools.targets.recipe.STAR_FORMING`.
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


# Whether a snapshot has what a recipe needs, found out before anything large is read.


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
