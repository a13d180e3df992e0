# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices through the maps, reference beside model (figures 3 and 9 of the paper)."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from jerald_tools.analysis.figures.style import (
    MapPair,
    distinct_redshifts,
    new_figure,
    place_of,
    plain_logarithmic_ticks,
    redshift_label,
    styles_by_quantity,
)

# Thickness of a slice over the side of the box: the paper's slices are 10 of 80 Mpc/h thick.
THICKNESS = 1 / 8

# Largest over smallest value of the colour scale; fainter cells have the colour of the smallest.
DYNAMIC_RANGE = 1e4


def plot_slices(
    pairs: list[MapPair], test_shape: tuple[int, int, int], mark_test_region: bool
) -> Figure:
    """Mean along z of a slice of each map: a row for each quantity, two columns for each redshift.

    Reference and model share logarithmic colour limits, taken from the reference. Quantities are in
    the order in which they first appear, redshifts from high to low.

    Args:
        pairs: the maps, at most one pair for each quantity and redshift.
        test_shape: nodes of the test region along x, y, z, from the first.
        mark_test_region: whether to draw the region as a red square (it has no meaning for a
            simulation that no fit was trained on).
    """
    styles, redshifts = styles_by_quantity(pairs), distinct_redshifts(pairs)
    figure = new_figure(4.6 * len(redshifts), 1.85 * len(styles) + 0.5)
    grid = figure.subplots(len(styles), 2 * len(redshifts), squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel():
        axes.set_visible(False)
    for pair in pairs:
        row, column = list(styles).index(pair.quantity), place_of(pair.redshift, redshifts)
        panels = grid[row, 2 * column : 2 * column + 2]
        _draw_pair(figure, panels, pair, slice_planes(pair.reference.shape[2], test_shape[2]))
        for axes, source in zip(panels, ("reference", "model"), strict=True):
            axes.set_title(f"{source}, {redshift_label(redshifts[column])}")
            axes.set_xlabel("$x$ [Mpc/$h$]")
            if mark_test_region:
                _mark(axes, pair.extent(*test_shape[:2]))
        panels[0].set_ylabel(f"{pair.style.label}\n$y$ [Mpc/$h$]")
    _keep_outer_labels(grid)
    return figure


def slice_planes(nodes_z: int, test_nodes_z: int) -> slice:
    """Planes of a slice, an eighth of the box, in the middle of the test region's z range.

    With the paper's split (test: z index < 0.43 N, training: z index >= N / 2) no voxel of such a
    slice was used for training.

    Args:
        nodes_z: nodes along z.
        test_nodes_z: nodes of the test region along z, from the first.
    """
    thickness = max(1, round(nodes_z * THICKNESS))
    start = max(0, (test_nodes_z - thickness) // 2)
    return slice(start, start + thickness)


def logarithmic_limits(reference: Float[np.ndarray, "*nodes"]) -> tuple[float, float]:
    """Colour limits for a non-negative map, from the reference alone.

    From the 1st to the 99.9th percentile of the values above zero, but no more than four decades;
    (1e-4, 1) for an empty map.
    """
    positive = reference[reference > 0]
    if positive.size == 0:
        return 1 / DYNAMIC_RANGE, 1.0
    low, high = np.percentile(positive, [1, 99.9])
    low = max(low, high / DYNAMIC_RANGE)
    return (low, high) if low < high else (high / 10, high)


def _draw_pair(figure: Figure, panels: np.ndarray, pair: MapPair, planes: slice) -> None:
    """Draw the mean of some planes of the reference and of the model, and their colour bar."""
    reference, model = (
        field[:, :, planes].mean(axis=2, dtype=np.float64) for field in (pair.reference, pair.model)
    )
    low, high = logarithmic_limits(reference)
    for axes, picture in zip(panels, (reference, model), strict=True):
        axes.set_visible(True)
        image = axes.imshow(
            np.maximum(picture, low).T,
            origin="lower",
            extent=pair.extent(*picture.shape),
            norm=LogNorm(low, high),
            cmap=pair.style.colour_map,
            interpolation="nearest",
        )
    label = pair.style.axis_label(pair.units)
    bar = figure.colorbar(image, ax=list(panels), label=label, pad=0.02, extend="both")
    if high < 100 * low:
        plain_logarithmic_ticks(bar.ax.yaxis)


def _mark(axes: Axes, extent: tuple[float, float, float, float]) -> None:
    """Draw a red square around a region, its edges (left, right, bottom, top) [Mpc/h]."""
    left, right, bottom, top = extent
    axes.add_patch(
        Rectangle(
            (left, bottom),
            right - left,
            top - bottom,
            fill=False,
            edgecolor="red",
            linewidth=1.2,
            path_effects=[withStroke(linewidth=2.2, foreground="white")],
        )
    )


def _keep_outer_labels(grid: np.ndarray) -> None:
    """Titles only in the first shown row of a column, labels only at the left and the bottom."""
    for column in grid.T:
        shown = [axes for axes in column if axes.get_visible()]
        for axes in shown[1:]:
            axes.set_title("")
        for axes in shown[:-1]:
            axes.set_xlabel("")
    for row in grid:
        for axes in [axes for axes in row if axes.get_visible()][1:]:
            axes.set_ylabel("")
