# SPDX-License-Identifier: GPL-3.0-or-later
"""Positive curves over redshift: exact where known, monotonic, straight in their variable."""

import numpy as np
import pytest

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.model.curves import BY_SCALE_FACTOR, NAMES, RARITY, SCALE_FACTOR, Curve, Variable


@pytest.mark.parametrize("name", NAMES)
def test_a_curve_is_exact_where_known_and_monotonic_between(name):
    redshifts, values = (2.0, 5.0, 3.0), (1e-2, 1e-4, 2e-3)
    curve = Curve(redshifts, values, Variable(name, Cosmology()))
    for redshift, value in zip(redshifts, values, strict=True):
        assert curve.at(redshift) == pytest.approx(value, rel=1e-12)
    between = [curve.at(redshift) for redshift in np.linspace(5, 2, 20)]
    assert np.all(np.diff(between) > 0)


def test_a_single_value_holds_everywhere():
    assert Curve((2.0,), (7.0,), BY_SCALE_FACTOR).at(3.0) == 7.0


def test_two_logarithms_are_joined_by_a_straight_line():
    # z = 3 is the middle of 5 and 2 in the scale factor.
    by_scale_factor = Curve((5.0, 2.0), (1e-4, 1e-2), BY_SCALE_FACTOR)
    assert by_scale_factor.at(3.0) == pytest.approx(1e-3, rel=1e-12)
    # Without dark energy D1 = a, and 1 / D1^2 = (1 + z)^2 is 36, 16 and 9.
    variable = Variable(RARITY, Cosmology(omega_m=1.0))
    assert [variable.at(redshift) for redshift in (5.0, 3.0, 2.0)] == pytest.approx([36, 16, 9])
    by_rarity = Curve((5.0, 2.0), (1e-4, 1e-2), variable)
    assert np.log10(by_rarity.at(3.0)) == pytest.approx(-4 + 2 * 20 / 27, rel=1e-8)


def test_variables():
    assert BY_SCALE_FACTOR.name == SCALE_FACTOR
    assert BY_SCALE_FACTOR.at(3.0) == 0.25
    # D1 is 1 today, and dark energy has slowed its growth: it was larger than a before.
    assert Variable(RARITY, Cosmology()).at(0.0) == pytest.approx(1, rel=1e-9)
    assert 1 < Variable(RARITY, Cosmology()).at(3.0) < 16
    with pytest.raises(BadInput, match="variable time: is unknown; give one of scale factor, rar"):
        Variable("time")
