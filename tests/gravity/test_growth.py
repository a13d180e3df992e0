# SPDX-License-Identifier: GPL-3.0-or-later
"""Growth against fastpm-python's tables and against the closed form of the growing mode."""

import numpy as np
import pytest
from goldens import load_golden
from scipy.special import hyp2f1

from jerald_tools.cosmology import (
    Cosmology,
    growth,
    hubble_rate,
    matter_fraction,
    scale_factor_of,
)

COLUMNS = {
    "D1": "first",
    "f1": "first_rate",
    "f2": "second_rate",
    "E": "hubble",
    "Gp": "position_factor",
    "gp": "position_slope",
    "Gf": "momentum_factor",
    "gf": "momentum_slope",
}


@pytest.mark.parametrize("run", ["B1_z5", "B1_z2", "B1_z0"])
def test_growth_equals_fastpm(run):
    saved = load_golden("fastpm.npz")
    table = dict(zip(saved["growth_columns"], saved[f"{run}_growth_table"].T, strict=True))
    ours = growth(table["a"], Cosmology())
    for column, member in COLUMNS.items():
        np.testing.assert_allclose(
            getattr(ours, member), table[column], rtol=1e-7, err_msg=f"{column} is not {member}"
        )
    # fastpm-python scales D2 to 1 today.
    today = growth(1.0, Cosmology()).second
    np.testing.assert_allclose(ours.second / today, table["D2"], rtol=1e-7)


@pytest.mark.parametrize("omega_m", [0.1, 0.308, 0.9])
def test_first_order_is_the_hypergeometric_growing_mode(omega_m):
    a = np.array([0.001, 0.1, 0.5, 1.0, 1.5])
    ratio = (1 - omega_m) / omega_m
    closed_form = a * hyp2f1(1 / 3, 1, 11 / 6, -ratio * a**3) / hyp2f1(1 / 3, 1, 11 / 6, -ratio)
    ours = growth(a, Cosmology(omega_m=omega_m)).first
    np.testing.assert_allclose(ours, closed_form, rtol=1e-10)


def test_matter_only_universe_grows_with_powers_of_the_scale_factor():
    a = np.array([0.01, 0.3, 1.0])
    ours = growth(a, Cosmology(omega_m=1.0))
    np.testing.assert_allclose(ours.first, a, rtol=1e-10)
    np.testing.assert_allclose(ours.second, 3 / 7 * a**2, rtol=1e-10)
    np.testing.assert_allclose(ours.first_rate, 1.0, rtol=1e-10)
    np.testing.assert_allclose(ours.second_rate, 2.0, rtol=1e-10)


def test_slopes_are_derivatives_of_their_factors():
    a, step = np.array([0.2, 0.7]), 1e-5
    at, below, above = (growth(a + shift, Cosmology()) for shift in (0.0, -step, step))
    for factor, slope in (
        ("position_factor", "position_slope"),
        ("momentum_factor", "momentum_slope"),
    ):
        difference = (getattr(above, factor) - getattr(below, factor)) / (2 * step)
        np.testing.assert_allclose(getattr(at, slope), difference, rtol=1e-7)


@pytest.mark.parametrize("omega_m", [0.1, 0.308, 0.9])
def test_second_order_grows_as_the_known_fit(omega_m):
    """D2 = 3/7 D1^2 Omega_m(a)^(-1/143), good to 0.6 % down to Omega_m = 0.1 (astro-ph/9406013)."""
    a = np.array([0.001, 0.1, 0.5, 1.0])
    cosmology = Cosmology(omega_m=omega_m)
    ours = growth(a, cosmology)
    known_fit = 3 / 7 * ours.first**2 * matter_fraction(a, cosmology) ** (-1 / 143)
    np.testing.assert_allclose(ours.second, known_fit, rtol=6e-3)
    np.testing.assert_allclose(ours.second[0], known_fit[0], rtol=1e-6)


def test_second_order_today():
    assert growth(1.0, Cosmology(omega_m=0.308)).second == pytest.approx(0.43219, abs=1e-5)


def test_background_today():
    assert hubble_rate(1.0, Cosmology()) == pytest.approx(1.0, rel=1e-15)
    assert scale_factor_of(9.0) == pytest.approx(0.1, rel=1e-15)


def test_growth_with_radiation():
    """Meszaros' closed form without a cosmological constant, and its limits."""
    universe, omega_r = Cosmology(omega_m=1.0), 1e-4
    a = np.array([1e-3, 1e-2, 0.1, 1.0])
    # The flat universe of growth() takes the radiation from the constant: here that is -1e-4.
    meszaros = a + 2 / 3 * omega_r
    found = growth(a, universe, omega_r).first
    np.testing.assert_allclose(found / found[0], meszaros / meszaros[0], rtol=2e-4)
    plain, little = growth(a, Cosmology()), growth(a, Cosmology(), 1e-10)
    for name in ("first", "second", "first_rate", "second_rate", "hubble"):
        np.testing.assert_allclose(getattr(little, name), getattr(plain, name), rtol=1e-5)
    ratio = growth(0.01, Cosmology(), 9.1e-5).first / growth(0.01, Cosmology()).first
    assert ratio == pytest.approx(1.0193, abs=1e-4)
