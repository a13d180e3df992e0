# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provenance of a map says of the snapshot that it was made from."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from jerald_tools.errors import BadInput
from jerald_tools.files.provenance import Input
from jerald_tools.files.snapshots.snapshot import Snapshot

_START_BYTES = 2**16


def describe_snapshot(snapshot: Snapshot) -> Input:
    """The path of a snapshot's first file, the names of all, and their digest."""
    paths = list(snapshot.paths)
    first = paths[0]
    names = () if first.is_dir() else tuple(os.path.relpath(path, first.parent) for path in paths)
    return Input(os.fspath(first), snapshot_digest(paths), files=names)


def snapshot_digest(paths: Sequence[Path]) -> str:
    """A digest of the names, sizes and first 64 KiB, where headers are, of a snapshot's files.

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
