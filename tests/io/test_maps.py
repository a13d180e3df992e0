# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import json

import numpy as np
import pytest
from hdf5_access import open_hdf5

from jerald_tools.errors import RunFailed
from jerald_tools.io.grids import InitialConditionsFile, MapFile, write_map
from jerald_tools.io.hdf5 import CHUNK_BYTES, chunk_shape, read_record


def test_round_trip(map_file, map_header, field):
    with MapFile(map_file) as opened:
        assert opened.header == map_header
        assert np.array_equal(opened.read(), field)
        assert np.array_equal(opened.read(2, 5), field[2:5])
        assert opened.read(3, 3).shape == (0, 4, 5)
        assert opened.read().dtype == np.float32
        opened.verify()


def test_initial_conditions_round_trip(ic_file, ic_header, field):
    with InitialConditionsFile(ic_file) as opened:
        assert opened.header == ic_header
        assert opened.header.redshift == 0.0
        assert np.array_equal(opened.read(1, 4), field[1:4])
        opened.verify()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_bit_is_kept(tmp_path, map_header, record, field, dtype, compress):
    values = field.astype(dtype) / 3
    write_map(tmp_path / "m.h5", map_header, [(0, values)], record, compress=compress)
    with MapFile(tmp_path / "m.h5") as opened:
        assert opened.read().tobytes() == values.tobytes()


def test_bytes_are_reproducible(tmp_path, map_file, map_header, field, record):
    again = tmp_path / "again.h5"
    write_map(again, map_header, [(0, field)], record)
    assert again.read_bytes() == map_file.read_bytes()


def test_content_digest_is_of_the_content_alone(tmp_path, map_header, field, record, map_file):
    slower = dataclasses.replace(record, run={**record.run, "seconds": {"read": 3.0}, "ranks": 1})
    write_map(tmp_path / "slower.h5", map_header, [(0, field)], slower)
    other = dataclasses.replace(map_header, redshift=2.5)
    write_map(tmp_path / "other.h5", other, [(0, field)], record)
    digests, of_records = [], []
    for path in (map_file, tmp_path / "slower.h5", tmp_path / "other.h5"):
        with open_hdf5(path) as file:
            digests.append(read_record(file).content_sha256)
            of_records.append(file["provenance"].attrs["sha256"])
    assert digests[0] == digests[1] != digests[2]
    assert len(set(of_records)) == 3


def test_h5py_needs_no_manual(map_file, map_header):
    with open_hdf5(map_file) as file:
        dataset = file["map"]
        assert dataset.fletcher32
        assert dataset.chunks is not None
        assert dataset.attrs["units"] == b"cm^-3 (proper)"
        assert not dataset.attrs["comoving"]
        assert dataset.attrs["description"] == map_header.description.encode()
        assert file.attrs["format_version"] == 2
        assert file.attrs["box_size"].tolist() == [10, 20, 30]
        assert file.attrs["mesh"].tolist() == [6, 4, 5]
        assert file.attrs["redshift"] == 2.0
        assert file["cosmology"].attrs["omega_m"] == 0.31
        assert file["attributes/steps"].attrs["scheme"] == b"KDK"


def test_the_record_travels(map_file, record):
    with open_hdf5(map_file) as file:
        found = json.loads(bytes(np.asarray(file["provenance"])[0]))
        with_content = read_record(file)
    assert dataclasses.replace(with_content, content_sha256=None) == record
    assert found["ranks"] == 2
    assert found["threads"] == 3
    assert found["backend"] == "jax"
    assert found["seconds"] == {"read": 0.5}
    assert found["peak_memory_bytes"] == 2**40
    with MapFile(map_file) as opened:
        assert opened.record == with_content


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_not_written(tmp_path, map_header, field, record, bad):
    field[4, 1, 2] = bad
    with pytest.raises(RunFailed, match="map: not finite"):
        write_map(tmp_path / "m.h5", map_header, [(0, field)], record)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "rows", [[(0, 3)], [(0, 3), (4, 6)], [(3, 6), (0, 3)], [(0, 3), (2, 6)], []]
)
def test_pieces_must_cover_the_map_in_order(tmp_path, map_header, field, record, rows):
    pieces = [(start, field[start:stop]) for start, stop in rows]
    with pytest.raises(ValueError, match="map: "):
        write_map(tmp_path / "m.h5", map_header, pieces, record)
    assert not list(tmp_path.iterdir())


def test_pieces_are_not_kept(tmp_path, map_header, field, record):
    """A writer that streams may be given the same buffer again with the next planes in it."""

    def reused():
        buffer = np.empty((1, 4, 5), np.float32)
        for start in range(6):
            buffer[:] = field[start]
            yield start, buffer

    write_map(tmp_path / "m.h5", map_header, reused(), record)
    with MapFile(tmp_path / "m.h5") as opened:
        assert np.array_equal(opened.read(), field)
        opened.verify()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"box_size": (10.0, 0.0, 10.0)}, "box_size"),
        ({"box_size": (10.0, 10.0)}, "box_size"),
        ({"mesh": (6, 4, -5)}, "mesh"),
        ({"redshift": -0.1}, "redshift"),
        ({"redshift": float("nan")}, "redshift"),
    ],
)
def test_headers_out_of_range(map_header, change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(map_header, **change)


@pytest.mark.parametrize(
    "shape", [(48, 48, 48), (1024, 1024, 1024), (8, 700, 900), (2**27, 3), (120,), (2, 2**21)]
)
def test_chunks_of_about_a_mebibyte(shape):
    chunk = chunk_shape(shape, 4)
    size = 4 * np.prod(chunk)
    assert all(0 < part <= whole for part, whole in zip(chunk, shape, strict=True))
    assert size <= CHUNK_BYTES
    assert size > CHUNK_BYTES / 3 or chunk == shape
