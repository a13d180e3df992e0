# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that were cut, changed, or of other codes: refused with one line, or provably unharmed."""

import dataclasses
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from flipped_bytes import FLIPS, flipped
from hdf5_access import open_hdf5

from jerald_tools.errors import BadInput
from jerald_tools.gravity.checkpoint import CheckpointFile
from jerald_tools.io.bigfile import Block, write_block
from jerald_tools.io.grids import InitialConditionsFile, MapFile
from jerald_tools.io.hdf5 import read_record, write_record
from jerald_tools.io.header import fixed_string
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.io.sealed_json import read_document
from jerald_tools.io.spectra import read_spectrum

CUTS = 60


def read_all(opened):
    """Everything that a file says, by way of its reader and beyond it."""
    with opened:
        opened.verify()
        datasets = {}
        opened.file.visititems(
            lambda name, member: (
                datasets.update({name: opened.rows(name).tobytes()})
                if isinstance(member, h5py.Dataset) and name != "provenance"
                else None
            )
        )
        return opened.header, opened.record, datasets


def read_columns(path):
    """Everything that a spectrum says."""
    columns, notes = read_spectrum(path)
    return {name: values.tobytes() for name, values in columns.items()}, notes


KINDS = [
    ("map_file", MapFile),
    ("ic_file", InitialConditionsFile),
    ("particle_file", ParticlesFile),
]
READERS = {
    **{
        fixture: lambda path, opening=opening: read_all(opening(path)) for fixture, opening in KINDS
    },
    "fit_file": read_document,
    "spectrum_file": read_columns,
}
OLD = Path(__file__).parents[1] / "golden" / "version1"
OLD_READERS = {
    "density_z2.00.h5": READERS["map_file"],
    "small_ics.h5": READERS["ic_file"],
    "particles_z2.00.h5": READERS["particle_file"],
    "fastpm.state": lambda path: read_all(CheckpointFile(path)),
    "dm.json": read_document,
    "hi_z2.00.csv": read_columns,
}


@pytest.fixture(params=KINDS, ids=[name for name, _ in KINDS])
def sample(request):
    fixture, opening = request.param
    return request.getfixturevalue(fixture), opening


@pytest.mark.parametrize("fixture", READERS)
def test_a_flipped_byte_is_refused_or_outside_the_content(request, fixture):
    flip_bytes(request.getfixturevalue(fixture), READERS[fixture])


@pytest.mark.parametrize("name", OLD_READERS)
def test_a_flipped_byte_of_version_1_is_refused_or_outside_the_content(tmp_path, name):
    shutil.copy(OLD / name, tmp_path / name)
    flip_bytes(tmp_path / name, OLD_READERS[name])


def flip_bytes(path, read):
    """Read a file with each of its bytes changed: as it was, or not at all."""
    content = read(path)
    messages, flips = [], 0
    for place in flipped(path):
        flips += 1
        try:
            assert read(path) == content, f"byte {place} changed the content unnoticed"
        except BadInput as error:
            messages.append(str(error))
    assert read(path) == content
    assert flips == min(FLIPS, path.stat().st_size)
    assert len(messages) > 0.8 * flips
    assert all(text.startswith(f"{path}: ") and "\n" not in text for text in messages)


@pytest.mark.parametrize("name", ["header", "attr-v2", "000000"])
def test_a_flipped_byte_of_a_bigfile_is_a_line_at_most(tmp_path, name):
    block = tmp_path / "block"
    attributes = {"Quantity": "dark-matter", "BoxSize": [10.0, 20.0, 30.0]}
    write_block(block, (20, 3), [(0, np.zeros((20, 3)))], "f8", attributes)
    messages = []
    for _ in flipped(block / name):
        try:
            opened = Block(block)
            assert opened.read().size == opened.shape[0] * opened.members
        except BadInput as error:
            messages.append(str(error))
    assert bool(messages) == (name != "000000")
    assert all(text.startswith(f"{block}") and "\n" not in text for text in messages)


@pytest.mark.parametrize(
    "change", [("NMEMB: 3", "NMEMB: 0"), ("NFILE: 1", "NFILE: 2"), ("000000: 20", "000000: -2")]
)
def test_a_bigfile_whose_header_is_wrong(tmp_path, change):
    block = tmp_path / "block"
    write_block(block, (20, 3), [(0, np.zeros((20, 3)))], "f8")
    header = (block / "header").read_text()
    (block / "header").write_text(header.replace(*change))
    assert header != (block / "header").read_text()
    with pytest.raises(BadInput, match="its header is damaged; make or copy it again"):
        Block(block)


def test_a_truncated_file_is_refused(sample):
    path, opening = sample
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 1, CUTS).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(BadInput, match=r"not an HDF5 file|truncated or damaged"):
            opening(path)


def test_an_edited_attribute_is_refused(sample):
    path, opening = sample
    whole = path.read_bytes()
    names = []
    with open_hdf5(path) as file:
        groups = []
        file.visit(groups.append)
        for group in ("/", *groups):
            names += [(group, name) for name in file[group].attrs]
    assert len(names) > 15
    for group, name in names:
        with open_hdf5(path, "r+") as file:
            file[group].attrs[name] = changed(np.asarray(file[group].attrs[name]))
        with pytest.raises(BadInput):
            opening(path)
        path.write_bytes(whole)


