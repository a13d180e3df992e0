# SPDX-License-Identifier: GPL-3.0-or-later
"""One text with one digest, in every format."""

import hashlib
import json

import pytest
from flipped_bytes import flipped
from hdf5_access import open_hdf5

from jerald_tools import __version__
from jerald_tools.errors import BadInput
from jerald_tools.io import bigfile
from jerald_tools.io.export import write_mesh, write_particles_bigfile, write_particles_gadget
from jerald_tools.io.grids import MapFile, write_map
from jerald_tools.io.hdf5 import read_record
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.io.record import Input, Record, peak_memory, this_run
from jerald_tools.io.spectra import read_spectrum


def test_round_trip(record):
    snapshot = Input("snap.0.hdf5", "56", files=("snap.0.hdf5", "snap.1.hdf5"))
    edited = Input("dm.json", "78", record, edited=True)
    whole = Record("1", "c", "fit-hi 'é\n'", (edited, snapshot), {"ranks": 1, "note": "x  y"}, "9a")
    text = whole.to_json()
    assert "\n" not in text
    assert Record.from_json(text) == whole
    assert Record.from_json(text.encode()) == whole
    assert whole.digest == hashlib.sha256(text.encode()).hexdigest()


def test_the_order_of_entries_does_not_matter(record):
    again = Record.from_dict(dict(reversed(record.as_dict().items())))
    assert again.to_json() == record.to_json()
    assert again.digest == record.digest


def test_outputs_keep_some_circumstances_alone(record):
    kept = record.for_outputs()
    assert kept.run == {"ranks": 2, "threads": 3, "backend": "jax"}
    assert kept.inputs == record.inputs


@pytest.mark.parametrize("text", ["", "[]", "3", '{"version": "1"}', '{"inputs": 3}', "{"])
def test_what_is_no_record(text):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Record.from_json(text)


def test_numbers_that_are_not_finite():
    with pytest.raises(ValueError, match="JSON compliant"):
        Record("1", "c", "x", run={"elapsed_seconds": float("nan")}).to_json()


def test_the_same_text_in_every_format(
    tmp_path, map_header, field, record, map_file, spectrum_file, particle_file
):
    """An HDF5 file's has the digest of the content besides."""
    text = record.to_json()
    assert read_spectrum(spectrum_file)[1]["provenance"] == text
    write_mesh(tmp_path / "mesh", map_header, [(0, field)], "f4", record, {})
    assert bigfile.read_attributes(tmp_path / "mesh/Field")["Provenance"] == text
    with ParticlesFile(particle_file) as particles:
        write_particles_bigfile(tmp_path / "particles", particles, record)
        write_particles_gadget(tmp_path / "snap.hdf5", particles, record)
    assert bigfile.read_attributes(tmp_path / "particles/Header")["Provenance"] == text
    for path in (map_file, particle_file, tmp_path / "snap.hdf5"):
        with open_hdf5(path) as file:
            stored = file["provenance"][0]
            values = json.loads(stored)
            assert len(values.pop("content_sha256")) == 64
            assert values == json.loads(text)
            assert stored.decode() == read_record(file).to_json()
            digest = file["provenance"].attrs["sha256"].decode()
            assert digest == hashlib.sha256(stored).hexdigest() == read_record(file).digest


def test_a_record_may_be_large(tmp_path, map_header, field):
    """HDF5 has no checksum for an attribute above 64 KiB: this is above it and has one."""
    files = tuple(f"snap.{hashlib.sha256(bytes([n])).hexdigest()}.hdf5" for n in range(250))
    inputs = tuple(Input(f"snap.{n}.hdf5", "12ab", files=files) for n in range(20))
    record = Record("1", "c", "make-target", inputs)
    assert len(record.to_json()) > 2**18
    path = tmp_path / "map.h5"
    write_map(path, map_header, [(0, field)], record)
    noticed, flips = 0, 0
    for _ in flipped(path):
        flips += 1
        try:
            with MapFile(path) as opened:
                opened.verify()
                assert opened.record.inputs == inputs
        except BadInput:
            noticed += 1
    assert noticed > 0.8 * flips
    with MapFile(path) as opened:
        assert opened.record.inputs == inputs


def test_this_run(tmp_path):
    record = this_run(arguments=[str(tmp_path / "bin" / "paint"), "a b.h5", "-o", "c.h5"])
    assert record.command_line == "paint 'a b.h5' -o c.h5"
    assert record.version == __version__
    assert record.commit
    assert 2**20 < peak_memory() < 2**45
