# SPDX-License-Identifier: GPL-3.0-or-later
"""How good the maps are, as two heat maps: P / P_ref and r in a few bins of wavenumber."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from jerald_tools.analysis.figures.style import new_figure, redshift_label
from jerald_tools.analysis.tables import (
    COARSE_EDGES,
    POOR_BELOW,
    MeasuredMap,
    in_coarse_bins,
    is_poor,
)


@dataclasses.dataclass(frozen=True)
class Panel:
    """How one of the two numbers of a bin is shown.

    Attributes:
        title: of the panel.
        format: of the numbers in the cells.
        colour_map: matplotlib's name of it.
        norm: the values at its ends: where a map becomes poor, colours saturate.
        ticks: of the colour bar.
        extend: the ends at which values may lie beyond the colour map.
    """

    title: str
    format: str
    colour_map: str
    norm: Normalize
    ticks: tuple[float, ...]
    extend: Literal["min", "both"]


RATIO = Panel(
    title=r"$P / P_\mathrm{ref}$",
    format="{:.2f}",
    colour_map="RdBu_r",
    norm=LogNorm(POOR_BELOW, 1 / POOR_BELOW),
    ticks=(0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4),
    extend="both",
)
R = Panel(
    title="$r(k)$",
    format="{:.3f}",
    colour_map="cividis",
    norm=Normalize(POOR_BELOW, 1.0),
    ticks=(0.7, 0.8, 0.9, 1.0),
    extend="min",
)
WITHOUT_MODES = "0.85"
INCHES_ROW, INCHES_FRAME = 0.22, 1.1


def plot_heatmap(maps: Sequence[MeasuredMap], edges: Sequence[float] = COARSE_EDGES) -> Figure:
    """The data of the table of quality: a row for each map, a column for each coarse bin.

    The left panel has P / P_ref in colours that are symmetric about 1 in the logarithm, the right
    one r. The numbers of poor bins (:func:`~jerald_tools.analysis.tables.is_poor`) are
    bold; bins without modes are grey.

    Args:
        maps: in the order of the rows.
        edges: (coarse bins + 1,) rising [h/Mpc].
    """
    bins = [in_coarse_bins(measured.comparison, edges) for measured in maps]
    poor = np.array([[is_poor(one.ratio, one.r) for one in row] for row in bins])
    figure = new_figure(9.0, INCHES_FRAME + INCHES_ROW * len(maps))
    both = figure.subplots(1, 2, sharey=True)
    for axes, panel, name in zip(both, (RATIO, R), ("ratio", "r"), strict=True):
        values = np.array([[getattr(one, name) for one in row] for row in bins])
        _draw(figure, axes, panel, values, poor)
        axes.set_xticks(np.arange(len(edges)) - 0.5, [f"{edge:g}" for edge in edges])
        axes.set_xlabel(r"edges of the bins of $k$ [$h$/Mpc]")
        axes.tick_params(axis="y", length=0)
        for row, (above, below) in enumerate(itertools.pairwise(maps)):
            if above.quantity != below.quantity:
                axes.axhline(row + 0.5, color="white", linewidth=3)
    both[0].set_yticks(range(len(maps)), [_row_label(measured) for measured in maps])
    return figure


def _draw(
    figure: Figure,
    axes: Axes,
    panel: Panel,
    values: Float[np.ndarray, "rows bins"],
    poor: Bool[np.ndarray, "rows bins"],
) -> None:
    """Colour the cells of one panel, write their numbers, and show the scale beside them."""
    colour_map = colormaps[panel.colour_map].with_extremes(bad=WITHOUT_MODES)
    cells = np.ma.masked_invalid(values)
    image = axes.imshow(cells, cmap=colour_map, norm=panel.norm, aspect="auto")
    axes.set_title(panel.title)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.text(
                column,
                row,
                panel.format.format(value),
                horizontalalignment="center",
                verticalalignment="center",
                fontsize=8,
                color=_legible_on(colour_map(panel.norm(value))),
                fontweight="bold" if poor[row, column] else "normal",
            )
    bar = figure.colorbar(image, ax=axes, extend=panel.extend)
    bar.set_ticks(panel.ticks, labels=[f"{tick:g}" for tick in panel.ticks])
    bar.ax.minorticks_off()


def _legible_on(colour: tuple[float, float, float, float]) -> str:
    """Black or white, the one that stands out from a colour (red, green, blue, opacity)."""
    red, green, blue, _ = colour
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def _row_label(measured: MeasuredMap) -> str:
    name = measured.quantity.replace("-", " ")
    return f"{name}, {redshift_label(measured.redshift)}, {measured.label}"
