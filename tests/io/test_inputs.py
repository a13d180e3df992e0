# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import hashlib

import h5py
import pytest

from jerald_tools import __version__
from jerald_tools.errors import BadInput
from jerald_tools.io.fits import write_fit
from jerald_tools.io.grids import write_map
from jerald_tools.io.inputs import describe_input
from jerald_tools.io.record import (
    Input,
    Origin,
    Provenance,
    origin_as_dict,
    origin_from_dict,
    peak_memory,
    this_run,
)

CONTENT = dict.fromkeys(("quantity", "redshift", "layers", "parameters", "loss", "history"), 0)


def test_the_chain_travels_through_files(tmp_path, map_file, map_header, field, provenance):
    """Map to fit to map: the last one says where all came from, down to the seed."""
    first = describe_input(map_file)
    with h5py.File(map_file) as file:
        assert first.sha256 == file["provenance"].attrs["content_sha256"].decode()
    assert dataclasses.replace(first.origin, run={}) == provenance.origin

    fit = Provenance(Origin("0.1.0", "abc", "fit-dm ...", (first,)))
    write_fit(tmp_path / "fit.json", {**CONTENT, "provenance": fit.as_dict()})
    second = describe_input(tmp_path / "fit.json")
    assert dataclasses.replace(second.origin, run={}) == fit.origin

    table = tmp_path / "pk.txt"
    table.write_text("1 2\n")
    third = describe_input(table)
    assert third == Input(str(table), hashlib.sha256(b"1 2\n").hexdigest())

    last = Origin("0.1.0", "abc", "paint ...", (first, second, third))
    write_map(tmp_path / "last.h5", map_header, [(0, field)], Provenance(last))
    found = describe_input(tmp_path / "last.h5").origin
    assert dataclasses.replace(found, run={}) == last
    seed = found.inputs[1].origin.inputs[0].origin.inputs[0].origin
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
        assert described.origin is None


def test_a_missing_input(tmp_path):
    with pytest.raises(BadInput, match=r"nothing.h5: cannot be read"):
        describe_input(tmp_path / "nothing.h5")


def test_more_than_ten_inputs_keep_their_order():
    origin = Origin("1", "c", "x", tuple(Input(f"{n}", f"{n}") for n in range(12)))
    values = origin_as_dict(origin)
    values["inputs"] = {str(n): entry for n, entry in enumerate(values["inputs"])}
    assert origin_from_dict(dict(sorted(values.items()))) == origin


def test_this_run(tmp_path):
    origin = this_run(arguments=[str(tmp_path / "bin" / "paint"), "a b.h5", "-o", "c.h5"])
    assert origin.command_line == "paint 'a b.h5' -o c.h5"
    assert origin.version == __version__
    assert origin.commit
    assert 2**20 < peak_memory() < 2**45
