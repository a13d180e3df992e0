# SPDX-License-Identifier: GPL-3.0-or-later
"""SHA-256 digests that seal a file: of each dataset, of the content, and of the whole record.

Every dataset carries the digest of its values, so that the seal over all attributes can be checked
when a file is opened, without reading its data; data are held against theirs when they are read,
and have HDF5's own checksums besides.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.files.attributes import fixed_string, plain_value

DATASET_DIGEST = "sha256"
CONTENT_DIGEST = "content_sha256"
SEAL = "sha256"
_PIECE_BYTES = 16 * 2**20


def seal(file: h5py.File) -> None:
    """Write the two digests of a file whose datasets, attributes and provenance are complete.

    The content digest leaves the provenance out: the same result made again has the same one.
    The seal is over the content digest and the provenance.
    """
    record = file["provenance"].attrs
    record[CONTENT_DIGEST] = fixed_string(_content(file))
    record[SEAL] = fixed_string(_record(file))


def is_intact(file: h5py.File) -> bool:
    """Whether all attributes, and the digests of all datasets, are those that were sealed."""
    record = file["provenance"].attrs
    return (
        record[CONTENT_DIGEST] == _content(file).encode() and record[SEAL] == _record(file).encode()
    )


def stated_content(file: h5py.File) -> str:
    """The content digest that a file says it has."""
    return plain_value(file["provenance"].attrs[CONTENT_DIGEST])


def dataset_is_intact(dataset: h5py.Dataset) -> bool:
    """Whether the values of a dataset, all read here, have the digest that it carries."""
    rows = max(1, _PIECE_BYTES * len(dataset) // max(1, dataset.nbytes))
    starts = range(0, len(dataset), rows)
    return values_are_intact(dataset, (dataset[start : start + rows] for start in starts))


def values_are_intact(dataset: h5py.Dataset, pieces: Iterable[np.ndarray]) -> bool:
    """Whether all values of a dataset, in pieces in order, have the digest that it carries.

    A dataset of another code, in a file without provenance of ours, carries none.
    """
    if "provenance" not in dataset.file:
        return True
    digest = hashlib.sha256()
    for piece in pieces:
        update(digest, piece)
    return digest.hexdigest() == plain_value(dataset.attrs[DATASET_DIGEST])


def update(digest, values: np.ndarray) -> None:
    """Add an array's values to a digest: C order, little endian, so the same on every machine."""
    little_endian = values.dtype.newbyteorder("<")
    digest.update(np.ascontiguousarray(values, dtype=little_endian).reshape(-1).view(np.uint8))


def of_bytes(path: str | os.PathLike) -> str:
    """The SHA-256 of a file's bytes.

    Raises:
        BadInput: if the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error


def _content(file: h5py.File) -> str:
    digest = hashlib.sha256()
    _add_attributes(digest, file)
    names: list[str] = []
    file.visit(names.append)
    for name in sorted(names):
        if name.split("/")[0] != "provenance":
            _add_object(digest, file[name])
    return digest.hexdigest()


def _record(file: h5py.File) -> str:
    digest = hashlib.sha256()
    names: list[str] = []
    file["provenance"].visit(names.append)
    _add_attributes(digest, file["provenance"], leave_out=SEAL)
    for name in sorted(names):
        _add_object(digest, file["provenance"][name])
    return digest.hexdigest()


def _add_object(digest, member: h5py.Group | h5py.Dataset) -> None:
    is_dataset = isinstance(member, h5py.Dataset)
    values = f" {member.dtype.str} {member.shape}" if is_dataset else ""
    digest.update(f"{member.name}{values}\n".encode())
    _add_attributes(digest, member)


def _add_attributes(digest, member: h5py.Group | h5py.Dataset, leave_out: str = "") -> None:
    for name in sorted(member.attrs):
        if name != leave_out:
            value = np.asarray(member.attrs[name])
            digest.update(f"{name} {value.dtype.str} {value.shape}\n".encode())
            update(digest, value)
