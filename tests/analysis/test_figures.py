# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures show what they were given: the drawn data are checked, not the pixels."""

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from jerald_tools.analysis.figures.distribution import distribution, plot_distribution, value_edges
from jerald_tools.analysis.figures.relative_difference import (
    plot_relative_difference,
    relative_difference,
)
from jerald_tools.analysis.figures.scaling import MeasuredStep, plot_scaling
from jerald_tools.analysis.figures.slices import logarithmic_limits, plot_slices, slice_planes
from jerald_tools.analysis.figures.spectra import Curve, plot_spectra
from jerald_tools.analysis.figures.style import MapPair
from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.analysis.power_spectrum import Comparison
from jerald_tools.errors import BadInput
from jerald_tools.quantities import quantity_named

SHAPE = (12, 16, 24)
BOX_SIZE = (3.0, 4.0, 6.0)
TEST_SHAPE = (5, 6, 10)


def map_pair(quantity="dark-matter", redshift=2.0, empty_share=0.0):
    generator = np.random.default_rng(7)
    reference, model = (
        generator.lognormal(size=SHAPE) * (generator.uniform(size=SHAPE) >= empty_share)
        for _ in range(2)
    )
    style = quantity_named(quantity).style
    return MapPair(quantity, style, "some units", redshift, BOX_SIZE, reference, model)


def panels(figure):
    """Visible axes that hold a picture, colour bars aside."""
    return [axes for axes in figure.axes if axes.images and axes.get_visible()]


def picture(axes) -> np.ndarray:
    """The values of the picture that a panel holds."""
    (image,) = axes.images
    return image.get_array()


def curve_of(line) -> tuple[np.ndarray, np.ndarray]:
    """The values of a line along both axes."""
    return np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)


def legend_of(axes) -> list[str]:
    """The texts of a panel's legend."""
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("nodes", [2, 8, 24, 48, 512])
def test_slices_keep_out_of_the_training_half(nodes):
    planes = slice_planes(nodes, int(0.43 * nodes))
    assert 0 <= planes.start < planes.stop <= nodes // 2
    assert planes.stop - planes.start == max(1, nodes // 8)


def test_slices_show_the_mean_of_both_maps_with_the_limits_of_the_reference(tmp_path):
    pair = map_pair()
    figure = plot_slices([pair], TEST_SHAPE, mark_test_region=True)
    planes = slice_planes(SHAPE[2], TEST_SHAPE[2])
    expected = pair.reference[:, :, planes].mean(axis=2)
    limits = logarithmic_limits(expected)
    left, right = panels(figure)
    for axes, field in ((left, pair.reference), (right, pair.model)):
        (image,) = axes.images
        np.testing.assert_allclose(
            picture(axes), np.maximum(field[:, :, planes].mean(axis=2), limits[0]).T
        )
        assert isinstance(image.norm, LogNorm)
        assert (image.norm.vmin, image.norm.vmax) == limits
        np.testing.assert_allclose(image.get_extent(), (-0.125, 2.875, -0.125, 3.875))
        (square,) = (patch for patch in axes.patches if isinstance(patch, Rectangle))
        assert (square.get_width(), square.get_height()) == (5 * 0.25, 6 * 0.25)
    assert "reference" in left.get_title()
    assert "model" in right.get_title()
    assert "Mpc" in left.get_xlabel()
    for suffix in ("png", "pdf"):
        figure.savefig(tmp_path / f"slices.{suffix}")
        assert (tmp_path / f"slices.{suffix}").stat().st_size > 5000


def test_slices_of_a_simulation_never_trained_on_have_no_square():
    figure = plot_slices([map_pair()], TEST_SHAPE, mark_test_region=False)
    assert not any(axes.patches for axes in panels(figure))


def test_slices_have_a_row_for_each_quantity_and_a_column_pair_for_each_redshift():
    kinds = (("dark-matter", 2.0), ("dark-matter", 5.0), ("stellar-mass", 2.0))
    pairs = [map_pair(quantity, redshift) for quantity, redshift in kinds]
    figure = plot_slices(pairs, TEST_SHAPE, mark_test_region=False)
    assert len(panels(figure)) == 6
    assert [axes.get_title() for axes in panels(figure)] == [
        "reference, $z = 5$",
        "model, $z = 5$",
        "reference, $z = 2$",
        "model, $z = 2$",
        "",
        "",
    ]


def test_redshifts_that_agree_share_a_column():
    pairs = [map_pair("dark-matter", 2.0), map_pair("stellar-mass", 2.002)]
    shown = panels(plot_slices(pairs, TEST_SHAPE, mark_test_region=False))
    assert len(shown) == 4
    places = [axes.get_subplotspec() for axes in shown]
    assert [place.colspan.start for place in places if place is not None] == [0, 1, 0, 1]


def test_colour_bars_have_the_units_of_the_map_unless_it_is_a_density_over_its_mean():
    pairs = [map_pair("dark-matter"), map_pair("stellar-mass")]
    figure = plot_slices(pairs, TEST_SHAPE, mark_test_region=False)
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_label() == "<colorbar>"]
    assert labels == [r"$1+\delta$", r"$M_\star$ [some units]"]
    assert MapStyle("metals").axis_label("1e10 Msun") == r"map [$10^{10}$ $M_\odot$]"


