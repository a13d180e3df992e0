# SPDX-License-Identifier: GPL-3.0-or-later
"""One-point distribution of maps, model beside reference."""

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from jerald_tools.analysis.figures.style import (
    MapPair,
    colour_of,
    curve_handles,
    distinct_redshifts,
    new_figure,
    styles_by_quantity,
)
from jerald_tools.errors import BadInput

# Range of the values over the reference's mean, and the bins of a decade.
DECADES = (-3.0, 4.0)
BINS_PER_DECADE = 5


def plot_distribution(pairs: list[MapPair]) -> Figure:
    """A column for each quantity: share of the cells on top, share of the total below.

    Reference solid, model dashed; a colour for each redshift. Quantities are in the order in which
    they first appear.

    Args:
        pairs: the maps.

    Raises:
        BadInput: if a reference is empty.
    """
    styles, redshifts = styles_by_quantity(pairs), distinct_redshifts(pairs)
    figure = new_figure(4.0 * len(styles) + 0.4, 5.0)
    grid = figure.subplots(2, len(styles), squeeze=False, sharex="col", sharey="row")
    edges = value_edges()
    centres = np.sqrt(edges[1:] * edges[:-1])
    for pair in pairs:
        mean = float(pair.reference.mean(dtype=np.float64))
        if not mean > 0:
            raise BadInput(
                f"the reference map of {pair.quantity} at z = {pair.redshift:g} is empty: "
                "it has no distribution; leave it out"
            )
        top, bottom = grid[:, list(styles).index(pair.quantity)]
        colour = colour_of(pair.redshift, redshifts)
        for field, line in ((pair.reference, "-"), (pair.model, "--")):
            cells, above = distribution(field, mean)
            top.plot(centres, np.where(cells > 0, cells, np.nan), linestyle=line, color=colour)
            bottom.plot(edges, above, linestyle=line, color=colour)
    for (top, bottom), style in zip(grid.T, styles.values(), strict=True):
        top.set_title(style.label)
        top.set_xscale("log")
        top.set_yscale("log")
        bottom.set_xlabel(f"{style.symbol} over the reference's mean")
    grid[0, 0].set_ylabel("share of the cells per decade")
    grid[1, 0].set_ylabel("share of the total above")
    grid[0, 0].legend(handles=curve_handles(redshifts), frameon=False)
    return figure


def value_edges() -> Float[np.ndarray, " edges"]:
    """Edges of the bins, values over the reference's mean."""
    low, high = DECADES
    return np.logspace(low, high, round((high - low) * BINS_PER_DECADE) + 1)


def distribution(
    field: Float[np.ndarray, "*nodes"], mean: float
) -> tuple[Float[np.ndarray, " bins"], Float[np.ndarray, " edges"]]:
    """Share of the cells per decade of the value, and share of the total above each value.

    Args:
        field: a map, not negative.
        mean: of the reference, positive; the bins are in units of it.

    Returns:
        (bins,) share of all cells in each bin per decade, and (bins + 1,) the sum of the cells at
        or above each edge over the sum of a field whose mean is the reference's.
    """
    values = np.asarray(field, np.float64).ravel() / mean
    edges = value_edges()
    counts = np.histogram(values, edges)[0]
    ordered = np.sort(values)
    sums = np.append(np.cumsum(ordered[::-1])[::-1], 0.0)
    above = sums[np.searchsorted(ordered, edges)]
    return counts / values.size * BINS_PER_DECADE, above / values.size
