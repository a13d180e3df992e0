# SPDX-License-Identifier: GPL-3.0-or-later
"""HDF5 files of format version 1, whose record is a group of attributes and of groups of them.

This is all that reads version 1: JSON and CSV files of version 1 differ in nothing but the number.
"""

import hashlib
from typing import Any

import h5py

from jerald_tools.io.digest import (
    PROVENANCE,
    add_attributes,
    add_member,
    content_digest,
)
from jerald_tools.io.header import read_attributes
from jerald_tools.io.record import Record

# Attributes of the record's group: the digests of the file's content, and of the record itself.
_CONTENT_DIGEST = "content_sha256"
_RECORD_DIGEST = "sha256"


def is_version_1(file: h5py.File) -> bool:
    """Whether the record of a file is a group; from version 2 on it is a dataset."""
    return isinstance(file[PROVENANCE], h5py.Group)


def _record_of(file: h5py.File) -> h5py.Group:
    group = file[PROVENANCE]
    if not isinstance(group, h5py.Group):
        raise TypeError(f"{PROVENANCE} is not a group")
    return group


def read_record(file: h5py.File) -> Record:
    """The record of a file of version 1.

    Raises:
        KeyError, TypeError: if an entry is missing or of another type.
    """
    values = _with_lists(read_attributes(_record_of(file)))
    del values[_RECORD_DIGEST]
    return Record.from_dict(values)


def is_intact(file: h5py.File) -> bool:
    """Whether all attributes, and the digests of all datasets, are those that were written."""
    group = _record_of(file)
    return (
        group.attrs[_CONTENT_DIGEST] == content_digest(file).encode()
        and group.attrs[_RECORD_DIGEST] == _record_digest(group).encode()
    )


def _record_digest(group: h5py.Group) -> str:
    digest = hashlib.sha256()
    names: list[str] = []
    group.visit(names.append)
    add_attributes(digest, group, leave_out=_RECORD_DIGEST)
    for name in sorted(names):
        add_member(digest, group[name])
    return digest.hexdigest()


def _with_lists(values: dict[str, Any]) -> dict[str, Any]:
    """The record with its lists of inputs, each of which was written as groups 0, 1, ..."""
    entries = values.get("inputs")
    if entries is None:
        return values
    inputs = []
    for number in sorted(entries, key=int):
        entry = dict(entries[number])
        if "origin" in entry:
            entry["origin"] = _with_lists(entry["origin"])
        inputs.append(entry)
    return {**values, "inputs": inputs}
