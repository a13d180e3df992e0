# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundled reference: whole, and true to what its simulations say of themselves."""

from pathlib import Path

import numpy as np
import pytest

from jerald_tools.cosmology import Cosmology, hubble_rate
from jerald_tools.io.grids import MapFile
from jerald_tools.io.particles import CRITICAL_DENSITY
from jerald_tools.io.skewers import SkewersFile

DATA = Path(__file__).parents[2] / "data"
QUANTITIES = ("dark-matter", "stellar-mass", "neutral-hydrogen", "gas")
RUNS = {
    "train_seed9281": 9281,
    "train_seed20261_fixed": 20261,
    "train_seed20261_paired": 20261,
    "unseen_seed4417": 4417,
}


@pytest.fixture(params=[(run, z) for run in RUNS for z in ("5.00", "3.00", "2.00")], ids=str)
def snapshot(request):
    """Headers and maps of all quantities of one snapshot."""
    run, redshift = request.param
    maps = {}
    for quantity in QUANTITIES:
        with MapFile(DATA / "reference" / run / f"{quantity}_z{redshift}.h5") as opened:
            opened.verify()
            maps[quantity] = (opened.header, opened.read())
    for quantity, (header, values) in maps.items():
        assert header.quantity == quantity
        assert header.redshift == float(redshift)
        assert header.attributes["simulation"]["seed"] == RUNS[run]
        assert header.mesh == values.shape == (48, 48, 48)
        assert header.box_size == (20.0, 20.0, 20.0)
        assert header.cosmology == Cosmology()
        assert values.dtype == np.float32
        assert values.min() >= 0
    return maps


def test_means_are_those_of_the_simulations(snapshot):
    said = snapshot["gas"][0].attributes["snapshot"]
    mean = {quantity: values.mean(dtype=np.float64) for quantity, (_, values) in snapshot.items()}
    assert mean["dark-matter"] == pytest.approx(1, abs=1e-8)
    assert mean["gas"] == pytest.approx(1, abs=1e-8)
    assert mean["neutral-hydrogen"] == pytest.approx(said["mean_nHI_proper_cm3"], rel=1e-8)
    baryons = CRITICAL_DENSITY * Cosmology().omega_b * 20**3
    stars = mean["stellar-mass"] * 48**3 / baryons
    assert stars == pytest.approx(said["omega_star_over_omega_b"], rel=1e-8)


@pytest.mark.parametrize(("redshift", "mean"), [("3.00", 0.712), ("2.00", 0.870)])
def test_lines_of_sight_have_the_mean_flux_of_their_simulation(redshift, mean):
    with SkewersFile(DATA / f"reference/unseen_seed4417/skewers_z{redshift}.h5") as opened:
        opened.verify()
        header, flux = opened.header, np.exp(-opened.read())
    assert (header.axis, header.redshift, header.scale) == ("z", float(redshift), 1)
    assert flux.shape[:2] == (24, 24)
    assert header.mean_flux == pytest.approx(flux.mean(dtype=np.float64), rel=1e-6)
    assert header.mean_flux == pytest.approx(mean, abs=0.005)
    a = 1 / (1 + header.redshift)
    width = 100 * a * hubble_rate(a, header.cosmology) * 20
    assert header.pixel_kms * flux.shape[2] == pytest.approx(width, rel=1e-3)


def test_it_stays_small():
    files = list((DATA / "reference").rglob("*.h5"))
    assert len(files) == 50
    assert sum(path.stat().st_size for path in files) < 16e6


def test_linear_power_has_its_sigma8():
    k, power = np.loadtxt(DATA / "linear_power.txt", unpack=True)
    x = 8.0 * k
    window = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    variance = np.trapezoid(power * window**2 * k**3 / (2 * np.pi**2), np.log(k))
    assert np.sqrt(variance) == pytest.approx(Cosmology().sigma8, rel=1e-3)
