# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutral hydrogen in equilibrium: closed forms, the network's own equations, self-shielding."""

import numpy as np
import pytest
from scipy.optimize import brentq

from jerald_tools.errors import BadInput
from jerald_tools.io.uv_background import PhotoionisationRates, read_rates
from jerald_tools.targets import ionisation
from jerald_tools.targets.ionisation import (
    cross_section,
    neutral_fraction,
    shielded_share,
    shielding_density,
    temperature_of,
)

RATES = PhotoionisationRates(1e-12, 6e-13, 1e-14)
NONE = PhotoionisationRates(0.0, 0.0, 0.0)


def grid():
    """Densities from voids to stars [cm^-3], temperatures from cold to hot [K]."""
    density, temperature = np.meshgrid(np.geomspace(1e-8, 1e3, 34), np.geomspace(1e3, 1e8, 26))
    return density.ravel(), temperature.ravel()


@pytest.mark.parametrize("rates", [RATES, NONE, PhotoionisationRates(1e-16, 0.0, 0.0)])
def test_pure_hydrogen_has_a_closed_form(rates):
    """The root of (a + c) n x^2 - (2 a n + G + c n) x + a n = 0, in its stable form."""
    density, temperature = grid()
    pure = np.ones(len(density))
    found = neutral_fraction(density, lambda _, rows: temperature[rows], pure, rates)
    recombination = ionisation.hydrogen_recombination(temperature)
    collisions = ionisation.hydrogen_collisions(temperature)
    middle = 2 * recombination + collisions + rates.hydrogen / density
    root = np.sqrt(middle**2 - 4 * (recombination + collisions) * recombination)
    np.testing.assert_allclose(found, 2 * recombination / (middle + root), rtol=2e-7)


def test_helium_gives_and_takes_electrons():
    """Against a root of the charge balance, particle by particle."""
    density, temperature = (values[::37] for values in grid())
    fraction = np.full(len(density), 0.76)
    found = neutral_fraction(density, lambda _, rows: temperature[rows], fraction, RATES)
    helium = 0.24 / (4 * 0.76)

    def species(electrons, n, kelvin):
        hydrogen = 1 / (1 + (ionisation.hydrogen_collisions(kelvin) + 1e-12 / electrons / n)
                        / ionisation.hydrogen_recombination(kelvin))  # fmt: skip
        once = (ionisation.helium_collisions(kelvin) + 6e-13 / electrons / n) / (
            ionisation.helium_recombination(kelvin)
        )
        twice = (ionisation.ionised_helium_collisions(kelvin) + 1e-14 / electrons / n) / (
            ionisation.ionised_helium_recombination(kelvin)
        )
        charge = helium * (once + 2 * once * twice) / (1 + once + once * twice)
        return hydrogen, 1 - hydrogen + charge

    for n, kelvin, ours in zip(density, temperature, found, strict=True):
        electrons = brentq(
            lambda ne, n=n, kelvin=kelvin: species(ne, n, kelvin)[1] - ne, 1e-12, 2, xtol=1e-16
        )
        assert ours == pytest.approx(species(electrons, n, kelvin)[0], rel=1e-7)


def test_temperature_follows_the_electrons():
    """Ionised and neutral gas at one energy per mass: mu = 4 / (3 + 5 X) and 4 / (1 + 3 X)."""
    fraction = 0.76
    helium = (1 - fraction) / (4 * fraction)
    ionised = temperature_of(100.0, 1 + 2 * helium, fraction)
    neutral = temperature_of(100.0, 0.0, fraction)
    assert ionised == pytest.approx(
        2 / 3 * 100e10 * 4 / (3 + 5 * fraction) * 1.67262192369e-24 / 1.380649e-16
    )
    assert ionised / neutral == pytest.approx((1 + 3 * fraction) / (3 + 5 * fraction))
    energy = np.array([100.0, 500.0, 5000.0])
    density = np.full(3, 1e-5)
    found = neutral_fraction(
        density,
        lambda electrons, rows: temperature_of(energy[rows], electrons, fraction),
        np.full(3, fraction),
        RATES,
    )
    # At 1e-5 cm^-3 nearly all of it is ionised, helium once or twice.
    kelvin = temperature_of(energy, 1 + 2 * helium, fraction)
    once = neutral_fraction(density, lambda _, rows: kelvin[rows], np.full(3, fraction), RATES)
    np.testing.assert_allclose(found, once, rtol=0.03)
    assert np.any(found != once)


