# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from jerald_tools.errors import BadInput
from jerald_tools.io.spectra import read_spectrum, write_spectrum


@pytest.fixture
def columns():
    return {
        "k": np.array([0.1, 1 / 3, 7.0]),
        "P": np.array([1e4, 2e-300, np.pi]),
        "modes": np.array([6, 12, 8], dtype=np.int64),
        "r": np.array([1.0, np.nan, -0.5]),
        "P_ref": np.array([1e4, 0.0, 3.0]),
        "ratio": np.array([1.0, np.inf, 1.05]),
    }


def test_round_trip(tmp_path, columns):
    notes = {"P": "power [(Mpc/h)^3]", "shot noise [(Mpc/h)^3]": 0.125, "lines": "one\ntwo"}
    write_spectrum(tmp_path / "pk.csv", columns, notes)
    found, said = read_spectrum(tmp_path / "pk.csv")
    assert list(found) == ["k", "P", "modes", "P_ref", "ratio", "r"]
    for name, values in columns.items():
        assert np.array_equal(found[name], values, equal_nan=True)
    assert said == {
        "P": "power [(Mpc/h)^3]",
        "shot noise [(Mpc/h)^3]": "0.125",
        "lines": "one two",
    }
    text = (tmp_path / "pk.csv").read_text().splitlines()
    assert text[0] == "# format: jerald-tools spectrum 2"
    assert text[4] == "k,P,modes,P_ref,ratio,r"
    assert text[6] == "0.3333333333333333,2e-300,12,0.0,inf,"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column k, P, modes"),
        ("# only notes\n", "has no column k, P, modes"),
        ("k,power\n1,2\n", "has no column P, modes"),
        ("k,P,modes\n1,2\n", "row 1 has 2 fields, not 3"),
        ("k,P,modes\n1,2,3\n1,two,3\n", r"row 2, column P: 'two' is not a number"),
    ],
)
def test_bad_input(tmp_path, text, message):
    path = tmp_path / "pk.csv"
    path.write_text(text)
    with pytest.raises(BadInput, match=rf"pk.csv: {message}"):
        read_spectrum(path)


def test_foreign_files(tmp_path):
    path = tmp_path / "pk.csv"
    with pytest.raises(BadInput, match="no such file"):
        read_spectrum(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_spectrum(tmp_path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe")
    with pytest.raises(BadInput, match="not text"):
        read_spectrum(path)


@pytest.mark.parametrize(
    "change",
    [{"P": None}, {"power": np.ones(3)}, {"modes": np.ones(2)}],
)
def test_columns_are_checked(tmp_path, columns, change):
    columns = {name: values for name, values in {**columns, **change}.items() if values is not None}
    with pytest.raises(ValueError, match="columns"):
        write_spectrum(tmp_path / "pk.csv", columns, {})
    assert not list(tmp_path.iterdir())
