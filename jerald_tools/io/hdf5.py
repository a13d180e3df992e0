# SPDX-License-Identifier: GPL-3.0-or-later
"""HDF5 files of this package: written in pieces, whole or not at all, and checked when read."""

import contextlib
import dataclasses
import hashlib
import math
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Self

import h5py
import numpy as np

from jerald_tools.errors import BadInput, RunFailed, refusing
from jerald_tools.io import version1
from jerald_tools.io.atomic import HDF5Target, atomic_write
from jerald_tools.io.digest import (
    DATASET_DIGEST,
    PROVENANCE,
    add_values,
    content_digest,
    dataset_is_intact,
    values_are_intact,
)
from jerald_tools.io.hdf5_obstacles import require_filters, require_unlocked
from jerald_tools.io.header import fixed_string, plain_value
from jerald_tools.io.record import Record

FORMAT_VERSION = 2

# HDF5 1.10's format has checksums on all of its metadata, and every reader of today knows it.
LIBRARY_VERSION = ("v110", "v110")

CHUNK_BYTES = 2**20

DAMAGED = ("truncated or damaged", "make or copy it again")
"""What :func:`jerald_tools.errors.refusing` says of a file that h5py cannot read."""


@contextlib.contextmanager
def create(
    path: str | os.PathLike, file_type: str, record: Record, force: bool = False
) -> Iterator[h5py.File]:
    """Write a file: the block fills it; then its record follows and it gets its name.

    Args:
        path: the file's final name.
        file_type: such as ``"map"`` or ``"particles"``.
        record: how the content was made.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: as :func:`jerald_tools.io.atomic.check_target`.
        OSError: if a write fails.
    """
    with atomic_write(path, force) as temporary, HDF5Target(temporary) as stream:
        with h5py.File(stream, "w", libver=LIBRARY_VERSION) as file:
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["file_type"] = fixed_string(file_type)
            yield file
            write_record(file, record)
        stream.raise_first_error()


@dataclasses.dataclass(frozen=True)
class DatasetHeader:
    """What a dataset is.

    Attributes:
        shape: of the whole dataset.
        units: of the values, for people.
        comoving: whether the values are comoving.
        description: one sentence.
        compress: whether to shuffle and deflate, lossless.
    """

    shape: tuple[int, ...]
    units: str
    comoving: bool
    description: str
    compress: bool = False


def write_dataset(
    group: h5py.Group,
    name: str,
    header: DatasetHeader,
    pieces: Iterable[tuple[int, np.ndarray]],
    convert: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> h5py.Dataset:
    """Write a dataset piece by piece, chunked, with Fletcher32 checksums and its digest.

    Args:
        group: where to write.
        name: of the dataset.
        header: what it is.
        pieces: ``(start_row, rows)`` in order, without gap or overlap; none is kept.
        convert: from the units in memory to those of the file, piece by piece.

    Raises:
        RunFailed: if a value is not finite.
        ValueError: if the pieces do not cover the rows in order.
    """
    shape = header.shape
    dataset, digest, written = None, hashlib.sha256(), 0
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
                shuffle=header.compress,
                compression="gzip" if header.compress else None,
            )
        dataset[start : start + len(values)] = values
        add_values(digest, values)
        written += len(values)
    if dataset is None or written != shape[0]:
        raise ValueError(f"{name}: {written} rows came, {shape[0]} were announced")
    dataset.attrs["units"] = fixed_string(header.units)
    dataset.attrs["comoving"] = header.comoving
    dataset.attrs["description"] = fixed_string(header.description)
    dataset.attrs[DATASET_DIGEST] = fixed_string(digest.hexdigest())
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


def write_record(file: h5py.File, record: Record) -> None:
    """Write the record of a file that is complete otherwise, in place of one that it has.

    It is a dataset of one text, since an attribute has no checksum where it is above 64 KiB, as
    the record of a fit with many inputs may be.
    """
    record = dataclasses.replace(record, content_sha256=content_digest(file))
    text = fixed_string([record.to_json()])
    if PROVENANCE in file:
        del file[PROVENANCE]
    dataset = file.create_dataset(
        PROVENANCE, data=text, chunks=(1,), fletcher32=True, compression="gzip"
    )
    dataset.attrs[DATASET_DIGEST] = fixed_string(record.digest)


def read_record(file: h5py.File) -> Record:
    """The record of a file of this package, as it stands there.

    Raises:
        KeyError, TypeError, ValueError: if there is none, or it is incomplete.
    """
    if version1.is_version_1(file):
        return version1.read_record(file)
    return Record.from_json(_record_of(file)[0])


