# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on files that end with their process, however it ends."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable
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
        OSError: if it cannot be opened or locked, naming the owner.
    """
    return _open_locked(path, owner, lambda: os.open(path, os.O_RDWR | os.O_CREAT, 0o666))


def open_directory_locked(path: Path, owner: Path) -> int:
    """Open a directory for this process alone, made if there is none; closing it unlocks it.

    Args:
        path: the directory.
        owner: the output that it belongs to, which an error names.

    Returns:
        Its descriptor.

    Raises:
        BadInput: if another process has it.
        OSError: if it cannot be opened or locked, naming the owner.
    """

    def make_and_open() -> int:
        while True:
            path.mkdir(exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # taken away in between
                return os.open(path, os.O_RDONLY)

    return _open_locked(path, owner, make_and_open)


def is_named(path: Path, descriptor: int) -> bool:
    """Whether an open file or directory has this name, which others may have taken away."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _open_locked(path: Path, owner: Path, open_it: Callable[[], int]) -> int:
    try:
        while True:
            descriptor = open_it()
            _lock(descriptor, owner)
            if is_named(path, descriptor):
                return descriptor
            # The process that had the lock finished in between, and took the name along.
            os.close(descriptor)
    except OSError as error:
        error.filename = os.fspath(owner)
        raise


def _lock(descriptor: int, owner: Path) -> None:
    """Lock an open file or directory for this process alone; close it if that fails."""
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
