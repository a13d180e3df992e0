# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import hashlib

import h5py
import pytest

from jerald_tools.errors import BadInput
from jerald_tools.io.grids import write_map
from jerald_tools.io.hdf5 import read_record
from jerald_tools.io.inputs import describe_input
from jerald_tools.io.record import Input, Record
from jerald_tools.io.sealed_json import write_document

CONTENT = dict.fromkeys(("quantity", "redshift", "layers", "parameters", "loss", "history"), 0)


def without_run(record):
    return dataclasses.replace(record, run={})


def record_of(source: Input) -> Record:
    assert source.record is not None
    return source.record


def test_the_history_travels_through_files(tmp_path, map_file, map_header, field, record):
    """Map to fit to map: the last one says where all came from, down to the seed."""
    first = describe_input(map_file)
    with h5py.File(map_file) as file:
        assert first.sha256 == read_record(file).content_sha256
    assert without_run(first.record) == without_run(record)
    assert record_of(first).run == {"ranks": 2, "threads": 3, "backend": "jax"}

    fit = Record("0.1.0", "abc", "fit-dm ...", (first,))
    write_document(tmp_path / "fit.json", {**CONTENT, "provenance": fit.as_dict()})
    second = describe_input(tmp_path / "fit.json")
    assert second.record == fit

    table = tmp_path / "pk.txt"
    table.write_text("1 2\n")
    third = describe_input(table)
    assert third == Input(str(table), hashlib.sha256(b"1 2\n").hexdigest())

    last = Record("0.1.0", "abc", "paint ...", (first, second, third))
    write_map(tmp_path / "last.h5", map_header, [(0, field)], last)
    found = record_of(describe_input(tmp_path / "last.h5"))
    assert found == last
    fit_again = record_of(found.inputs[1])
    seed = record_of(record_of(fit_again.inputs[0]).inputs[0])
    assert seed.command_line == "generate-ics --seed 3 -o ics.h5"


def test_foreign_files_are_known_by_their_bytes(tmp_path):
    for name, content in (("a.h5", None), ("a.json", '{"a": 1}'), ("b.json", "no")):
        path = tmp_path / name
        if content is None:
            with h5py.File(path, "w") as file:
                file["white_noise"] = [1.0, 2.0]
        else:
            path.write_text(content)
        described = describe_input(path)
        assert described.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert described.record is None


def test_a_missing_input(tmp_path):
    with pytest.raises(BadInput, match=r"nothing.h5: cannot be read"):
        describe_input(tmp_path / "nothing.h5")
