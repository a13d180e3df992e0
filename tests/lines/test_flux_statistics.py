# SPDX-License-Identifier: GPL-3.0-or-later
"""Power and distribution of flux along lines against closed forms."""

import numpy as np
import pytest

from jerald_tools.lines.flux_statistics import flux_distribution, line_power
from jerald_tools.mesh.ranks import world

WIDTH, PIXELS, LINES = 2000.0, 48, 12


def own(flux):
    """This rank's lines."""
    ranks = world()
    rows = len(flux)
    return flux[rows * ranks.rank // ranks.size : rows * (ranks.rank + 1) // ranks.size]


def wave(number, amplitude, phase):
    """Flux 0.6 (1 + amplitude cos(k v + phase)), mean over each pixel."""
    k = 2 * np.pi * number / WIDTH
    ends = np.arange(PIXELS + 1) * WIDTH / PIXELS
    integral = ends + amplitude * np.sin(k * ends + phase) / k
    return 0.6 * np.diff(integral) / (WIDTH / PIXELS)


@pytest.mark.ranks
def test_a_wave_has_its_power_whatever_the_pixels():
    first = np.array([wave(5, 0.3, 0.1 * line) for line in range(LINES)])
    second = np.array([wave(5, 0.2, 0.1 * line + 1) for line in range(LINES)])
    power = line_power(world(), [(own(first), own(second))], PIXELS, WIDTH)
    assert power.mean == pytest.approx(0.6)
    np.testing.assert_allclose(power.k, 2 * np.pi * np.arange(1, 24) / WIDTH)
    assert (power.modes == 2 * LINES).all()
    expected = np.zeros((3, 23))
    expected[:, 4] = np.array([0.3**2, 0.2**2, 0.3 * 0.2 * np.cos(1)]) / 4 * WIDTH
    found = [power.power, power.reference_power, power.cross_power]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.ranks
def test_noise_of_pixels_has_their_width_times_its_variance():
    flux = 1 + 0.1 * np.random.default_rng(2).normal(size=(400, PIXELS))
    pieces = [(half, half) for half in np.array_split(own(flux), 2)]
    power = line_power(world(), pieces, PIXELS, WIDTH, [0.0, 0.02, 0.04])
    pixel = WIDTH / PIXELS
    window = np.sinc(power.k * pixel / (2 * np.pi)) ** 2
    np.testing.assert_allclose(power.power * window, 0.01 * pixel, rtol=0.05)
    assert power.modes[0] == 2 * 400 * 6


@pytest.mark.ranks
def test_the_distribution_counts_every_pixel():
    flux = np.array([[0.0, 0.01, 0.06, 0.52], [0.53, 0.54, 1.0, 0.999]] * 3)
    middles, density = flux_distribution(world(), [own(flux)])
    np.testing.assert_allclose(middles, np.arange(0.025, 1, 0.05))
    expected = np.zeros(20)
    expected[[0, 1, 10, 19]] = np.array([2, 1, 3, 2]) / 8 * 20
    np.testing.assert_allclose(density, expected)
