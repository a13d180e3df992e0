# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the maps' quality and of the fits' losses."""

import csv
import io

import numpy as np
import pytest

from jerald_tools.analysis.power_spectrum import Comparison
from jerald_tools.analysis.tables import (
    FittedLoss,
    MeasuredMap,
    in_coarse_bins,
    in_order,
    is_poor,
    losses_csv,
    losses_markdown,
    quality_csv,
    quality_markdown,
)
from jerald_tools.quantities import NAMES


def test_coarse_bins_average_the_curves_by_modes():
    k = np.array([0.1, 0.3, 0.4, 0.9, 7.5])
    modes = np.array([1, 10, 30, 0, 5])
    reference = 1 / k**3
    comparison = Comparison(
        k, modes, np.array([9, 1, 2, 9, 9]) * reference, reference, 0.5 * reference
    )
    first, second, *rest = in_coarse_bins(comparison)
    assert first.modes == 40
    assert first.ratio == pytest.approx((10 * 1 + 30 * 2) / 40)
    assert first.r == pytest.approx((10 * 0.5 + 30 * 0.5 / np.sqrt(2)) / 40)
    assert second.modes == 0
    assert np.isnan(second.ratio)
    assert all(coarse.modes == 0 for coarse in rest)


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
    assert quality_markdown(maps).splitlines()[2] == expected
    rows = list(csv.DictReader(io.StringIO(quality_csv(maps))))
    assert [row["modes"] for row in rows] == ["10", "20", "0", "0", "30"]
    assert {row["label"] for row in rows} == {"test cube, all"}
    assert float(rows[4]["ratio"]) == 0.5
    assert float(rows[1]["r"]) == pytest.approx(np.sqrt(0.8))


def test_rows_by_quantity_keep_the_order_of_the_files_within_a_redshift():
    nothing = Comparison(*(np.array([]) for _ in range(5)))
    maps = [
        MeasuredMap(quantity, redshift, label, 1.0, nothing)
        for label in ("paper's loss", "default")
        for redshift in (2.0, 5.0)
        for quantity in ("stellar-mass", "metals", "dark-matter")
    ]
    rows = [(one.quantity, one.redshift, one.label) for one in in_order(maps, NAMES)]
    assert rows[:4] == [
        ("dark-matter", 5.0, "paper's loss"),
        ("dark-matter", 5.0, "default"),
        ("dark-matter", 2.0, "paper's loss"),
        ("dark-matter", 2.0, "default"),
    ]
    assert [row[0] for row in rows[4:]] == ["stellar-mass"] * 4 + ["metals"] * 4


def test_the_table_of_losses_holds_each_fit_against_the_one_without_layers():
    fits = [
        FittedLoss("stellar-mass", 2.0, 2, 0.6, 0.75, 0.8),
        FittedLoss("dark-matter", 2.0, 2, 0.2, 0.3, 0.4),
        FittedLoss("stellar-mass", 2.0, 0, 0.9, 1.0, 1.1),
        FittedLoss("dark-matter", 5.0, 1, 0.02, 0.03, 0.04),
        FittedLoss("dark-matter", 5.0, 0, 0.02, 0.02, 0.04),
    ]
    assert losses_markdown(fits, NAMES).splitlines()[2:] == [
        "| dark-matter | 5 | 0 | 0.02000 | 0.02000 | 0.04000 | 1.000 |",
        "| dark-matter | 5 | 1 | 0.02000 | 0.03000 | 0.04000 | 1.500 worse |",
        "| dark-matter | 2 | 2 | 0.20000 | 0.30000 | 0.40000 | — |",
        "| stellar-mass | 2 | 0 | 0.90000 | 1.00000 | 1.10000 | 1.000 |",
        "| stellar-mass | 2 | 2 | 0.60000 | 0.75000 | 0.80000 | 0.750 |",
    ]
    rows = list(csv.DictReader(io.StringIO(losses_csv(fits, NAMES))))
    assert [float(row["validation"]) for row in rows] == [0.02, 0.03, 0.3, 1.0, 0.75]
