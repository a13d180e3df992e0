# SPDX-License-Identifier: GPL-3.0-or-later
"""The heat maps of quality: the numbers in the cells, and how colours and letters mark them."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from jerald_tools.analysis.figures.heatmap import plot_heatmap
from jerald_tools.analysis.power_spectrum import Comparison
from jerald_tools.analysis.tables import MeasuredMap

EDGES = (1.0, 2.0, 3.0, 4.0)


def measured(quantity="dark-matter", redshift=2.0, ratios=(1.0, 1.2, 0.5), r=(1.0, 0.9, 0.8)):
    """A map with one fine bin in each coarse one; no modes where the ratio is NaN."""
    ratios, r = np.array(ratios), np.array(r)
    modes = np.where(np.isfinite(ratios), 10, 0)
    k = np.array([1.5, 2.5, 3.5])
    comparison = Comparison(k, modes, ratios, np.ones(3), r * np.sqrt(ratios))
    return MeasuredMap(quantity, redshift, "unseen seed", 1.0, comparison)


@pytest.fixture
def panels():
    """The two panels of three maps."""
    maps = [
        measured(),
        measured("neutral-hydrogen", 5.0, (0.99, np.nan, 1 / 0.69), (0.99, np.nan, 0.9)),
        measured("neutral-hydrogen", 2.0, (1.0, 0.71, 1.4), (0.6, 0.71, 0.95)),
    ]
    figure = plot_heatmap(maps, EDGES)
    return figure.axes[:2]


def numbers(axes):
    """The numbers of a panel by row and column, and where they are bold."""
    found = {
        (round(text.get_position()[1]), round(text.get_position()[0])): text for text in axes.texts
    }
    bold = {place for place, text in found.items() if text.get_fontweight() == "bold"}
    return {place: text.get_text() for place, text in found.items()}, bold


def test_the_numbers_are_those_of_the_maps_and_poor_ones_are_bold(panels):
    ratio, r = panels
    poor = {(0, 2), (1, 2), (2, 0)}
    assert numbers(ratio) == (
        {
            **{(0, 0): "1.00", (0, 1): "1.20", (0, 2): "0.50"},
            **{(1, 0): "0.99", (1, 2): "1.45"},
            **{(2, 0): "1.00", (2, 1): "0.71", (2, 2): "1.40"},
        },
        poor,
    )
    assert numbers(r) == (
        {
            **{(0, 0): "1.000", (0, 1): "0.900", (0, 2): "0.800"},
            **{(1, 0): "0.990", (1, 2): "0.900"},
            **{(2, 0): "0.600", (2, 1): "0.710", (2, 2): "0.950"},
        },
        poor,
    )


def test_rows_and_bins_are_named(panels):
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert labels[0] == "dark matter, $z = 2$, unseen seed"
    assert labels[1] == "neutral hydrogen, $z = 5$, unseen seed"
    assert [label.get_text() for label in panels[1].get_xticklabels()] == ["1", "2", "3", "4"]


def test_colours_are_symmetric_about_one_and_grey_without_modes(panels):
    image = panels[0].images[0]
    assert image.norm(1.0) == pytest.approx(0.5)
    assert image.norm(0.8) == pytest.approx(1 - image.norm(1 / 0.8))
    colours = image.to_rgba(image.get_array())
    assert to_hex(colours[1, 1]) == to_hex("0.85")
    assert to_hex(colours[0, 2]) == to_hex(image.cmap.get_under())
    assert to_hex(colours[1, 2]) == to_hex(image.cmap.get_over())
