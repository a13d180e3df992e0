# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad snapshots of many kinds: each is one line of make-target, status 2, and nothing written."""

import struct

import h5py
import numpy as np
import pytest
from gadget_records import blocks, write_records
from snapshot_layouts import (
    DARK_MASS,
    GAS_MASS,
    NUMBER,
    OMEGA_B,
    OMEGA_M,
    H,
    write_gadget,
    write_swift,
)

from jerald_tools.cli.make_target import main
from jerald_tools.io.bigfile import write_block, write_group

GIVEN = ["--length-unit", "kpc/h", "--mass-unit", "1e10Msun/h", "--omega-b", str(OMEGA_B)]


def attribute(name, value, group="Header"):
    """A change of an attribute of a Gadget HDF5 file; None removes it."""

    def spoil(path):
        with h5py.File(path, "r+") as file:
            if value is None:
                del file[group].attrs[name]
            else:
                file[group].attrs[name] = value

    return spoil


def dataset(name, change):
    """A change of a dataset: a function of its values, or None to remove it."""

    def spoil(path):
        with h5py.File(path, "r+") as file:
            values = np.asarray(file[name])
            del file[name]
            if change is not None:
                file[name] = change(values)

    return spoil


def first(value):
    def change(values):
        values = np.array(values, float)
        values.reshape(len(values), -1)[0] = value
        return values

    return change


def content(change):
    def spoil(path):
        path.write_bytes(change(path.read_bytes()))

    return spoil


