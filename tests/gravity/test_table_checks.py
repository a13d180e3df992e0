# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of the linear power in other units, of other times, or of another amplitude."""

import dataclasses

import numpy as np
import pytest
from goldens import DIRECTORY

from jerald_tools.cosmology import Cosmology, growth
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower, read_linear_power
from jerald_tools.gravity.table_checks import departure, require_sigma8, rescaled

COSMOLOGY = Cosmology()
POWER = read_linear_power(DIRECTORY / "linear_power.txt")
K, P, H = POWER.wavenumbers, POWER.power, COSMOLOGY.h
GROWN = float(growth(1 / 50, COSMOLOGY).first)


@pytest.mark.parametrize(
    ("k", "power", "slip"),
    [
        (K * H, P / H**3, r"it looks like k \[1/Mpc\] and P \[Mpc\^3\]"),
        (K, P / H**3, r"it looks like k \[h/Mpc\] and P \[Mpc\^3\]"),
        (K * H, P, r"it looks like k \[1/Mpc\] and P \[\(Mpc/h\)\^3\]"),
        (K, K**3 * P / (2 * np.pi**2), r"it looks like k\^3 P / \(2 pi\^2\)"),
        (K, P / (2 * np.pi) ** 3, r"it looks like P over \(2 pi\)\^3"),
        (K, P * GROWN**2, r"the power at z = 49 has that sigma8"),
        (K, np.sqrt(P / K**0.961 / (P / K**0.961)[0]), "it looks like a transfer function"),
        (K, 1.3 * P, r"another amplitude; give k .* or --rescale-sigma8, or --allow-mismatch"),
    ],
)
def test_slips_are_named(k, power, slip):
    with pytest.raises(BadInput, match=rf"table: its sigma8 is .*{slip}"):
        require_sigma8("table", LinearPower(k, power, "table"), COSMOLOGY)


def test_small_differences_and_tables_without_sigma8_are_taken():
    require_sigma8("table", dataclasses.replace(POWER, power=1.09 * P), COSMOLOGY)
    high = K > 1
    require_sigma8("table", LinearPower(K[high], 3 * P[high], "table"), COSMOLOGY)
    with pytest.raises(BadInput, match=r"has no sigma8; give a wider table, or leave out"):
        rescaled(LinearPower(K[high], P[high], "table"), COSMOLOGY)
    again = rescaled(dataclasses.replace(POWER, power=3 * P), COSMOLOGY)
    np.testing.assert_allclose(again.power, P, rtol=1e-4)


def test_where_a_table_leaves_another():
    bent = dataclasses.replace(POWER, power=P * (1 + 0.1 * np.exp(-(np.log(K / 5) ** 2) / 0.1)))
    worst = departure(bent, POWER, 0.3, 15.0)
    assert worst.k == pytest.approx(5, rel=0.03)
    assert worst.fraction == pytest.approx(0.1, rel=0.02)
    assert abs(departure(bent, POWER, 0.1, 1.0).fraction) < 1e-3
