# SPDX-License-Identifier: GPL-3.0-or-later
"""Our HDF5 files: written in pieces, whole or not at all, and checked when they are read."""

import contextlib
import dataclasses
import hashlib
import math
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import h5py
import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput, RunFailed
from jerald_tools.io import record
from jerald_tools.io.atomic import Sink, atomic_write
from jerald_tools.io.record import (
    Provenance,
    fixed_string,
    plain_value,
    read_attributes,
    write_attributes,
)

FORMAT_VERSION = 1

# HDF5 1.10's format has checksums on all of its metadata, and every reader of today knows it.
LIBRARY_VERSION = ("v110", "v110")

CHUNK_BYTES = 2**20


@contextlib.contextmanager
def create(
    path: str | os.PathLike, file_type: str, provenance: Provenance, force: bool = False
) -> Iterator[h5py.File]:
    """Write a file: the block fills it; then it is sealed with its digests and gets its name.

    Args:
        path: the file's final name.
        file_type: ``"map"``, ``"initial-conditions"`` or ``"particles"``.
        provenance: how the content came to be.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: as :func:`jerald_tools.io.atomic.check_target`.
    """
    with atomic_write(path, force) as temporary, Sink(temporary) as sink:
        with h5py.File(sink, "w", libver=LIBRARY_VERSION) as file:
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["file_type"] = fixed_string(file_type)
            yield file
            write_attributes(file.create_group("provenance"), provenance.as_dict())
            record.seal(file)
        sink.check()


