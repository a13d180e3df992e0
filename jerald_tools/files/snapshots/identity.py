# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provenance of a map says of the snapshot that it was made from."""

import hashlib
import os

from jerald_tools.files.provenance import Input
from jerald_tools.files.snapshots.snapshot import Snapshot


def describe_snapshot(snapshot: Snapshot) -> Input:
    """The path of a snapshot and a digest of its header and of its files' names and sizes.

    Snapshots have terabytes: their content is not read a second time for a digest.
    """
    digest = hashlib.sha256(repr(snapshot.header).encode())
    for path in snapshot.paths:
        members = sorted(path.rglob("*")) if path.is_dir() else [path]
        for member in members:
            digest.update(f"{member.relative_to(path.parent)} {member.stat().st_size}\n".encode())
    first = snapshot.paths[0]
    return Input(os.fspath(first), digest.hexdigest())
