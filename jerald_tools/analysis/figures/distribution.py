# SPDX-License-Identifier: GPL-3.0-or-later
"""One-point distribution of maps, model beside reference."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jerald_tools.analysis.figures.style import (
    CURVE_COLOURS,
    MapPair,
    in_order,
    new_figure,
    quantity_style,
    redshift_label,
)
from jerald_tools.errors import BadInput

# Values over the reference's mean that are shown, in bins of a fifth of a decade.
DECADES = (-3.0, 4.0)
BINS_PER_DECADE = 5


def value_edges() -> np.ndarray:
    """Edges of the bins, over the reference's mean, (bins + 1,)."""
    low, high = DECADES
    return np.logspace(low, high, round((high - low) * BINS_PER_DECADE) + 1)


def distribution(field: np.ndarray, mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of the cells per decade of the value, and of the total above it.

    Args:
        field: any shape, not negative.
        mean: of the reference, positive; values are told over it.

    Returns:
        (bins,) share of all cells in each bin per decade, and (bins + 1,) the sum of the cells at
        or above each edge over that of a field whose mean is the reference's.
    """
    values = np.asarray(field, np.float64).ravel() / mean
    edges = value_edges()
    counts = np.histogram(values, edges)[0]
    ordered = np.sort(values)
    sums = np.append(np.cumsum(ordered[::-1])[::-1], 0.0)
    above = sums[np.searchsorted(ordered, edges)]
    return counts / values.size * BINS_PER_DECADE, above / values.size


def plot_distribution(pairs: list[MapPair]) -> Figure:
    """A column for each quantity: share of the cells on top, of the total below.

    Reference solid, model dashed; a colour for each redshift.

    Args:
        pairs: the maps.

    Raises:
        BadInput: if a reference is empty.
    """
    quantities, redshifts = in_order(pairs)
    colours = {z: CURVE_COLOURS[i % len(CURVE_COLOURS)] for i, z in enumerate(redshifts)}
    figure = new_figure(4.0 * len(quantities) + 0.4, 5.0)
    grid = figure.subplots(2, len(quantities), squeeze=False, sharex="col", sharey="row")
    edges = value_edges()
    centres = np.sqrt(edges[1:] * edges[:-1])
    for pair in pairs:
        mean = pair.reference.mean(dtype=np.float64)
        if not mean > 0:
            raise BadInput(
                f"the reference map of {pair.quantity} at z = {pair.redshift:g} is empty: "
                "it has no distribution"
            )
        top, bottom = grid[:, quantities.index(pair.quantity)]
        for field, style in ((pair.reference, "-"), (pair.model, "--")):
            cells, above = distribution(field, mean)
            shown = {"linestyle": style, "color": colours[pair.redshift]}
            top.plot(centres, np.where(cells > 0, cells, np.nan), **shown)
            bottom.plot(edges, above, **shown)
    for column, quantity in enumerate(quantities):
        top, bottom = grid[:, column]
        top.set_title(quantity_style(quantity).name)
        top.set_xscale("log")
        top.set_yscale("log")
        bottom.set_xlabel(f"{quantity_style(quantity).symbol} over the reference's mean")
    grid[0, 0].set_ylabel("share of the cells per decade")
    grid[1, 0].set_ylabel("share of the total above")
    handles = [Line2D([], [], color=colours[z], label=redshift_label(z)) for z in redshifts]
    handles += [
        Line2D([], [], color="0.3", linestyle="-", label="reference"),
        Line2D([], [], color="0.3", linestyle="--", label="model"),
    ]
    grid[0, 0].legend(handles=handles, frameon=False)
    return figure