def test_recombination_and_collisions_at_ten_thousand_kelvin():
    """Verner & Ferland 1996 and Voronov 1997 at 1e4 K, worked out by hand."""
    assert ionisation.hydrogen_recombination(1e4) == pytest.approx(4.19e-13, rel=5e-3)
    assert ionisation.hydrogen_collisions(1e4) == pytest.approx(
        2.91e-8 / (0.232 + 15.78214) * 15.78214**0.39 * np.exp(-15.78214), rel=1e-5
    )
    assert ionisation.helium_recombination(1e4) == pytest.approx(4.3e-13, rel=5e-2)


# The paper's equations (13) and (14), worked out apart from this project.
SHARES = [
    (0.01, 0.998662),
    (0.1, 0.949136),
    (1.0, 0.212953),
    (10.0, 2.83812e-3),
    (100.0, 4.14414e-4),
]
DENSITIES = [
    ((1e4, 1e-12, 2.49e-18, 0.17), 6.73e-3),
    ((1e5, 1e-12, 2.49e-18, 0.17), 9.95440e-3),
    ((1e4, 8e-12, 2.49e-18, 0.17), 2.692e-2),
    ((1e4, 1e-12, 2.27e-18, 0.156494), 7.35836e-3),
]


@pytest.mark.parametrize(("ratio", "share"), SHARES)
def test_rahmati_share(ratio, share):
    assert shielded_share(np.array([6.73e-3 * ratio]), 6.73e-3)[0] == pytest.approx(share, rel=1e-5)


@pytest.mark.parametrize(("arguments", "density"), DENSITIES)
def test_rahmati_density(arguments, density):
    assert shielding_density(*arguments) == pytest.approx(density, rel=1e-5)


def test_rahmati_cross_sections():
    assert cross_section(0.0) == 2.59e-18
    assert cross_section(2.5) == pytest.approx(2.21e-18)
    with pytest.raises(BadInput, match=r"z = 5\.1: Rahmati et al\. 2013 have z = 0 to 5"):
        cross_section(5.1)


def test_shielding_keeps_dense_gas_neutral():
    density = np.geomspace(1e-6, 1, 30)
    arguments = density, lambda _, rows: np.full(len(rows), 1e4), np.full(30, 0.76), RATES
    plain = neutral_fraction(*arguments)
    shielded = neutral_fraction(
        *arguments, lambda kelvin, rows: shielded_share(density[rows], 6.73e-3)
    )
    np.testing.assert_allclose(shielded[density < 1e-5], plain[density < 1e-5], rtol=0.03)
    assert shielded[-1] > 0.9
    assert plain[-1] < 0.5


def test_a_table_of_rates(tmp_path):
    path = tmp_path / "table.txt"
    # Power laws of 1 + z, which the interpolation keeps; heating is not read.
    position = np.linspace(0, 1, 7)
    np.savetxt(path, np.column_stack(
        [position, *(10 ** (slope * position - 12) for slope in (1, 2, -3)), position]
    ))  # fmt: skip
    rates = read_rates(path, 1.7)
    assert rates.hydrogen == pytest.approx(2.7e-12, rel=1e-9)
    assert rates.helium == pytest.approx(2.7**2 * 1e-12, rel=1e-9)
    assert rates.ionised_helium == pytest.approx(2.7**-3 * 1e-12, rel=1e-9)
    np.savetxt(path, [[0, 1e-13, 0, 0], [1, 2e-13, 1e-13, 0]])
    rates = read_rates(path, 10**0.25 - 1)
    assert (rates.helium, rates.ionised_helium) == (pytest.approx(2.5e-14), 0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b c d\n", "not a table of numbers"),
        ("0 1e-12\n1 1e-12\n", "give the columns"),
        ("1 1 1 1\n0 1 1 1\n", "must rise"),
        ("0 1 1 1\n0.1 1 1 1\n", "the snapshot is at z = 2; give a table that reaches it"),
    ],
)
def test_tables_that_are_refused(tmp_path, text, message):
    (tmp_path / "bad.txt").write_text(text)
    with pytest.raises(BadInput, match=message):
        read_rates(tmp_path / "bad.txt", 2.0)
