# SPDX-License-Identifier: GPL-3.0-or-later
"""What all figures share: names, symbols, colours that the colour-blind can tell apart."""

import dataclasses
from collections.abc import Iterable

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator


@dataclasses.dataclass(frozen=True)
class QuantityStyle:
    """How a quantity is named and coloured.

    Attributes:
        name: in words.
        symbol: in mathematics, for colour bars.
        colour_map: matplotlib's name of a perceptually uniform colour map.
    """

    name: str
    symbol: str
    colour_map: str


QUANTITIES = {
    "dark-matter": QuantityStyle("dark matter", r"$1+\delta$", "inferno"),
    "stellar-mass": QuantityStyle("stellar mass", r"$M_\star$", "cividis"),
    "neutral-hydrogen": QuantityStyle("neutral hydrogen", r"$n_\mathrm{HI}$", "viridis"),
}

# Okabe & Ito's colours, in the order in which curves take them.
CURVE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# For matplotlib.rc_context around drawing and saving.
SETTINGS = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "savefig.dpi": 150,
}


def quantity_style(quantity: str) -> QuantityStyle:
    """The style of a quantity; one that the project does not know is shown under its own name."""
    return QUANTITIES.get(quantity, QuantityStyle(quantity.replace("-", " "), "map", "viridis"))


def in_order(items: Iterable) -> tuple[list[str], list[float]]:
    """The quantities of maps or curves, dark matter first, and their redshifts from high to low."""
    items = list(items)
    found = dict.fromkeys(item.quantity for item in items)
    quantities = [name for name in QUANTITIES if name in found]
    quantities += [name for name in found if name not in QUANTITIES]
    return quantities, sorted({item.redshift for item in items}, reverse=True)


def units_label(quantity: str, units: str) -> str:
    """Symbol and units, for the axis of a colour bar."""
    symbol = quantity_style(quantity).symbol
    if quantity == "dark-matter":
        return symbol
    units = units.replace("Msun", r"$M_\odot$").replace("1e10", r"$10^{10}$")
    return f"{symbol} [{units.replace('cm^-3', r'cm$^{-3}$')}]"


def redshift_label(redshift: float) -> str:
    """Redshift as a title or legend entry, without needless zeros."""
    return f"$z = {redshift:g}$"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure [inches] that makes room for its labels itself."""
    return Figure(figsize=(width, height), layout="constrained")


def plain_logarithmic_ticks(axis: Axis) -> None:
    """Label 1, 2 and 5 of each decade as plain numbers: for axes of two decades or less."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_locator(NullLocator())


# A reference map and the model's beside it: what the figures of maps are drawn from.


@dataclasses.dataclass(frozen=True)
class MapPair:
    """Two maps of one quantity at one redshift on the same nodes.

    Attributes:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        units: of both maps.
        redshift: of both maps.
        box_size: side lengths [Mpc/h].
        reference: (nx, ny, nz), the hydrodynamical simulation's.
        model: (nx, ny, nz), ours.
    """

    quantity: str
    units: str
    redshift: float
    box_size: tuple[float, float, float]
    reference: np.ndarray
    model: np.ndarray

    @property
    def cell_size(self) -> tuple[float, float, float]:
        """Distance between nodes along each axis [Mpc/h]."""
        return tuple(
            length / nodes
            for length, nodes in zip(self.box_size, self.reference.shape, strict=True)
        )

    def extent(self, nodes_x: int, nodes_y: int) -> tuple[float, float, float, float]:
        """Edges (left, right, bottom, top) [Mpc/h] of the cells about the first nodes of x, y."""
        width, height, _ = self.cell_size
        return (-width / 2, (nodes_x - 0.5) * width, -height / 2, (nodes_y - 0.5) * height)