def is_intact(file: h5py.File) -> bool:
    """Whether all attributes, the record and the digests of all datasets are as written.

    Raises:
        KeyError, TypeError, ValueError: if there is no record, or it is incomplete.
    """
    if version1.is_version_1(file):
        return version1.is_intact(file)
    dataset = _record_of(file)
    return (
        DATASET_DIGEST in dataset.attrs
        and dataset_is_intact(dataset)
        and read_record(file).content_sha256 == content_digest(file)
    )


def _record_of(file: h5py.File) -> h5py.Dataset:
    dataset = file[PROVENANCE]
    if not isinstance(dataset, h5py.Dataset):
        raise TypeError(f"{PROVENANCE} is not a dataset")
    return dataset


class Reader:
    """An HDF5 file opened for reading; a context manager.

    A subclass with a ``file_type`` takes files of this package alone: intact, of that type and of
    a version that is known. This class and subclasses without one take any HDF5 file.

    Attributes:
        path: the file.
        file: the open ``h5py.File``.
    """

    file_type: ClassVar[str | None] = None

    def __init__(self, path: str | os.PathLike):
        """Open and check the file.

        Raises:
            BadInput: if it is missing, of another type, truncated, damaged or of a newer version.
        """
        self.path = Path(path)
        self.file = open_file(self.path)
        try:
            if self.file_type is not None:
                self._check(self.file_type)
            with refusing(self.path, "its header is incomplete or wrong", "make it again"):
                self._read_header()
        except BaseException:
            self.file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception):
        self.file.close()

    @property
    def record(self) -> Record:
        """How the file was made.

        Raises:
            BadInput: if it has no record, or an incomplete one.
        """
        with refusing(self.path, *DAMAGED):
            return read_record(self.file)

    def rows(self, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows ``start`` to ``stop`` of a dataset, their checksums and finiteness checked.

        All rows together are also compared with their digest; :meth:`verify` does that for files
        of which a part is read.

        Raises:
            BadInput: if the data are damaged, changed, NaN or infinite.
        """
        dataset = self.dataset(name)
        with refusing(self.path, *DAMAGED):
            values = dataset[start:stop]
        if not np.isfinite(values).all():
            raise BadInput(
                f"{self.path}: {name} has values that are NaN or infinite; make it again"
            )
        if len(values) == len(dataset):
            with refusing(self.path, *DAMAGED):
                self._refuse_change(name, values_are_intact(dataset, [values]))
        return values

    def dataset(self, name: str) -> h5py.Dataset:
        """A dataset by name.

        Raises:
            BadInput: if the file has none of that name.
        """
        with refusing(self.path, *DAMAGED):
            dataset = self.file.get(name)
        if not isinstance(dataset, h5py.Dataset):
            raise BadInput(f"{self.path}: has no dataset {name}; give a file that has one")
        require_filters(self.path, dataset)
        return dataset

    def group(self, name: str) -> h5py.Group:
        """A group by name.

        Raises:
            BadInput: if the file has none of that name.
        """
        with refusing(self.path, *DAMAGED):
            group = self.file.get(name)
        if not isinstance(group, h5py.Group):
            raise BadInput(f"{self.path}: has no group {name}; give a file that has one")
        return group

    def verify(self) -> None:
        """Read every dataset and compare its values with their digest.

        Raises:
            BadInput: if one differs.
        """
        with refusing(self.path, *DAMAGED):
            names: list[str] = []
            self.file.visit(names.append)
            for name in names:
                member = self.file[name]
                if isinstance(member, h5py.Dataset):
                    self._refuse_change(name, dataset_is_intact(member))

    def _read_header(self) -> None:
        """Read what a subclass keeps as its header; any error becomes a line for users."""

    def _refuse_change(self, name: str, intact: bool) -> None:
        if not intact:
            raise BadInput(f"{self.path}: {name} was changed since it was written; make it again")

    def _check(self, file_type: str) -> None:
        with refusing(self.path, *DAMAGED):
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
        with refusing(self.path, *DAMAGED):
            intact = is_intact(self.file)
        if not intact:
            raise BadInput(f"{self.path}: was changed since it was written; make it again")


def open_file(path: Path) -> h5py.File:
    """Open any HDF5 file for reading.

    Raises:
        BadInput: if it is missing, a directory, not readable, not HDF5, or locked.
    """
    if not path.exists():
        raise BadInput(f"{path}: no such file; check the name")
    if path.is_dir():
        raise BadInput(f"{path}: is a directory; give a file")
    if not os.access(path, os.R_OK):
        raise BadInput(f"{path}: no permission to read it; change its mode or owner")
    if not h5py.is_hdf5(path):
        raise BadInput(f"{path}: is not an HDF5 file, or its beginning is damaged; check the name")
    with refusing(path, *DAMAGED):
        try:
            return h5py.File(path, "r")
        except OSError as error:
            require_unlocked(path, error)
            raise
