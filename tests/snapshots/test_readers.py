# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of each code as other packages read them, whole sets, and what users add to them."""

import importlib
import pickle
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from snapshot_files import (
    BIGFILE,
    gadget_attributes,
    header,
    write_arepo,
    write_gadget,
    write_gadget_set,
    write_swift,
)

from jerald_tools.errors import BadInput
from jerald_tools.io.digest import snapshot_digest
from jerald_tools.snapshots.code_units import (
    CodeUnits,
    Overrides,
    as_the_code_has_it,
    redshift_of,
)
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import describe_snapshot

PATH = Path("snap.hdf5")


def plain_numbers(path):
    """SWIFT's attributes as scalars: yt 4.4 and NumPy 2.4 no longer take arrays of one for them."""
    with h5py.File(path, "r+") as file:
        for group in ("Header", "Policy", "Units", "InternalCodeUnits"):
            for name, value in file[group].attrs.items():
                if np.shape(value) == (1,):
                    file[group].attrs[name] = value[0]


WRITERS = {
    "gadget": lambda folder: write_gadget(folder / "snap.hdf5"),
    "gadget-set": lambda folder: write_gadget_set(folder)[0],
    "arepo": lambda folder: write_arepo(folder / "arepo.hdf5"),
    "swift": lambda folder: write_swift(folder / "swift.hdf5"),
}


@pytest.mark.parametrize("code", WRITERS)
def test_yt_reads_the_same_positions_and_masses(tmp_path, code):
    path = WRITERS[code](tmp_path)
    if code == "swift":
        plain_numbers(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yt: Any = importlib.import_module("yt")

        yt.set_log_level("error")
        data = yt.load(str(path)).all_data()
        h = header()["HubbleParam"]
        snapshot = open_snapshot([path], Overrides())
        number = snapshot.header.number("dark-matter")
        where = np.asarray(data["PartType1", "particle_position"].to("Mpccm/h"))
        mass = np.asarray(data["PartType1", "particle_mass"].to("g"))
    found = snapshot.read("dark-matter", "positions", 0, number)
    order, own_order = np.lexsort(where.T), np.lexsort(found.T)
    np.testing.assert_allclose(where[order], found[own_order], rtol=2e-6)
    grams = snapshot.read("dark-matter", "masses", 0, number) * snapshot.header.mass_unit / h
    np.testing.assert_allclose(mass[order], grams[own_order], rtol=5e-4)


def test_more_than_four_thousand_million_particles(tmp_path):
    """Datasets of that length without data, which take no room on the disk."""
    number = 2**32 + 5
    attributes = gadget_attributes(
        NumPart_ThisFile=np.array([0, number, 0, 0, 0, 0], np.int64),
        NumPart_Total=np.array([0, number % 2**32, 0, 0, 0, 0], np.uint32),
        NumPart_Total_HighWord=np.array([0, 1, 0, 0, 0, 0], np.uint32),
        MassTable=np.array([0, 0.5, 0, 0, 0, 0]),
    )
    with h5py.File(tmp_path / "large.hdf5", "w") as file:
        file.create_group("Header").attrs.update(attributes)
        where = file.create_dataset(
            "PartType1/Coordinates", (number, 3), np.float32, chunks=(2**16, 3)
        )
        where[-1] = [1000.0, 2000.0, 3000.0]
    snapshot = pickle.loads(pickle.dumps(open_snapshot([tmp_path / "large.hdf5"], Overrides())))
    assert snapshot.header.number("dark-matter") == number
    last = snapshot.read("dark-matter", "positions", number - 2, number)
    np.testing.assert_allclose(last, [[0, 0, 0], [1, 2, 3]], rtol=1e-12)
    assert snapshot.read("dark-matter", "masses", 0, 1) == pytest.approx(0.5)


def test_files_of_one_time_and_box_are_one_snapshot(tmp_path):
    """Two files may state their redshift and box in other roundings, not other ones."""
    paths = write_gadget_set(tmp_path, 2)

    def state(**attributes):
        with h5py.File(paths[1], "r+") as file:
            file["Header"].attrs.update(attributes)

    state(Redshift=2.0004, BoxSize=header()["BoxSize"] * (1 + 1e-8))
    open_snapshot([paths[0]], Overrides())
    state(Redshift=2.5)
    with pytest.raises(BadInput, match=r"003.1.hdf5: Redshift 2.5, but .*; give the files of one"):
        open_snapshot([paths[0]], Overrides())
    state(Redshift=2.0, BoxSize=header()["BoxSize"] * 1.01)
    with pytest.raises(BadInput, match=r"003.1.hdf5: BoxSize 10100, but .* has 10000; give"):
        open_snapshot([paths[0]], Overrides())


def test_a_snapshot_as_an_input_of_a_record(tmp_path):
    paths = write_gadget_set(tmp_path, 2)
    source = describe_snapshot(open_snapshot([paths[0]], Overrides()))
    assert source.path == str(paths[0])
    assert source.files == tuple(path.name for path in paths)
    assert source.sha256 == snapshot_digest(paths)
    with paths[1].open("ab") as stream:
        stream.write(b" ")
    assert source.sha256 != snapshot_digest(paths)
    directory = describe_snapshot(open_snapshot([BIGFILE], Overrides()))
    assert directory.files == ()
    assert directory.sha256 == snapshot_digest([BIGFILE])


@pytest.mark.parametrize("given", [None, 2, 2.002, 1.9985])
def test_the_redshift_of_a_header_stands_in_its_own_digits(given):
    """A snapshot asked for at a = 1/3 states the redshift of the step next to it."""
    assert redshift_of(PATH, 2.0012, Overrides(redshift=given)) == 2.0012


def test_redshifts_that_differ_or_are_missing():
    assert redshift_of(PATH, None, Overrides(redshift=2.0)) == 2.0
    assert redshift_of(PATH, -1e-12, Overrides()) == 0.0
    with pytest.raises(BadInput, match=r"its header has redshift 2; leave out --redshift 2.1"):
        redshift_of(PATH, 2.0, Overrides(redshift=2.1))
    with pytest.raises(BadInput, match="its header has no redshift; give --redshift"):
        redshift_of(PATH, None, Overrides())
    with pytest.raises(BadInput, match=r"redshift -0.5: must be 0 or more"):
        redshift_of(PATH, -0.5, Overrides())


def test_units_of_codes_that_differ_in_the_solar_mass():
    units = CodeUnits(PATH, 3.085678e21, 1.989e43, None)
    assert units.megaparsec == pytest.approx(3.085678e24, rel=1e-15)
    assert units.mass_unit == 1.989e43
    assert (units.length, units.mass) == (pytest.approx(1e-3, rel=1e-15), 1.0)
    assert units.scale("density") == pytest.approx(1e9, rel=1e-14)
    assert as_the_code_has_it(2e33, 1.98841e43) == 1.98841e43
    with pytest.raises(BadInput, match="does not state its unit of velocity; give --velocity-unit"):
        units.scale("velocities")
