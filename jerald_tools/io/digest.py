# SPDX-License-Identifier: GPL-3.0-or-later
"""SHA-256 digests of JSON values, of arrays, of files, and of the content of an HDF5 file.

In an HDF5 file every dataset carries the digest of its values as an attribute. The digest of the
content is over all attributes, these digests among them, so that it can be checked when a file is
opened, without reading its data.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np

from jerald_tools.errors import BadInput

PROVENANCE = "provenance"
"""Name of the record of an HDF5 file, which the digest of the content leaves out."""

DATASET_DIGEST = "sha256"
"""Name of the attribute of a dataset that holds the digest of its values."""

Member = h5py.Group | h5py.Dataset | h5py.Datatype


class Digest(Protocol):
    """What :mod:`hashlib` gives: it takes bytes one after the other."""

    def update(self, data: Any, /) -> None:
        """Add bytes."""
        ...


_PIECE_BYTES = 16 * 2**20
_START_BYTES = 2**16


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no white space: equal values give equal text.

    Raises:
        ValueError: if a number is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def json_digest(value: Any) -> str:
    """The digest of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def file_digest(path: str | os.PathLike) -> str:
    """The digest of a file's bytes.

    Raises:
        BadInput: if the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error


def snapshot_digest(paths: Sequence[Path]) -> str:
    """The digest of the names, sizes and first 64 KiB, where headers are, of a snapshot's files.

    Snapshots have terabytes: their content is not read a second time for a digest.

    Args:
        paths: its files in order, or the directory of a BigFile.

    Raises:
        BadInput: if a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        members = sorted(path.rglob("*")) if path.is_dir() else [path]
        for member in members:
            if member.is_dir():
                continue
            try:
                size = member.stat().st_size
                with member.open("rb") as stream:
                    start = stream.read(_START_BYTES)
            except OSError as error:
                raise BadInput(f"{member}: cannot be read: {error.strerror}") from error
            digest.update(f"{member.relative_to(path.parent)} {size}\n".encode())
            digest.update(start)
    return digest.hexdigest()


def add_values(digest: Digest, values: np.ndarray) -> None:
    """Add an array's values to a digest: C order, little endian, so the same on every machine."""
    little_endian = values.dtype.newbyteorder("<")
    digest.update(np.ascontiguousarray(values, dtype=little_endian).reshape(-1).view(np.uint8))


def add_attributes(digest: Digest, member: Member, leave_out: str = "") -> None:
    """Add the names, types and values of all attributes but one to a digest."""
    for name in sorted(member.attrs):
        if name != leave_out:
            value = np.asarray(member.attrs[name])
            digest.update(f"{name} {value.dtype.str} {value.shape}\n".encode())
            add_values(digest, value)


def add_member(digest: Digest, member: Member) -> None:
    """Add the name and the attributes of a group or dataset, and a dataset's type and shape."""
    is_dataset = isinstance(member, h5py.Dataset)
    layout = f" {member.dtype.str} {member.shape}" if is_dataset else ""
    digest.update(f"{member.name}{layout}\n".encode())
    add_attributes(digest, member)


def content_digest(file: h5py.File) -> str:
    """The digest of all groups, datasets and attributes of a file but its record.

    The same result made again has the same one, though its record has other times.
    """
    digest = hashlib.sha256()
    add_attributes(digest, file)
    names: list[str] = []
    file.visit(names.append)
    for name in sorted(names):
        if name.split("/")[0] != PROVENANCE:
            add_member(digest, file[name])
    return digest.hexdigest()


def dataset_is_intact(dataset: h5py.Dataset) -> bool:
    """Whether the values of a dataset, all read here, have the digest that it carries."""
    return values_are_intact(dataset, _pieces(dataset))


def values_are_intact(dataset: h5py.Dataset, pieces: Iterable[np.ndarray]) -> bool:
    """Whether all values of a dataset, in pieces in order, have the digest that it carries.

    A dataset of another code carries none. In a file of this package the digest of the content
    shows that one was removed.
    """
    if DATASET_DIGEST not in dataset.attrs:
        return True
    digest = hashlib.sha256()
    for piece in pieces:
        add_values(digest, piece)
    return dataset.attrs[DATASET_DIGEST] == digest.hexdigest().encode()


def _pieces(dataset: h5py.Dataset) -> Iterator[np.ndarray]:
    rows = max(1, _PIECE_BYTES * len(dataset) // max(1, dataset.nbytes))
    for start in range(0, len(dataset), rows):
        yield dataset[start : start + rows]
