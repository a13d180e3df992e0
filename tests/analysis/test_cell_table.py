# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreement of single cells: logarithms and voids."""

import numpy as np
import pytest

from jerald_tools.analysis.cell_table import cell_agreement, cells_csv, cells_markdown
from jerald_tools.analysis.figures.style import MapPair
from jerald_tools.errors import BadInput
from jerald_tools.quantities import quantity_named

SHAPE = (32, 32, 32)


def pair_of(model, reference, quantity="neutral-hydrogen"):
    style = quantity_named(quantity).style
    return MapPair(quantity, style, "some units", 2.0, (9.0, 9.0, 9.0), reference, model)


def correlated(correlation):
    """Two lognormal fields whose logarithms have this coefficient."""
    generator = np.random.default_rng(4)
    first, second = generator.normal(size=(2, *SHAPE))
    mixed = correlation * first + np.sqrt(1 - correlation**2) * second
    return np.exp(first).astype(np.float32), np.exp(mixed).astype(np.float32)


def test_logarithms_of_lognormal_fields_correlate_as_the_normal_ones():
    row = cell_agreement(pair_of(*correlated(0.8)))
    assert row.log_correlation == pytest.approx(0.8, abs=0.01)


def test_voids_are_counted_over_the_references_mean():
    reference = np.ones(SHAPE, np.float32)
    reference[0] = 0.01
    model = np.full(SHAPE, 0.04, np.float32)
    model[:16] = 100
    row = cell_agreement(pair_of(model, reference))
    assert (row.below, row.reference_below) == (1 / 2, 1 / 32)


def test_an_empty_cell_of_the_model_counts_as_a_millionth():
    """Not as minus infinity, which would hide all other cells."""
    reference, _ = correlated(1.0)
    model = reference.copy()
    model[:3] = 0
    row = cell_agreement(pair_of(model, reference))
    floor = 1e-6 * reference.mean(dtype=np.float64)
    expected = np.corrcoef(np.log(np.maximum(model, floor)).ravel(), np.log(reference).ravel())
    assert row.log_correlation == pytest.approx(expected[0, 1], rel=1e-6)
    assert 0 < row.log_correlation < 0.5


def test_stars_have_no_logarithms():
    reference = np.zeros(SHAPE, np.float32)
    reference[0] = 1
    row = cell_agreement(pair_of(reference, reference, "stellar-mass"))
    assert np.isnan(row.log_correlation)
    assert "| stellar-mass | 2 | — | 0.97 | 0.97 |" in cells_markdown([row])
    assert cells_csv([row]).splitlines()[0].startswith("quantity,redshift,log_correlation,below")


def test_an_empty_reference_is_refused():
    field = np.ones(SHAPE, np.float32)
    with pytest.raises(BadInput, match="neutral-hydrogen at z = 2 is empty"):
        cell_agreement(pair_of(field, 0 * field))
