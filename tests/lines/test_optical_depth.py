# SPDX-License-Identifier: GPL-3.0-or-later
"""Optical depth along lines against closed forms: clouds, uniform gas, stretched gas."""

import math

import numpy as np
import pytest
from scipy.special import erf, wofz

from jerald_tools.lines.constants import LYMAN_ALPHA_AREA, NATURAL_WIDTH, thermal_width
from jerald_tools.lines.optical_depth import Spectrograph, optical_depth

WIDTH, CELLS, PIXELS = 1200.0, 24, 100
TOLERANCE = {"single": 2e-5, "double": 1e-9}
"""Of a pixel over the largest, where nothing is left out but by rounding."""


def voigt(v, b):
    """Voigt profile of velocity v, integral 1 [s/km]: the Faddeeva function."""
    return wofz((v + 1j * NATURAL_WIDTH) / b).real / (math.sqrt(math.pi) * b)


def gaussian(v, b):
    return np.exp(-((v / b) ** 2)) / (math.sqrt(math.pi) * b)


def cloud_in_pixels(shape, b, centre, cell, images):
    """Mean over pixels of a profile spread evenly over a cell, by quadrature, periodic."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    ends = np.linspace(0, WIDTH, PIXELS + 1)
    pixel = ends[1]
    total = np.zeros(PIXELS)
    for node, weight in zip(nodes, weights, strict=True):
        v = ends[:-1, None] + pixel * (1 + nodes) / 2 - centre - cell * node / 2
        for image in range(-images, images + 1):
            total += weight / 4 * (shape(v - image * WIDTH, b) @ weights)
    return total


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize(("profile", "shape"), [("voigt", voigt), ("gaussian", gaussian)])
@pytest.mark.parametrize("b", [14.0, 28.0])
def test_one_cloud_has_the_profile_of_its_column_width_and_velocity(precision, profile, shape, b):
    column, velocity, cell = 3e13, 37.0, 5
    columns, velocities = np.zeros((1, CELLS)), np.full((1, CELLS), velocity)
    columns[0, cell] = column
    widths = np.full((1, CELLS), b)
    spectrograph = Spectrograph(WIDTH, PIXELS, precision)
    (tau,) = optical_depth(spectrograph, columns, velocities, widths, profile)
    step = WIDTH / CELLS
    exact = column * LYMAN_ALPHA_AREA * cloud_in_pixels(shape, b, cell * step + velocity, step, 40)
    tolerance = max(TOLERANCE[precision], 1e-6) * exact.max()
    np.testing.assert_allclose(tau, exact, rtol=0, atol=tolerance)


def test_the_damping_wings_of_a_strong_line_are_there():
    columns = np.zeros((1, CELLS))
    columns[0, CELLS // 2] = 1e20
    still, widths = np.zeros((1, CELLS)), np.full((1, CELLS), 20.0)
    spectrograph = Spectrograph(WIDTH, PIXELS, "double")
    (tau,) = optical_depth(spectrograph, columns, still, widths)
    v = (np.arange(PIXELS) + 0.5) * WIDTH / PIXELS - WIDTH / 2
    far = np.abs(v) > 200
    lorentz = 1e20 * LYMAN_ALPHA_AREA * NATURAL_WIDTH / math.pi
    images = sum(1 / (v - image * WIDTH) ** 2 for image in range(-50, 51))
    np.testing.assert_allclose(tau[far], lorentz * images[far], rtol=0.03)


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("pixels", [7, 100, 900])
def test_uniform_gas_has_the_gunn_peterson_depth(precision, pixels):
    columns = np.full((3, CELLS), 2e13)
    velocities, widths = np.full((3, CELLS), -250.0), np.full((3, CELLS), 13.0)
    tau = optical_depth(Spectrograph(WIDTH, pixels, precision), columns, velocities, widths)
    # pi e^2 / (m_e c) f lambda n / H, with n dl = 2e13 and H dl = WIDTH / CELLS.
    exact = LYMAN_ALPHA_AREA * 2e13 / (WIDTH / CELLS)
    np.testing.assert_allclose(tau, exact, rtol=max(TOLERANCE[precision], 1e-7))


def test_a_velocity_gradient_stretches_and_compresses():
    cells, slope = 240, 0.4
    step = WIDTH / cells
    rise = slope * step * np.minimum(np.arange(cells), cells - np.arange(cells))
    columns, widths = np.full((1, cells), 1e12), np.full((1, cells), 2.0)
    spectrograph = Spectrograph(WIDTH, 400, "double")
    (tau,) = optical_depth(spectrograph, columns, rise[None], widths)
    v = (np.arange(400) + 0.5) * spectrograph.pixel
    uniform = LYMAN_ALPHA_AREA * 1e12 / step
    turn = WIDTH / 2 * (1 + slope)
    stretched, compressed = (v > 60) & (v < turn - 60), (v > turn + 60) & (v < WIDTH - 60)
    np.testing.assert_allclose(tau[stretched], uniform / (1 + slope), rtol=1e-4)
    np.testing.assert_allclose(tau[compressed], uniform / (1 - slope), rtol=1e-4)


def lines_of_shells(generator, lines=5):
    """Columns, velocities and widths with voids, shells that cross, hot and cold gas."""
    columns = 10 ** generator.uniform(10, 17, (lines, CELLS))
    columns[generator.random((lines, CELLS)) < 0.2] = 0
    velocities = generator.normal(scale=200, size=(lines, CELLS))
    return columns, velocities, generator.uniform(2, 40, (lines, CELLS))


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("profile", ["voigt", "gaussian"])
@pytest.mark.parametrize("pixels", [3, 60, 1000])
def test_optical_depth_is_conserved(precision, profile, pixels):
    columns, velocities, widths = lines_of_shells(np.random.default_rng(2))
    spectrograph = Spectrograph(WIDTH, pixels, precision)
    tau = optical_depth(spectrograph, columns, velocities, widths, profile)
    total = LYMAN_ALPHA_AREA * columns.sum(axis=1)
    np.testing.assert_allclose(tau.sum(axis=1) * spectrograph.pixel, total, rtol=1e-6)
    assert (tau >= 0).all()


def slow_gaussian(columns, velocities, widths, pixels):
    """The integrals cell by cell and image by image, as the module's equations have them."""

    def ramp(y):
        return y * (1 + erf(y)) / 2 + np.exp(-y * y) / (2 * math.sqrt(math.pi))

    step, ends = WIDTH / len(columns), np.linspace(0, WIDTH, pixels + 1)
    tau = np.zeros(pixels)
    for cell, (column, b) in enumerate(zip(columns, widths, strict=True)):
        before, after = (velocities[(cell + move) % len(columns)] for move in (-1, 1))
        u1 = (cell - 0.5) * step + (velocities[cell] + before) / 2
        u2 = (cell + 0.5) * step + (velocities[cell] + after) / 2
        for image in range(-3, 4):
            y1, y2 = ((ends - u - image * WIDTH) / b for u in (u1, u2))
            below = (ramp(y1) - ramp(y2)) * b / (u2 - u1)
            tau += LYMAN_ALPHA_AREA * column * np.diff(below) / ends[1]
    return tau


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("pixels", [9, 150])
def test_lines_are_those_of_a_slow_sum_over_cells(precision, pixels):
    columns, velocities, widths = lines_of_shells(np.random.default_rng(4))
    spectrograph = Spectrograph(WIDTH, pixels, precision)
    tau = optical_depth(spectrograph, columns, velocities, widths, "gaussian")
    for line in range(len(columns)):
        exact = slow_gaussian(columns[line], velocities[line], widths[line], pixels)
        tolerance = {"single": 1e-4, "double": 1e-7}[precision] * exact.max()
        np.testing.assert_allclose(tau[line], exact, rtol=0, atol=tolerance)


def test_many_cells_fill_several_windows_and_batches():
    generator = np.random.default_rng(6)
    columns, velocities, widths = lines_of_shells(generator, lines=900)
    velocities[::7] *= 6
    spectrograph = Spectrograph(WIDTH, 150, "double")
    tau = optical_depth(spectrograph, columns, velocities, widths, "gaussian")
    for line in (0, 341, 899):
        one = slice(line, line + 1)
        alone = columns[one], velocities[one], widths[one]
        exact = optical_depth(spectrograph, *alone, "gaussian")
        np.testing.assert_allclose(tau[line], exact[0], rtol=1e-12, atol=1e-14 * exact.max())


def test_constants():
    # 1.3435e-12 km/s cm^2, and 12.85 km/s at 1e4 K: Meiksin 2009 (arXiv:0711.3358), section II.
    assert pytest.approx(1.3435e-12, rel=1e-3) == LYMAN_ALPHA_AREA
    assert thermal_width(1e4) == pytest.approx(12.845, rel=1e-3)
    assert pytest.approx(6.06e-3, rel=1e-3) == NATURAL_WIDTH
