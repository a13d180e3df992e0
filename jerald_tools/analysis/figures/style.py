# SPDX-License-Identifier: GPL-3.0-or-later
"""What all figures share: fonts, colours, the axes' labels, and the pair of maps that is drawn."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Float
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

from jerald_tools.agreement import same_redshift
from jerald_tools.analysis.map_style import MapStyle

# Okabe & Ito's colours, which colour-blind readers can tell apart, in the order of the curves.
CURVE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# For matplotlib.rc_context around drawing and saving.
SETTINGS = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "savefig.dpi": 150,
}


@dataclasses.dataclass(frozen=True)
class MapPair:
    """A reference map and the model's map of the same quantity and redshift, on the same nodes.

    Attributes:
        quantity: its name.
        style: how its maps are drawn.
        units: of both maps.
        redshift: of both maps.
        box_size: side lengths [Mpc/h].
        reference: the map of the hydrodynamical simulation.
        model: the map of the model.
    """

    quantity: str
    style: MapStyle
    units: str
    redshift: float
    box_size: tuple[float, float, float]
    reference: Float[np.ndarray, "x y z"]
    model: Float[np.ndarray, "x y z"]

    @property
    def cell_size(self) -> tuple[float, float, float]:
        """Distance between nodes along each axis [Mpc/h]."""
        (nx, ny, nz), (lx, ly, lz) = self.reference.shape, self.box_size
        return lx / nx, ly / ny, lz / nz

    def extent(self, nodes_x: int, nodes_y: int) -> tuple[float, float, float, float]:
        """Edges (left, right, bottom, top) [Mpc/h] of the cells around the first nodes of x, y."""
        width, height, _ = self.cell_size
        return (-width / 2, (nodes_x - 0.5) * width, -height / 2, (nodes_y - 0.5) * height)


class Drawn(Protocol):
    """A map or a curve of a figure."""

    @property
    def quantity(self) -> str:
        """Its name."""
        ...

    @property
    def style(self) -> MapStyle:
        """How the quantity is drawn."""
        ...

    @property
    def redshift(self) -> float:
        """Of the map or the curve."""
        ...


def styles_by_quantity(items: Iterable[Drawn]) -> dict[str, MapStyle]:
    """The styles of the quantities by name, in the order in which the quantities first appear."""
    return {item.quantity: item.style for item in items}


def distinct_redshifts(items: Iterable[Drawn]) -> list[float]:
    """The redshifts from high to low; of those that agree (``same_redshift``) the highest only."""
    distinct: list[float] = []
    for redshift in sorted((item.redshift for item in items), reverse=True):
        if not distinct or not same_redshift(redshift, distinct[-1]):
            distinct.append(redshift)
    return distinct


def place_of(redshift: float, redshifts: Sequence[float]) -> int:
    """The index of a redshift among those of :func:`distinct_redshifts`."""
    return next(place for place, one in enumerate(redshifts) if same_redshift(one, redshift))


def colour_of(redshift: float, redshifts: Sequence[float]) -> str:
    """The colour of a redshift's curves, given all of :func:`distinct_redshifts`."""
    return CURVE_COLOURS[place_of(redshift, redshifts) % len(CURVE_COLOURS)]


def curve_handles(redshifts: Sequence[float]) -> list[Line2D]:
    """Legend entries: a colour for each redshift, reference solid, model dashed."""
    colours = [colour_of(redshift, redshifts) for redshift in redshifts]
    return [
        *(
            Line2D([], [], color=colour, label=redshift_label(redshift))
            for redshift, colour in zip(redshifts, colours, strict=True)
        ),
        Line2D([], [], color="0.3", linestyle="-", label="reference"),
        Line2D([], [], color="0.3", linestyle="--", label="model"),
    ]


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
