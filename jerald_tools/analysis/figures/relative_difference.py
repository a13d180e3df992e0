# SPDX-License-Identifier: GPL-3.0-or-later
"""Relative difference of model and reference, averaged along z (figures 4 and 5 of the paper)."""

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from jerald_tools.analysis.figures.style import (
    MapPair,
    distinct_redshifts,
    new_figure,
    place_of,
    redshift_label,
    styles_by_quantity,
)
from jerald_tools.errors import BadInput

# As in the paper: cells fainter than this share of the reference's mean are raised to it, and the
# maps are smoothed over this length [Mpc/h].
CLIP_AT_MEAN = 0.5
SMOOTHING_RADIUS = 0.2

# Relative difference at the ends of the colour scale.
LARGEST_SHOWN = 0.5


def plot_relative_difference(
    pairs: list[MapPair], test_shape: tuple[int, int, int] | None = None
) -> Figure:
    """One panel for each quantity (columns) and redshift (rows), all on the same colour scale.

    Quantities are in the order in which they first appear, redshifts from high to low.

    Args:
        pairs: the maps.
        test_shape: show only the test region, the first so many nodes along x, y, z; None for
            the whole box.

    Raises:
        BadInput: if a reference is empty.
    """
    styles, redshifts = styles_by_quantity(pairs), distinct_redshifts(pairs)
    figure = new_figure(2.9 * len(styles) + 0.9, 2.9 * len(redshifts))
    grid = figure.subplots(len(redshifts), len(styles), squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel():
        axes.set_visible(False)
    for pair in pairs:
        row, column = place_of(pair.redshift, redshifts), list(styles).index(pair.quantity)
        axes = grid[row, column]
        axes.set_visible(True)
        picture = relative_difference(pair, test_shape)
        image = axes.imshow(
            picture.T,
            origin="lower",
            extent=pair.extent(*picture.shape),
            vmin=-LARGEST_SHOWN,
            vmax=LARGEST_SHOWN,
            cmap="RdBu_r",
            interpolation="nearest",
        )
        axes.set_title(f"{pair.style.label}, {redshift_label(pair.redshift)}")
        axes.set_xlabel("$x$ [Mpc/$h$]")
        if column == 0:
            axes.set_ylabel("$y$ [Mpc/$h$]")
    figure.colorbar(
        image,
        ax=list(grid.ravel()),
        label="(model $-$ reference) / reference",
        extend="both",
        shrink=0.9,
    )
    return figure


def relative_difference(
    pair: MapPair, shape: tuple[int, int, int] | None = None
) -> Float[np.ndarray, "x y"]:
    """(model - reference) / reference of the clipped, smoothed maps, averaged along z.

    Both maps are raised to at least half of the reference's mean, so that nearly empty cells do
    not dominate the quotient, and smoothed with a Gaussian of 0.2 Mpc/h, periodic in the whole box.

    Args:
        pair: the maps.
        shape: keep so many nodes along x, y, z (after the smoothing); None for the whole box.

    Returns:
        (nx, ny) or the first two of ``shape``, dimensionless.

    Raises:
        BadInput: if the reference is empty.
    """
    floor = CLIP_AT_MEAN * pair.reference.mean(dtype=np.float64)
    if floor <= 0:
        raise BadInput(
            f"the reference map of {pair.quantity} at z = {pair.redshift:g} is empty: "
            "no relative difference to it exists; leave it out"
        )
    radius = [SMOOTHING_RADIUS / cell for cell in pair.cell_size]
    reference, model = (
        gaussian_filter(np.maximum(field.astype(np.float64), floor), radius, mode="wrap")
        for field in (pair.reference, pair.model)
    )
    x_stop, y_stop, z_stop = shape or pair.reference.shape
    return (model / reference - 1)[:x_stop, :y_stop, :z_stop].mean(axis=2)
