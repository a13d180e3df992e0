# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on files and directories, which end with their process, however it ends."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from jerald_tools.errors import BadInput

# What a file system without locks answers, as some network file systems do. One process per output
# is the rule anyway.
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL)


def open_locked(path: Path, output: Path) -> int:
    """Open a file for this process alone, made if there is none; closing it unlocks it.

    Args:
        path: the file.
        output: the output that it belongs to, which an error names.

    Returns:
        Its descriptor, for reading and writing.

    Raises:
        BadInput: if another process has it.
        OSError: if it cannot be opened or locked, naming the output.
    """
    return _open_locked(path, output, lambda: os.open(path, os.O_RDWR | os.O_CREAT, 0o666))


def open_directory_locked(path: Path, output: Path) -> int:
    """Open a directory for this process alone, made if there is none; closing it unlocks it.

    Args:
        path: the directory.
        output: the output that it belongs to, which an error names.

    Returns:
        Its descriptor.

    Raises:
        BadInput: if another process has it.
        OSError: if it cannot be opened or locked, naming the output.
    """

    def make_and_open() -> int:
        while True:
            path.mkdir(exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # another process removed it in between
                return os.open(path, os.O_RDONLY)

    return _open_locked(path, output, make_and_open)


def is_named(path: Path, descriptor: int) -> bool:
    """Whether an open file or directory still has this name."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _open_locked(path: Path, output: Path, open_it: Callable[[], int]) -> int:
    try:
        while True:
            descriptor = open_it()
            _lock(descriptor, output)
            if is_named(path, descriptor):
                return descriptor
            # The process that had the lock finished in between, and renamed or removed the file.
            os.close(descriptor)
    except OSError as error:
        error.filename = os.fspath(output)
        raise


def _lock(descriptor: int, output: Path) -> None:
    """Lock an open file or directory for this process alone; close it if that fails."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise BadInput(f"{output}: another process is writing it; wait, or end that") from error
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            os.close(descriptor)
            raise