GADGET = {
    "no counts": attribute("NumPart_ThisFile", None),
    "counts of another file": attribute("NumPart_ThisFile", np.array([9, 512, 0, 0, 20, 0])),
    "totals of another snapshot": attribute("NumPart_Total", np.array([9, 512, 0, 0, 20, 0])),
    "high words": attribute("NumPart_Total_HighWord", np.array([1, 0, 0, 0, 0, 0])),
    "missing files": attribute("NumFilesPerSnapshot", 3),
    "counts as text": attribute("NumPart_ThisFile", "many"),
    "no redshift": attribute("Redshift", None),
    "redshift as text": attribute("Redshift", "two"),
    "redshift NaN": attribute("Redshift", np.nan),
    "redshift below -1": attribute("Redshift", -2.0),
    "no box": attribute("BoxSize", None),
    "box 0": attribute("BoxSize", 0.0),
    "box negative": attribute("BoxSize", -2e4),
    "box NaN": attribute("BoxSize", np.nan),
    "box of two sides": attribute("BoxSize", [2e4, 2e4]),
    "box as text": attribute("BoxSize", "large"),
    "box in Mpc": attribute("BoxSize", 20.0),
    "box too large": attribute("BoxSize", 3e4),
    "no matter": attribute("Omega0", None),
    "matter 0": attribute("Omega0", 0.0),
    "matter NaN": attribute("Omega0", np.nan),
    "matter 2": attribute("Omega0", 2.0),
    "two matters": attribute("Omega_Matter", 0.31),
    "other matter": attribute("Omega0", 0.32),
    "no baryons": attribute("OmegaBaryon", None),
    "baryons 0": attribute("OmegaBaryon", 0.0),
    "baryons above matter": attribute("OmegaBaryon", 0.5),
    "no h": attribute("HubbleParam", None),
    "h 0": attribute("HubbleParam", 0.0),
    "h negative": attribute("HubbleParam", -0.7),
    "open space": attribute("OmegaLambda", 0.6),
    "curvature": attribute("Omega_k", 0.1),
    "quintessence": attribute("w0", -0.9),
    "evolving dark energy": attribute("w_a", 0.2),
    "radiation": attribute("Omega_r", 0.01),
    "no unit of length": attribute("UnitLength_in_cm", None),
    "no unit of mass": attribute("UnitMass_in_g", None),
    "unit of length 0": attribute("UnitLength_in_cm", 0.0),
    "unit of mass negative": attribute("UnitMass_in_g", -1.0),
    "unit of length Mpc": attribute("UnitLength_in_cm", 3.085678e24),
    "unit of mass Msun": attribute("UnitMass_in_g", 1.989e33),
    "no positions": dataset("PartType0/Coordinates", None),
    "fewer positions": dataset("PartType0/Coordinates", lambda values: values[:-3]),
    "flat positions": dataset("PartType0/Coordinates", lambda values: values[:, :2]),
    "positions NaN": dataset("PartType0/Coordinates", first(np.nan)),
    "positions infinite": dataset("PartType0/Coordinates", first(np.inf)),
    "positions far outside": dataset("PartType0/Coordinates", first(9e4)),
    "positions in Mpc": dataset("PartType0/Coordinates", lambda values: values * 1e3),
    "positions as text": dataset("PartType0/Coordinates", lambda values: values.astype("S8")),
    "no masses": dataset("PartType0/Masses", None),
    "no masses of dark matter": dataset("PartType1/Masses", None),
    "masses negative": dataset("PartType0/Masses", first(-1.0)),
    "masses NaN": dataset("PartType4/Masses", first(np.nan)),
    "masses 0": dataset("PartType1/Masses", lambda values: 0 * values),
    "masses doubled": dataset("PartType1/Masses", lambda values: 2 * values),
    "masses as pairs": dataset("PartType0/Masses", lambda values: np.stack([values] * 2, 1)),
    "a number for masses": dataset("PartType0/Masses", lambda values: values[0]),
    "torn": content(lambda data: data[: len(data) // 2]),
    "empty": content(lambda data: b""),
    "zeros": content(lambda data: bytes(len(data))),
    "text": content(lambda data: b"a table of numbers\n" * 50),
    "no beginning": content(lambda data: bytes(512) + data[512:]),
}


def refused(folder, capsys, path, options=()):
    """The only line that make-target says, after which the folder is as before."""
    before = {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    arguments = [path, "--quantity", "gas", "--mesh", 8, *options, "-q", "-o", folder / "map.h5"]
    with pytest.raises(SystemExit) as ended:
        main.main([str(argument) for argument in arguments])
    said = capsys.readouterr().err
    assert ended.value.code == 2, said
    (line,) = said.splitlines()
    assert line.startswith("make-target: error: ")
    assert {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()} == before
    return line


@pytest.mark.parametrize("name", GADGET)
def test_hdf5_of_gadget(tmp_path, capsys, name):
    path = write_gadget(tmp_path / "snap.hdf5")
    GADGET[name](path)
    assert "snap.hdf5: " in refused(tmp_path, capsys, path)


SWIFT = {
    "no units": lambda file: file["Units"].attrs.__delitem__("Unit mass in cgs (U_M)"),
    "unit NaN": lambda file: file["Units"].attrs.__setitem__("Unit mass in cgs (U_M)", [np.nan]),
    "w0": lambda file: file["Cosmology"].attrs.__setitem__("w_0", [-0.8]),
    "power": lambda file: file["PartType1/Masses"].attrs.__setitem__("a-scale exponent", [1.0]),
    "no cosmology": lambda file: file.__delitem__("Cosmology"),
    "no gas": lambda file: None,
}


@pytest.mark.parametrize("name", SWIFT)
def test_hdf5_of_swift(tmp_path, capsys, name):
    path = write_swift(tmp_path / "snap.hdf5")
    with h5py.File(path, "r+") as file:
        SWIFT[name](file)
    assert "snap.hdf5: " in refused(tmp_path, capsys, path)


BINARY = {
    "torn": lambda data: data[:-9],
    "header alone": lambda data: data[:264],
    "half a header": lambda data: data[:100],
    "another mark": lambda data: data[:264] + struct.pack("<i", 77) + data[268:],
    "more particles": lambda data: data[:4] + struct.pack("<i", 600) + data[8:],
    "negative counts": lambda data: data[:4] + struct.pack("<i", -5) + data[8:],
    "curved": lambda data: data[: 4 + 144] + struct.pack("<d", 0.1) + data[4 + 152 :],
    "four files": lambda data: data[: 4 + 124] + struct.pack("<i", 4) + data[4 + 128 :],
    "no box": lambda data: data[: 4 + 128] + bytes(8) + data[4 + 136 :],
    "box NaN": lambda data: data[: 4 + 128] + struct.pack("<d", np.nan) + data[4 + 136 :],
    "redshift NaN": lambda data: data[: 4 + 80] + struct.pack("<d", np.nan) + data[4 + 88 :],
}


@pytest.mark.parametrize("name", BINARY)
def test_gadgets_binary(tmp_path, capsys, name):
    path = write_records(tmp_path / "snap", content=blocks(np.float32, np.uint32))
    path.write_bytes(BINARY[name](path.read_bytes()))
    assert "snap: " in refused(tmp_path, capsys, path, GIVEN)


def test_bigfile_without_what_it_needs(tmp_path, capsys):
    header = {
        "Omega0": OMEGA_M, "OmegaLambda": 1 - OMEGA_M, "OmegaBaryon": OMEGA_B, "HubbleParam": H,
        "Time": 1 / 3, "BoxSize": 2e4, "UnitLength_in_cm": 3.085678e21, "UnitMass_in_g": 1.989e43,
        "MassTable": np.array([GAS_MASS, DARK_MASS, 0, 0, 0, 0]),
    }  # fmt: skip
    where = np.random.default_rng(1).random((NUMBER, 3)) * 2e4
    for number, spoilt in enumerate(
        (
            {"Time": np.nan},
            {"Time": 0.0},
            {"BoxSize": np.zeros(2)},
            {"W0_Fld": -0.9, "OmegaFld": 0.6},
            {"TotNumPart": np.array([3, 3, 0, 0, 0, 0])},
            {"HubbleParam": 0.0},
            {"MassTable": np.array([GAS_MASS, 0, 0, 0, 0, 0])},
            {"UnitLength_in_cm": 3.085678e24},
        )
    ):
        folder = tmp_path / f"big{number}"
        for kind in (0, 1):
            write_block(folder / f"{kind}/Position", where.shape, [(0, where)], "<f8")
        write_group(folder / "Header", header | spoilt)
        assert f"big{number}" in refused(tmp_path, capsys, folder)
