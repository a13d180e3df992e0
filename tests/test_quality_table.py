# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of how good the maps are."""

import csv
import io

import numpy as np
import pytest

from jerald_tools.analysis.correlation import Comparison, compare
from jerald_tools.analysis.power_spectrum import cross_power
from jerald_tools.analysis.quality_table import (
    MeasuredMap,
    comma_separated,
    in_coarse_bins,
    is_poor,
    markdown,
)
from jerald_tools.mesh.fourier import r2c
from jerald_tools.mesh.mesh import make_mesh


@pytest.fixture
def spectra():
    mesh = make_mesh(16, 20.0, "double")
    generator = np.random.default_rng(6)
    reference = generator.normal(size=mesh.shape)
    model = reference + generator.normal(size=mesh.shape)
    return mesh, r2c(mesh, model), r2c(mesh, reference)


def test_coarse_bins_are_those_that_binning_at_once_gives(spectra):
    mesh, model, reference = spectra
    fine_edges = np.linspace(0.2, 2.4, 12)
    coarse_edges = fine_edges[[0, 2, 5, 11]]
    coarse = in_coarse_bins(compare(mesh, model, reference, fine_edges), coarse_edges)
    expected = compare(mesh, model, reference, coarse_edges)
    np.testing.assert_array_equal(coarse.modes, expected.modes)
    np.testing.assert_allclose(coarse.k, expected.k, rtol=1e-13)
    np.testing.assert_allclose(coarse.ratio, expected.ratio, rtol=1e-12)
    np.testing.assert_allclose(coarse.r, expected.r, rtol=1e-12)
    cross = cross_power(mesh, model, reference, coarse_edges)
    np.testing.assert_allclose(coarse.cross_power, cross.power, rtol=1e-12)


@pytest.mark.parametrize(
    ("ratio", "r", "poor"),
    [
        (1.0, 1.0, False),
        (0.71, 0.71, False),
        (0.69, 1.0, True),
        (1.5, 1.0, True),
        (1.0, 0.69, True),
        (np.nan, 1.0, True),
        (1.0, np.nan, True),
        (0.0, 1.0, True),
    ],
)
def test_a_poor_bin_is_called_poor(ratio, r, poor):
    assert is_poor(ratio, r) is poor


def test_the_table_says_what_was_measured():
    comparison = Comparison(
        k=np.array([0.3, 1.0, 7.0, np.nan]),
        modes=np.array([10, 20, 30, 0]),
        power=np.array([2.0, 1.0, 0.5, np.nan]),
        reference_power=np.array([2.0, 1.25, 1.0, np.nan]),
        cross_power=np.array([2.0, 1.0, 0.25, np.nan]),
    )
    maps = [MeasuredMap("stellar-mass", 2.0, "test cube, all", 0.92, comparison)]
    expected = (
        "| stellar-mass | 2 | test cube, all | 0.92 | 1.00, 1.000 | 0.80, 0.894 | — | — "
        "| 0.50, 0.354 poor |"
    )
    assert markdown(maps).splitlines()[2] == expected
    rows = list(csv.DictReader(io.StringIO(comma_separated(maps))))
    assert [row["modes"] for row in rows] == ["10", "20", "0", "0", "30"]
    assert {row["label"] for row in rows} == {"test cube, all"}
    assert float(rows[4]["ratio"]) == 0.5
    assert float(rows[1]["r"]) == pytest.approx(np.sqrt(0.8))
