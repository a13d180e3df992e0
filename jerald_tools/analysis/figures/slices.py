# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices through the maps, reference beside model (figures 3 and 9 of the paper)."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from jerald_tools.analysis.figures.style import (
    MapPair,
    in_order,
    new_figure,
    plain_logarithmic_ticks,
    quantity_style,
    redshift_label,
    units_label,
)

# The paper's slices: 10 of 80 Mpc/h.
THICKNESS = 1 / 8
# A map that spans more than this is cut off at its faint end; empty cells are drawn at the floor.
DYNAMIC_RANGE = 1e4


def slice_planes(nodes_z: int, test_nodes_z: int) -> slice:
    """Planes of a slice, an eighth of the box, in the middle of the test region's z range.

    With the paper's split (test: z index < 0.43 N, training: z index >= N / 2) no voxel of such a
    slice was trained on.

    Args:
        nodes_z: nodes along z.
        test_nodes_z: how many of them, from the first, the test region spans.
    """
    thickness = max(1, round(nodes_z * THICKNESS))
    start = max(0, (test_nodes_z - thickness) // 2)
    return slice(start, start + thickness)


def logarithmic_limits(reference: np.ndarray) -> tuple[float, float]:
    """Colour limits for a non-negative map, from the reference alone.

    From the 1st to the 99.9th percentile of what is above zero, but no more than four decades;
    (1e-4, 1) for an empty map.
    """
    positive = reference[reference > 0]
    if positive.size == 0:
        return 1 / DYNAMIC_RANGE, 1.0
    low, high = np.percentile(positive, [1, 99.9])
    low = max(low, high / DYNAMIC_RANGE)
    return (low, high) if low < high else (high / 10, high)


def plot_slices(
    pairs: list[MapPair], test_shape: tuple[int, int, int], mark_test_region: bool
) -> Figure:
    """Mean along z of a slice of each map: a row for each quantity, a column pair each redshift.

    Reference and model share logarithmic colour limits, taken from the reference.

    Args:
        pairs: the maps; a quantity may lack at some redshift.
        test_shape: nodes of the test region along x, y, z, from the first.
        mark_test_region: draw the region as a red square (pointless for a simulation that was
            never trained on).
    """
    quantities, redshifts = in_order(pairs)
    figure = new_figure(4.6 * len(redshifts), 1.85 * len(quantities) + 0.5)
    grid = figure.subplots(
        len(quantities), 2 * len(redshifts), squeeze=False, sharex=True, sharey=True
    )
    for axes in grid.ravel():
        axes.set_visible(False)
    for pair in pairs:
        row, column = quantities.index(pair.quantity), redshifts.index(pair.redshift)
        panels = grid[row, 2 * column : 2 * column + 2]
        _draw_pair(figure, panels, pair, test_shape, mark_test_region)
        for axes, source in zip(panels, ("reference", "model"), strict=True):
            axes.set_title(f"{source}, {redshift_label(pair.redshift)}")
            axes.set_xlabel("$x$ [Mpc/$h$]")
        panels[0].set_ylabel(f"{quantity_style(pair.quantity).name}\n$y$ [Mpc/$h$]")
    _keep_outer_labels(grid)
    return figure


def _keep_outer_labels(grid) -> None:
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


def _draw_pair(
    figure, panels, pair: MapPair, test_shape: tuple[int, int, int], mark_test_region: bool
) -> None:
    nodes_x, nodes_y, nodes_z = pair.reference.shape
    planes = slice_planes(nodes_z, test_shape[2])
    reference, model = (
        np.mean(field[:, :, planes], axis=2, dtype=np.float64)
        for field in (pair.reference, pair.model)
    )
    norm = LogNorm(*logarithmic_limits(reference))
    for axes, picture in zip(panels, (reference, model), strict=True):
        axes.set_visible(True)
        image = axes.imshow(
            np.maximum(picture, norm.vmin).T,
            origin="lower",
            extent=pair.extent(nodes_x, nodes_y),
            norm=norm,
            cmap=quantity_style(pair.quantity).colour_map,
            interpolation="nearest",
        )
        if mark_test_region:
            left, right, bottom, top = pair.extent(*test_shape[:2])
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
    label = units_label(pair.quantity, pair.units)
    bar = figure.colorbar(image, ax=list(panels), label=label, pad=0.02, extend="both")
    if norm.vmax < 100 * norm.vmin:
        plain_logarithmic_ticks(bar.ax.yaxis)
