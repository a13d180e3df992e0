# SPDX-License-Identifier: GPL-3.0-or-later
"""What a map is to hold, and what its file says of it."""

import dataclasses

from jerald_tools.files.maps import MapHeader
from jerald_tools.files.snapshots.snapshot import Snapshot
from jerald_tools.files.uv_background import PhotoionisationRates
from jerald_tools.targets.quantities import DESCRIPTIONS, SPECIES_OF, UNITS


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a map is to hold.

    Attributes:
        quantity: a key of :data:`jerald_tools.targets.quantities.SPECIES_OF`.
        deposit: ``"cic"`` or ``"sph"``.
        rates: photoionisation rates to compute neutral fractions with; None takes the snapshot's.
        shielded: whether dense gas shields itself from these rates.
        star_forming: what star-forming gas is taken for, of
            :data:`jerald_tools.targets.quantities.STAR_FORMING`.
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
