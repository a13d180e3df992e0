# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of HDF5 files of version 1, which were groups of attributes."""

import json
from pathlib import Path

import h5py
import pytest

from jerald_tools.errors import BadInput
from jerald_tools.io import version1
from jerald_tools.io.grids import MapFile
from jerald_tools.io.header import write_attributes
from jerald_tools.io.inputs import describe_input
from jerald_tools.io.record import Input, Record

ROOT = Path(__file__).parents[2]
OLD = ROOT / "tests" / "golden" / "version1"


@pytest.mark.parametrize("name", ["particles_z2.00.h5", "target_hi_z2.00.h5"])
def test_a_record_of_groups_is_the_one_that_a_fit_has_as_json(name):
    """The fit was made from these files, and has their records with it."""
    fit = json.loads((OLD / "hi.json").read_text())
    (entry,) = [one for one in fit["provenance"]["inputs"] if one["path"] == name]
    described = describe_input(OLD / name)
    assert described.sha256 == entry["sha256"]
    assert described.record == Record.from_dict(entry["origin"])


def test_all_of_a_record_is_read():
    with MapFile(OLD / "hi_z2.00.h5") as file:
        record = file.record
    assert record.command_line.startswith("paint particles_z2.00.h5 --fit hi.json")
    assert {"ranks", "threads", "seconds", "peak_memory_bytes", "fftw_wisdom"} <= record.run.keys()
    assert record.content_sha256 is not None
    assert Record.from_json(record.to_json()) == record


def test_more_than_ten_inputs_keep_their_order(tmp_path):
    """Lists were groups 0, 1, ..., which HDF5 sorts as text."""
    inputs = tuple(Input(f"{n}.h5", f"{n}", files=("a", "b")) for n in range(12))
    values = Record("1", "c", "x", inputs, {"ranks": 2}).as_dict()
    values["inputs"] = {str(n): entry for n, entry in enumerate(values["inputs"])}
    with h5py.File(tmp_path / "old.h5", "w") as file:
        write_attributes(file.create_group("provenance"), {**values, "sha256": "12ab"})
        assert version1.is_version_1(file)
        assert version1.read_record(file) == Record("1", "c", "x", inputs, {"ranks": 2})


@pytest.mark.parametrize("place", ["/", "map", "cosmology", "provenance", "provenance/inputs/0"])
def test_a_new_attribute_is_noticed_anywhere(tmp_path, place):
    path = tmp_path / "map.h5"
    path.write_bytes((OLD / "density_z2.00.h5").read_bytes())
    MapFile(path).file.close()
    with h5py.File(path, "r+") as file:
        file[place].attrs["more"] = 1
    with pytest.raises(BadInput, match=r"map.h5: was changed since it was written; make it again"):
        MapFile(path)