@pytest.mark.parametrize("empty_share", [0.9, 0.999, 1.0])
def test_maps_that_are_nearly_or_wholly_empty_can_be_drawn(tmp_path, empty_share):
    figure = plot_slices([map_pair("stellar-mass", 5.0, empty_share)], TEST_SHAPE, True)
    figure.savefig(tmp_path / "slices.png")
    for axes in panels(figure):
        assert np.all(picture(axes) > 0)


@pytest.mark.parametrize("values", [[0.0, 0.0], [1.0, 1.0], [0.0, 3.0], [1e-30, 1.0]])
def test_logarithmic_limits_are_apart_and_within_four_decades(values):
    low, high = logarithmic_limits(np.array(values))
    assert 0 < low < high <= low * 1.0001e4


def test_relative_difference_clips_and_smooths_before_the_quotient():
    pair = map_pair("stellar-mass", 2.0, empty_share=0.9)
    floor = 0.5 * pair.reference.mean()
    reference, model = (
        gaussian_filter(np.maximum(field, floor), 0.2 / 0.25, mode="wrap")
        for field in (pair.reference, pair.model)
    )
    expected = (model - reference) / reference
    np.testing.assert_allclose(relative_difference(pair), expected.mean(axis=2), atol=1e-12)
    np.testing.assert_allclose(
        relative_difference(pair, TEST_SHAPE),
        expected[tuple(slice(n) for n in TEST_SHAPE)].mean(axis=2),
        atol=1e-12,
    )


def test_relative_difference_of_a_map_to_itself_is_zero_and_drawn_as_such():
    pair = map_pair()
    same = dataclasses.replace(pair, model=pair.reference)
    figure = plot_relative_difference([same, map_pair("stellar-mass")])
    first, second = panels(figure)
    np.testing.assert_allclose(picture(first), 0.0, atol=1e-14)
    assert np.abs(picture(second)).max() > 0.01
    limits = [np.array(axes.images[0].get_clim(), float) for axes in (first, second)]
    assert limits[0][0] == -limits[0][1] == limits[1][0]


def test_relative_difference_to_an_empty_reference_is_refused():
    pair = map_pair("stellar-mass", 5.0, empty_share=1.0)
    with pytest.raises(BadInput, match="empty"):
        plot_relative_difference([pair])


def curve(quantity, redshift, compared=None, is_baseline=False):
    style = quantity_named(quantity).style
    return Curve(quantity, style, redshift, compared or comparison(), is_baseline)


def comparison():
    k = np.linspace(0.3, 7, 20)
    return Comparison(k, np.full(20, 50), 0.9 / k**2, 1 / k**2, 0.92 / k**2)


