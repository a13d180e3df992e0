# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that appear whole or not at all: temporary name, fsync, rename."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from jerald_tools.errors import BadInput


def check_target(path: str | os.PathLike, force: bool = False) -> Path:
    """Check that an output can be written, before hours are spent on what goes into it.

    Args:
        path: the output's final name.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the file exists, or its directory does not or cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise BadInput(f"{path}: is a directory; give the name of a file to write")
    if path.exists() and not force:
        raise BadInput(f"{path}: exists already; choose another name, or --force to replace it")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: there is no directory {path.parent}; create it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadInput(f"{path}: no permission to write in {path.parent}; choose another place")
    return path


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike, force: bool = False) -> Iterator[Path]:
    """Write a file under a temporary name that becomes its own when the block ends well.

    If the block raises, the temporary file is removed. A killed process leaves it behind, and the
    next one to write the same target starts it afresh: there is one temporary name per target.

    Yields:
        The temporary path, in the same directory, hence on the same file system.

    Raises:
        BadInput: as :func:`check_target`.
    """
    path = check_target(path, force)
    temporary = path.with_name(f".{path.name}.partial")
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str, force: bool = False) -> None:
    """Write a whole text file in UTF-8.

    Raises:
        BadInput: as :func:`check_target`.
    """
    with atomic_write(path, force) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _sync(path: Path) -> None:
    """Have the file, or the entry in its directory, on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
