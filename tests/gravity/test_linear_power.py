# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of the linear power spectrum: read, interpolated, refused; and CAMB."""

import numpy as np
import pytest
from goldens import DIRECTORY

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower, camb_linear_power, read_linear_power

TABLE = DIRECTORY / "linear_power.txt"


def test_rows_of_the_table_come_back():
    power = read_linear_power(TABLE)
    k, expected = np.loadtxt(TABLE, unpack=True)
    np.testing.assert_allclose(power(k), expected, rtol=1e-12)


def test_power_laws_are_interpolated_exactly():
    k = np.geomspace(0.01, 100, 7)
    power = LinearPower(k, 3.0 * k**-2.5, "power law")
    between = np.geomspace(0.011, 99, 50)
    np.testing.assert_allclose(power(between), 3.0 * between**-2.5, rtol=1e-12)


def test_every_second_row_predicts_the_others():
    k, expected = np.loadtxt(TABLE, unpack=True)
    predicted = LinearPower(k[::2], expected[::2], "every second row")(k[1:-1:2])
    np.testing.assert_allclose(predicted, expected[1:-1:2], rtol=2e-3)


def test_sigma8_of_the_table():
    assert read_linear_power(TABLE).sigma8() == pytest.approx(0.829, rel=1e-4)


def test_camb_makes_the_table():
    power = camb_linear_power(Cosmology(), largest_wavenumber=10.0)
    assert power.sigma8() == pytest.approx(0.829, rel=1e-12)
    assert power.source.startswith("CAMB ")
    k = np.geomspace(1e-3, 10.0, 100)
    np.testing.assert_allclose(power(k), read_linear_power(TABLE)(k), rtol=1e-3)


def test_camb_refuses_with_one_line():
    with pytest.raises(BadInput, match="CAMB"):
        camb_linear_power(Cosmology(h=1e-3), largest_wavenumber=1.0)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("1 2 3\n2 3 4\n3 4 5\n4 5 6\n", "3 columns"),
        ("1\n2\n3\n4\n", "1 columns"),
        ("1 2\n2 nan\n3 4\n4 5\n", "P = nan in row 2"),
        ("1 2\n2 3\n3 -4\n4 5\n", "P = -4 in row 3"),
        ("1 2\n3 3\n2 4\n4 5\n", "k = 2 follows 3"),
        ("1 2\n2 3\n2 4\n4 5\n", "k = 2 follows 2"),
        ("1 2\n2 3\n", "2 rows"),
        ("1 2\ntwo 3\n", "not a table of numbers"),
        ("1 2\n2 3 4\n", "not a table of numbers"),
        ("# k P\n", "0 rows"),
    ],
)
def test_other_tables_are_refused(tmp_path, rows, complaint):
    path = tmp_path / "pk.txt"
    path.write_text(rows)
    with pytest.raises(BadInput) as refusal:
        read_linear_power(path)
    line = str(refusal.value)
    assert complaint in line
    assert str(path) in line
    assert "\n" not in line


def test_a_missing_table_and_a_directory_are_refused(tmp_path):
    for path in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(BadInput, match=str(path)):
            read_linear_power(path)


def test_a_binary_file_is_refused(tmp_path):
    path = tmp_path / "pk.bin"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(BadInput, match="not a table"):
        read_linear_power(path)


@pytest.mark.parametrize("k", [1e-6, 1e3])
def test_nothing_is_extrapolated(k):
    with pytest.raises(BadInput, match=r"linear_power.txt.*wider table"):
        read_linear_power(TABLE)(np.array([0.1, k]))