def test_an_edited_record_is_refused(sample):
    """Neither a text without its digest nor a digest of another text is taken."""
    path, opening = sample
    with open_hdf5(path) as file:
        record = read_record(file)
    others = [dataclasses.replace(record, commit="other"), dataclasses.replace(record, inputs=())]
    whole = path.read_bytes()
    for other in others:
        for part in ("text", "digest"):
            with open_hdf5(path, "r+") as file:
                digest = other.digest if part == "digest" else record.digest
                text = other.to_json() if part == "text" else record.to_json()
                del file["provenance"]
                dataset = file.create_dataset("provenance", data=fixed_string([text]))
                dataset.attrs["sha256"] = fixed_string(digest)
            with pytest.raises(BadInput, match="was changed since it was written"):
                opening(path)
    with open_hdf5(path, "r+") as file:
        del file["provenance"].attrs["sha256"]
    with pytest.raises(BadInput, match="was changed since it was written"):
        opening(path)
    path.write_bytes(whole)
    opening(path)


def changed(value):
    """Another value of the same type and shape."""
    if value.dtype.kind == "b":
        return ~value
    if value.dtype.kind == "S":
        return np.char.add(value[()], b"!").astype(f"S{value.dtype.itemsize + 1}")
    return 3 * value + 1


def test_changed_values_are_found(map_file):
    """HDF5's own checksums follow the change; the digest does not."""
    with open_hdf5(map_file, "r+") as file:
        file["map"][2, 2, 2] += 1
    with MapFile(map_file) as opened:
        for read in (opened.verify, opened.read):
            with pytest.raises(BadInput, match=r"map.h5: map was changed since"):
                read()
        assert opened.read(0, 2).shape[0] == 2


def rewrite(path, change):
    """Change a file and renew its digests as if it had been written so."""
    with open_hdf5(path, "r+") as file:
        change(file)
        write_record(file, read_record(file))


def test_missing_dataset(map_file, ic_file, particle_file):
    for path, name, opening in (
        (map_file, "map", MapFile),
        (ic_file, "linear_density", InitialConditionsFile),
        (particle_file, "PartType1/Velocities", ParticlesFile),
    ):
        rewrite(path, lambda file, name=name: file.__delitem__(name))
        with pytest.raises(BadInput, match=f"{path.name}: has no dataset {name}"):
            opening(path)


def test_missing_header_entry(map_file):
    rewrite(map_file, lambda file: file.attrs.__delitem__("redshift"))
    with pytest.raises(BadInput, match=r"map.h5: its header .*redshift"):
        MapFile(map_file)


def test_header_out_of_range(map_file):
    rewrite(map_file, lambda file: file.attrs.modify("box_size", [10.0, -1.0, 10.0]))
    with pytest.raises(BadInput, match=r"map.h5: its header .*box_size \(10.0, -1.0, 10.0\)"):
        MapFile(map_file)


def test_mesh_and_dataset_disagree(map_file):
    rewrite(map_file, lambda file: file.attrs.modify("mesh", [5, 4, 6]))
    with pytest.raises(BadInput, match=r"map \(6, 4, 5\) on mesh \(5, 4, 6\)"):
        MapFile(map_file)


def test_newer_version(map_file):
    rewrite(map_file, lambda file: file.attrs.modify("format_version", 3))
    with pytest.raises(BadInput, match=r"version 3 is newer than 2, .* update jerald-tools"):
        MapFile(map_file)


@pytest.mark.parametrize("version", ["1", [1, 1]])
def test_a_version_that_is_no_number(map_file, version):
    def spoil(file):
        file.attrs["format_version"] = version

    rewrite(map_file, spoil)
    with pytest.raises(BadInput, match=r"map.h5: is not a file of jerald-tools; give one"):
        MapFile(map_file)


def test_values_that_are_not_finite(map_file):
    def spoil(file):
        file["map"][3, 0, 0] = np.nan

    rewrite(map_file, spoil)
    with MapFile(map_file) as opened:
        assert np.isfinite(opened.read(0, 3)).all()
        with pytest.raises(BadInput, match=r"map.h5: map has values that are NaN"):
            opened.read()


def test_another_kind_of_file(map_file, particle_file):
    with pytest.raises(BadInput, match="is of type particles; give a file of type map"):
        MapFile(particle_file)
    with pytest.raises(BadInput, match="is of type map; give a file of type initial"):
        InitialConditionsFile(map_file)


def test_foreign_files(tmp_path):
    missing = tmp_path / "missing.h5"
    with pytest.raises(BadInput, match=r"missing.h5: no such file"):
        MapFile(missing)
    with pytest.raises(BadInput, match="is a directory"):
        MapFile(tmp_path)
    text = tmp_path / "text.h5"
    text.write_text("not what the name says\n" * 100)
    with pytest.raises(BadInput, match=r"text.h5: is not an HDF5 file"):
        MapFile(text)
    foreign = tmp_path / "foreign.h5"
    with open_hdf5(foreign, "w") as file:
        file["map"] = np.ones((4, 4, 4))
    with pytest.raises(BadInput, match=r"foreign.h5: is not a file of jerald-tools"):
        MapFile(foreign)
    unsealed = tmp_path / "unsealed.h5"
    with open_hdf5(unsealed, "w") as file:
        file["map"] = np.ones((4, 4, 4))
        file.attrs["format_version"] = 1
        file.attrs["file_type"] = fixed_string("map")
    with pytest.raises(BadInput, match=r"unsealed.h5: truncated or damaged"):
        MapFile(unsealed)