def write_dataset(
    group: h5py.Group,
    name: str,
    shape: tuple[int, ...],
    pieces: Iterable[tuple[int, np.ndarray]],
    *,
    units: str,
    comoving: bool,
    description: str,
    compress: bool = False,
    convert: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> h5py.Dataset:
    """Write a dataset piece by piece, chunked, with Fletcher32 checksums and its digest.

    Args:
        group: where to write.
        name: of the dataset.
        shape: of the whole dataset.
        pieces: ``(start_row, rows)`` in order, without gap or overlap; none is kept.
        units: of the values, for people.
        comoving: whether the values are comoving.
        description: one sentence.
        compress: whether to shuffle and deflate, lossless.
        convert: from the units in memory to those of the file, piece by piece.

    Raises:
        RunFailed: if a value is not finite.
        ValueError: if the pieces do not cover the rows in order.
    """
    dataset, sha256, written = None, hashlib.sha256(), 0
    for start, piece in pieces:
        values = convert(np.asarray(piece))
        if start != written or values.shape[1:] != shape[1:]:
            raise ValueError(f"{name}: piece {values.shape} at {start} of {shape} after {written}")
        if not np.isfinite(values).all():
            raise RunFailed(f"{name}: not finite in rows {start} to {start + len(values)}")
        if dataset is None:
            dataset = group.create_dataset(
                name,
                shape,
                values.dtype.newbyteorder("<"),
                chunks=chunk_shape(shape, values.dtype.itemsize),
                fletcher32=True,
                shuffle=compress,
                compression="gzip" if compress else None,
            )
        dataset[start : start + len(values)] = values
        record.update(sha256, values)
        written += len(values)
    if written != shape[0]:
        raise ValueError(f"{name}: {written} rows came, {shape[0]} were announced")
    dataset.attrs["units"] = fixed_string(units)
    dataset.attrs["comoving"] = comoving
    dataset.attrs["description"] = fixed_string(description)
    dataset.attrs[record.DATASET_DIGEST] = fixed_string(sha256.hexdigest())
    return dataset


def chunk_shape(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Chunks of about a MiB that hold whole rows, planes and slabs as far as they fit."""
    chunk = list(shape)
    for axis in range(len(shape)):
        row_bytes = math.prod(shape[axis + 1 :]) * itemsize
        chunk[axis] = min(shape[axis], max(1, CHUNK_BYTES // row_bytes))
        if row_bytes <= CHUNK_BYTES:
            break
    return tuple(chunk)


class Reader:
    """A file of ours opened for reading: intact, of the wanted type, of a version that we know.

    Attributes:
        path: the file.
        file: the open ``h5py.File``.
    """

    def __init__(self, path: str | os.PathLike, file_type: str):
        self.path = Path(path)
        self.file = open_file(self.path)
        try:
            self._check(file_type)
        except BaseException:
            self.file.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()

    def rows(self, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows ``start`` to ``stop`` of a dataset, their checksums and finiteness checked.

        All rows are also held against their digest; for a part of them, :meth:`verify` does that.

        Raises:
            BadInput: if the data are damaged, changed, NaN or infinite.
        """
        dataset = self.dataset(name)
        with refusing_damage(self.path):
            values = dataset[start:stop]
        if not np.isfinite(values).all():
            raise BadInput(f"{self.path}: {name} has values that are NaN or infinite; make it anew")
        if len(values) == len(dataset):
            with refusing_damage(self.path):
                self._refuse_change(name, record.values_are_intact(dataset, [values]))
        return values

    def dataset(self, name: str) -> h5py.Dataset:
        """A dataset by name.

        Raises:
            BadInput: if the file has none of that name.
        """
        with refusing_damage(self.path):
            dataset = self.file.get(name)
        if not isinstance(dataset, h5py.Dataset):
            raise BadInput(f"{self.path}: has no dataset {name}; give a file that has one")
        return dataset

    def verify(self) -> None:
        """Read every dataset and compare its values with their digest.

        Raises:
            BadInput: if one differs.
        """
        with refusing_damage(self.path):
            names: list[str] = []
            self.file.visit(names.append)
            for name in names:
                member = self.file[name]
                if isinstance(member, h5py.Dataset):
                    self._refuse_change(name, record.dataset_is_intact(member))

    def _refuse_change(self, name: str, intact: bool) -> None:
        if not intact:
            raise BadInput(f"{self.path}: {name} was changed since it was written; make it anew")

    def _check(self, file_type: str) -> None:
        with refusing_damage(self.path):
            version = plain_value(self.file.attrs.get("format_version"))
            found_type = plain_value(self.file.attrs.get("file_type"))
        if not isinstance(version, int) or found_type is None:
            raise BadInput(f"{self.path}: is not a file of jerald-tools; give one that it wrote")
        if version > FORMAT_VERSION:
            raise BadInput(
                f"{self.path}: format version {version} is newer than {FORMAT_VERSION}, the newest "
                "that this version reads; update jerald-tools"
            )
        if found_type != file_type:
            raise BadInput(f"{self.path}: is of type {found_type}; give a file of type {file_type}")
        with refusing_damage(self.path):
            intact = record.is_intact(self.file)
        if not intact:
            raise BadInput(f"{self.path}: was changed since it was written; make it anew")


def open_file(path: Path) -> h5py.File:
    """Open any HDF5 file for reading.

    Raises:
        BadInput: if it is missing, a directory, not readable or not HDF5.
    """
    if not path.exists():
        raise BadInput(f"{path}: no such file; check the name")
    if path.is_dir():
        raise BadInput(f"{path}: is a directory; give a file")
    if not os.access(path, os.R_OK):
        raise BadInput(f"{path}: no permission to read it")
    if not h5py.is_hdf5(path):
        raise BadInput(f"{path}: is not an HDF5 file, or its beginning is damaged")
    with refusing_damage(path):
        return h5py.File(path, "r")


@contextlib.contextmanager
def refusing_damage(path: Path) -> Iterator[None]:
    """Turn what h5py raises on truncated or damaged files into the line that users see."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"{path}: truncated or damaged ({reason}); make or copy it again") from error


# The header that maps, initial conditions and particles have in common.


def normalise(header, lengths: tuple[str, ...], counts: tuple[str, ...]) -> None:
    """Make the fields of a frozen header plain tuples and numbers, and check their range.

    Args:
        header: the dataclass, from its ``__post_init__``; its ``redshift`` is checked too.
        lengths: names of the fields that are three positive lengths.
        counts: names of the fields that are three positive integers.

    Raises:
        ValueError: if a field is out of range.
    """
    for names, number in ((lengths, float), (counts, int)):
        for name in names:
            values = tuple(number(value) for value in getattr(header, name))
            if len(values) != 3 or not all(0 < value < math.inf for value in values):
                raise ValueError(f"{name} {values}: three positive numbers are wanted")
            object.__setattr__(header, name, values)
    object.__setattr__(header, "redshift", float(header.redshift))
    if not 0.0 <= header.redshift < math.inf:
        raise ValueError(f"redshift {header.redshift}: a number from 0 on is wanted")


def write(group: h5py.Group, header, fields: tuple[str, ...]) -> None:
    """Write the named fields, the cosmology and the free attributes of a header.

    Args:
        group: the file, or the group of it that is ours.
        header: a dataclass with the fields and ``cosmology`` and ``attributes``.
        fields: names of the fields that become attributes.
    """
    write_attributes(group, {name: getattr(header, name) for name in fields})
    write_attributes(group, {"box_size_units": "Mpc/h, comoving"})
    write_attributes(group.create_group("cosmology"), dataclasses.asdict(header.cosmology))
    write_attributes(group.create_group("attributes"), header.attributes)


def read(group: h5py.Group, fields: tuple[str, ...]) -> dict:
    """Read back :func:`write`, as keyword arguments of the header's dataclass.

    Raises:
        KeyError, TypeError: if something is missing or of another type.
    """
    values = read_attributes(group)
    return {
        **{name: values[name] for name in fields},
        "cosmology": Cosmology(**values["cosmology"]),
        "attributes": values["attributes"],
    }


@contextlib.contextmanager
def refusing(reader: Reader) -> Iterator[None]:
    """Close a file whose header is incomplete or out of range, with the line that users see."""
    try:
        yield
    except (KeyError, ValueError, TypeError, OSError, RuntimeError) as error:
        reader.file.close()
        reason = " ".join(str(error).split())
        raise BadInput(f"{reader.path}: its header is incomplete or wrong: {reason}") from error
    except BadInput:
        reader.file.close()
        raise
