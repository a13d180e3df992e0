# SPDX-License-Identifier: GPL-3.0-or-later
"""Redshifts, lengths, stages and cosmologies that count as the same, and those that do not."""

import dataclasses

import pytest

from jerald_tools.agreement import differing_parameters, same_lengths, same_redshift, same_stages
from jerald_tools.cosmology import Cosmology


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (2.0, 2.0, True),
        (2.002, 2.0, True),
        # Headers with Time = 0.33333 and 0.3331 of a snapshot that was requested at a = 1/3.
        (1 / 0.33333 - 1, 1 / (1 / 3) - 1, True),
        (1 / 0.3331 - 1, 2.0, True),
        (2.01, 2.0, False),
        (0.0, 0.0009, True),
        (0.0, 0.0011, False),
        # A thousandth of 1 + z: the same difference counts less at a higher redshift.
        (7.0, 7.005, True),
        (2.0, 2.005, False),
    ],
)
def test_same_redshift(first, second, same):
    assert same_redshift(first, second) == same
    assert same_redshift(second, first) == same


@pytest.mark.parametrize(
    ("second", "same"),
    [
        ([0.1, 0.2, 1 / 3], True),
        ([0.1, 0.2, 0.3331], True),
        ([0.1, 0.2, 0.33], False),
        ([0.1, 0.201, 1 / 3], False),
        ([0.1, 1 / 3], False),
        ([], False),
    ],
)
def test_same_stages(second, same):
    first = [0.1, 0.2, 1 / 3]
    assert same_stages(first, second) == same
    assert same_stages(second, first) == same


def test_same_lengths():
    assert same_lengths((10.0, 20.0, 5.0), (10.0 + 5e-6, 20.0, 5.0))
    assert not same_lengths((10.0, 20.0, 5.0), (10.0 + 5e-5, 20.0, 5.0))
    assert not same_lengths((10.0, 20.0, 5.0), (10.0, 20.0))


def test_differing_parameters():
    cosmology = Cosmology()
    assert differing_parameters(cosmology, dataclasses.replace(cosmology, h=0.678 + 1e-7)) == []
    other = dataclasses.replace(cosmology, omega_m=0.3081, n_s=0.962)
    assert differing_parameters(cosmology, other) == ["omega_m", "n_s"]
