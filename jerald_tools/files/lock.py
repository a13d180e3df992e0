# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on files that end with their process, however it ends."""

import errno
import fcntl
import os
from pathlib import Path

from jerald_tools.errors import BadInput


def open_locked(path: Path, owner: Path) -> int:
    """Open a file for this process alone, made if there is none; closing it unlocks it.

    Args:
        path: the file.
        owner: the output that it belongs to, which an error names.

    Returns:
        Its descriptor, for reading and writing.

    Raises:
        BadInput: if another process has it.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        lock(descriptor, owner)
        if path.exists() and os.path.samestat(os.stat(path), os.fstat(descriptor)):
            return descriptor
        # The process that had the lock finished in between, and took the file along.
        os.close(descriptor)


def lock(descriptor: int, owner: Path) -> None:
    """Lock an open file or directory for this process alone; close it if that fails.

    Args:
        descriptor: of the open file.
        owner: the output that it belongs to, which an error names.

    Raises:
        BadInput: if another process has the lock.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise BadInput(f"{owner}: another process is writing it; wait, or end that") from error
    except OSError as error:
        # Some network file systems have no locks; one process per target is the rule anyway.
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL):
            os.close(descriptor)
            raise
