# SPDX-License-Identifier: GPL-3.0-or-later
"""The quantities by name; free of JAX.

The order is that of tables and figures: each quantity after those that it depends on.
"""

import dataclasses

from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.targets.neutral_gas import NeutralHydrogen
from jerald_tools.targets.target import Overdensity, StellarMass, Target


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A quantity that maps hold.

    Attributes:
        name: in files and options.
        short_name: in the names of commands and options: fit-hi, --stellar.
        prerequisites: names of the quantities whose fits its fit depends on.
        target: how its map is made from a snapshot.
        style: how its map is drawn.
    """

    name: str
    short_name: str
    prerequisites: tuple[str, ...]
    target: Target
    style: MapStyle


_QUANTITIES = (
    Quantity(
        name="dark-matter",
        short_name="dm",
        prerequisites=(),
        target=Overdensity(
            species="dark-matter",
            description="density of dark matter over its mean",
            # Disk and bulge particles, or boundaries; neutrinos; black holes.
            types_left_out=(2, 3, 5),
        ),
        style=MapStyle("dark matter", r"$1+\delta$", "inferno", has_units=False),
    ),
    Quantity(
        name="stellar-mass",
        short_name="stellar",
        prerequisites=("dark-matter",),
        target=StellarMass(),
        style=MapStyle("stellar mass", r"$M_\star$", "cividis"),
    ),
    Quantity(
        name="neutral-hydrogen",
        short_name="hi",
        prerequisites=("dark-matter", "stellar-mass"),
        target=NeutralHydrogen(),
        style=MapStyle("neutral hydrogen", r"$n_\mathrm{HI}$", "viridis"),
    ),
    Quantity(
        name="gas",
        short_name="gas",
        prerequisites=("dark-matter",),
        target=Overdensity(species="gas", description="density of gas over its mean"),
        style=MapStyle("gas", r"$1+\delta_\mathrm{gas}$", "magma", has_units=False),
    ),
)

NAMES = tuple(quantity.name for quantity in _QUANTITIES)
"""Names of all quantities."""


def quantity_named(name: str) -> Quantity:
    """The quantity of a name among :data:`NAMES`."""
    return _QUANTITIES[NAMES.index(name)]


def style_of(name: str) -> MapStyle:
    """The style of a quantity; one that is not among :data:`NAMES` is shown under its own name."""
    return quantity_named(name).style if name in NAMES else MapStyle(name.replace("-", " "))