def test_spectra_show_reference_model_and_baseline(tmp_path):
    curves = [curve("dark-matter", z, None, b) for z in (2.0, 5.0) for b in (False, True)]
    figure = plot_spectra(curves)
    top, middle, bottom = figure.axes
    assert [line.get_linestyle() for line in top.lines] == ["-", "--", ":"] * 2
    np.testing.assert_allclose(curve_of(top.lines[0])[1], comparison().reference_power)
    np.testing.assert_allclose(curve_of(top.lines[1])[1], comparison().power)
    drawn = [y for x, y in map(curve_of, middle.lines) if len(x) == 20]
    np.testing.assert_allclose(drawn[0], 0.9)
    drawn = [y for x, y in map(curve_of, bottom.lines) if len(x) == 20]
    np.testing.assert_allclose(drawn[0], 0.92 / np.sqrt(0.9))
    legend = legend_of(top)
    assert legend == ["$z = 5$", "$z = 2$", "reference", "model", "FastPM alone"]
    assert top.lines[0].get_color() != top.lines[3].get_color()
    figure.savefig(tmp_path / "spectra.png")


def test_spectra_have_a_column_for_each_quantity_and_no_baseline_unasked():
    names = ("dark-matter", "stellar-mass", "neutral-hydrogen")
    figure = plot_spectra([curve(name, 2.0) for name in names])
    assert [axes.get_title() for axes in figure.axes[:3]] == [
        "dark matter",
        "stellar mass",
        "neutral hydrogen",
    ]
    assert "FastPM alone" not in legend_of(figure.axes[0])


def test_spectra_without_power_leave_gaps(tmp_path):
    dark = comparison()
    dark = Comparison(dark.k, dark.modes, 0 * dark.power, dark.reference_power, 0 * dark.power)
    figure = plot_spectra([curve("stellar-mass", 5.0, dark)])
    figure.savefig(tmp_path / "spectra.png")
    assert np.all(np.isnan(curve_of(figure.axes[0].lines[1])[1]))


def test_scaling_shows_time_and_memory_beside_the_expected_slopes():
    steps = [MeasuredStep("a step", ranks, 8.0 / ranks**0.5, 2**31 / ranks) for ranks in (4, 1, 2)]
    figure = plot_scaling(steps)
    left, right = figure.axes
    lines = {line.get_label(): curve_of(line) for line in left.lines}
    ranks = np.array([1, 2, 4])
    np.testing.assert_array_equal(lines["measured"][0], ranks)
    np.testing.assert_allclose(lines["measured"][1], [8, 8 / 2**0.5, 4])
    np.testing.assert_allclose(lines["$W^{-1}$"][1], [8, 4, 2])
    np.testing.assert_allclose(lines["$W^{-0.7}$"][1], 8 * ranks**-0.7)
    np.testing.assert_allclose(curve_of(right.lines[0])[1], [2, 1, 0.5])


def test_the_distribution_of_a_lognormal_field_is_a_bell_and_its_total_the_mean():
    field = 3.0 * np.random.default_rng(3).lognormal(sigma=0.8, size=(64, 64, 64))
    mean = field.mean()
    cells, above = distribution(field, mean)
    edges = value_edges()
    # ln(F / mean) is normal with mean -sigma^2 / 2, its mean-weighted one with + sigma^2 / 2.
    bell = norm(-0.32, 0.8).cdf(np.log(edges))
    width = np.log10(edges[1] / edges[0])
    np.testing.assert_allclose(cells, np.diff(bell) / width, atol=0.01)
    np.testing.assert_allclose(above, norm(0.32, 0.8).sf(np.log(edges)), atol=0.01)
    assert distribution(0 * field, mean)[1].max() == 0


def test_the_figure_of_the_distribution_shows_both_maps_in_units_of_the_reference():
    pair = map_pair()
    (top, bottom) = plot_distribution([pair]).axes
    mean = pair.reference.mean()
    for number, field in enumerate((pair.reference, pair.model)):
        cells, above = distribution(field, mean)
        drawn = curve_of(top.lines[number])[1]
        np.testing.assert_allclose(drawn[cells > 0], cells[cells > 0])
        np.testing.assert_allclose(curve_of(bottom.lines[number])[1], above)
    empty = dataclasses.replace(pair, reference=0 * pair.reference)
    with pytest.raises(BadInput, match="dark-matter at z = 2 is empty"):
        plot_distribution([empty])
