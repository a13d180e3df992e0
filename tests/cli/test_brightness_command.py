# SPDX-License-Identifier: GPL-3.0-or-later
"""brightness: from hydrogen to millikelvin, against its closed form, on any number of ranks."""

import math

import numpy as np
import pytest
from small_universe import (
    BOX_SIZE,
    COSMOLOGY,
    REDSHIFT,
    SHAPE,
    header_of,
    map_of,
    save_particles,
    save_target,
    velocities,
)

from jerald_tools.cli.brightness import main
from jerald_tools.lines.constants import HYPERFINE_DECAY
from jerald_tools.mesh.ranks import on_root, world


@pytest.fixture
def universe(shared_folder):
    on_root(world(), save_particles, shared_folder / "particles.h5")
    still = np.zeros_like(velocities())
    on_root(world(), save_particles, shared_folder / "still.h5", moving=still)
    on_root(world(), save_target, shared_folder / "hydrogen.h5", "neutral-hydrogen")
    return shared_folder


def brightness(folder, *options, particles="particles.h5"):
    words = [folder / "hydrogen.h5", "--particles", folder / particles, "--precision", "double"]
    words += ["-q", "--force", "-o", folder / "tb.h5", *options]
    main.main([str(word) for word in words], standalone_mode=False)
    return map_of(folder / "tb.h5")


@pytest.mark.ranks
def test_gas_at_rest_has_the_temperature_of_its_density(universe):
    assert pytest.approx(2.869e-15, rel=1e-4) == HYPERFINE_DECAY
    # T = 3 h_P c^3 A10 n / (32 pi k nu^2 H (1 + z)), of constants in the SI.
    rate = 100e3 / 3.0856775814913673e22 * COSMOLOGY.h
    rate *= math.sqrt(COSMOLOGY.omega_m * (1 + REDSHIFT) ** 3 + 1 - COSMOLOGY.omega_m)
    factor = 3 * 6.62607015e-34 * 299792458**3 * HYPERFINE_DECAY
    factor /= 32 * math.pi * 1.380649e-23 * 1420405751.768**2 * rate * (1 + REDSHIFT)
    expected = 1e3 * factor * 1e6 * map_of(universe / "hydrogen.h5")
    found = brightness(universe, particles="still.h5")
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    header = header_of(universe / "tb.h5")
    assert (header.quantity, header.units) == ("brightness-temperature", "mK")
    assert header.attributes["redshift_space"] == "z"
    constant = header.attributes["mean_of_hydrogen"] / header.attributes["omega_hi"]
    constant *= rate / (100e3 / 3.0856775814913673e22 * COSMOLOGY.h)
    constant /= COSMOLOGY.h * (1 + REDSHIFT) ** 2
    assert constant == pytest.approx(190.0, abs=0.1)


@pytest.mark.ranks
@pytest.mark.parametrize("los", ["x", "z"])
def test_redshift_space_keeps_the_sum_and_moves_it_along_the_line_of_sight(universe, los):
    still, moved = brightness(universe, particles="still.h5"), brightness(universe, "--los", los)
    number = "xyz".index(los)
    np.testing.assert_allclose(moved.sum(number), still.sum(number), rtol=1e-9)
    assert np.abs(moved - still).max() > 0.1 * still.max()


@pytest.mark.ranks
def test_the_mean_that_was_asked_for(universe):
    plain, scaled = brightness(universe), brightness(universe, "--mean", 0.3)
    assert scaled.mean() == pytest.approx(0.3, rel=1e-10)
    np.testing.assert_allclose(scaled / plain, 0.3 / plain.mean(), rtol=1e-9)


@pytest.mark.ranks
def test_a_beam_smooths_across_the_line_of_sight(universe):
    plain, seen = (
        brightness(universe, "--los", "y"),
        brightness(universe, "--los", "y", "--beam", 1.5),
    )
    sigma = 1.5 / 2.3548200450309493
    spectrum = np.fft.fftn(plain)
    for axis in (0, 2):
        k = 2 * np.pi * np.fft.fftfreq(SHAPE[axis], BOX_SIZE[axis] / SHAPE[axis])
        spectrum *= np.exp(-((k * sigma) ** 2) / 2).reshape(np.roll([-1, 1, 1], axis))
    expected = np.fft.ifftn(spectrum).real
    np.testing.assert_allclose(seen, expected, rtol=1e-9, atol=1e-12 * plain.max())


@pytest.mark.ranks
def test_noise_is_that_of_its_seed_on_any_ranks(universe):
    plain = brightness(universe)
    first = brightness(universe, "--noise", 0.2) - plain
    other = brightness(universe, "--noise", 0.2, "--noise-seed", 2) - plain
    assert first.std() == pytest.approx(0.2, rel=0.1)
    assert np.corrcoef(first.ravel(), other.ravel())[0, 1] < 0.2
    expected = np.random.default_rng([1, 3]).normal(scale=0.2, size=SHAPE[1:])
    np.testing.assert_allclose(first[3], expected, atol=1e-9)
