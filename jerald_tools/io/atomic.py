# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that appear whole or not at all: temporary name, fsync, rename."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jerald_tools.errors import BadInput, RunFailed
from jerald_tools.io.locks import is_named, open_directory_locked, open_locked


def check_target(path: str | os.PathLike, force: bool = False) -> Path:
    """Check that an output can be written, before hours are spent on what goes into it.

    Args:
        path: the output's final name.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the file exists, or its directory does not or cannot be written.
    """
    path = Path(path)
    try:
        # A name may be too long, if not itself then with what the temporary one adds to it.
        _temporary_name(path).exists()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; choose another name") from error
    if path.is_dir():
        raise BadInput(f"{path}: is a directory; give the name of a file to write")
    if path.exists() and not force:
        raise BadInput(f"{path}: exists already; choose another name, or --force to replace it")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: there is no directory {path.parent}; create it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadInput(f"{path}: no permission to write in {path.parent}; choose another place")
    return path


def check_directory(path: str | os.PathLike, force: bool = False) -> Path:
    """Check that a directory can be written as an output.

    Raises:
        BadInput: if it exists and may not be replaced, is a file, or its parent cannot be written.
    """
    path = Path(path)
    if path.is_dir() and not force:
        raise BadInput(f"{path}: exists already; choose another name, or --force to replace it")
    if path.exists() and not path.is_dir():
        raise BadInput(f"{path}: is a file; give the name of a directory to write")
    return path if path.exists() else check_target(path)


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike, force: bool = False) -> Iterator[Path]:
    """Write a file under a temporary name that becomes its own when the block ends well.

    If the block raises, the temporary file is removed. A killed process leaves it behind, and the
    next one to write the same target starts it over: there is one temporary name per target.

    Yields:
        The path of an empty file in the same directory, hence on the same file system.

    Raises:
        BadInput: as :func:`check_target`, or if another process is writing the same file.
        RunFailed: if the temporary file was removed meanwhile.
        OSError: as the block, naming the final path.
    """
    path = check_target(path, force)
    temporary = _temporary_name(path)
    descriptor = open_locked(temporary, path)
    try:
        os.ftruncate(descriptor, 0)
        yield temporary
        _refuse_another(temporary, descriptor, path)
        _sync(temporary)
        os.replace(temporary, path)
        _sync(path.parent)
    except OSError as error:
        if error.errno is not None and error.filename in (None, os.fspath(temporary)):
            error.filename = os.fspath(path)
        raise
    finally:
        # Once the file has its own name, the temporary one may be that of another process.
        if is_named(temporary, descriptor):
            temporary.unlink()
        os.close(descriptor)


@contextlib.contextmanager
def atomic_directory(path: str | os.PathLike, force: bool = False) -> Iterator[Path]:
    """Write a directory under a temporary name that becomes its own when the block ends well.

    The block syncs its own files. If it raises, the temporary directory is removed; a directory
    that is replaced is renamed until the new one has its name. What a killed process left behind,
    the next one to write the same target removes.

    Yields:
        The path of an empty directory beside the target.

    Raises:
        BadInput: if the target exists and may not be replaced, is a file, or cannot be written, or
            if another process is writing it.
        RunFailed: if the temporary directory was removed meanwhile.
        OSError: as the block, naming the final path.
    """
    path = Path(path)
    check_directory(path, force)
    temporary = _temporary_name(path)
    aside = path.with_name(f".{path.name}.replaced")
    descriptor = open_directory_locked(temporary, path)
    try:
        _empty(temporary)
        yield temporary
        _refuse_another(temporary, descriptor, path)
        # An earlier run may have been killed when it had renamed the old directory.
        shutil.rmtree(aside, ignore_errors=True)
        if path.exists():
            os.replace(path, aside)
        os.replace(temporary, path)
        shutil.rmtree(aside, ignore_errors=True)
        _sync(path.parent)
    except OSError as error:
        if error.errno is not None:
            error.filename = os.fspath(path)
        raise
    finally:
        if is_named(temporary, descriptor):
            shutil.rmtree(temporary, ignore_errors=True)
        os.close(descriptor)


def write_text(path: str | os.PathLike, text: str, force: bool = False) -> None:
    """Write a whole text file in UTF-8.

    Raises:
        BadInput: as :func:`check_target`.
    """
    with atomic_write(path, force) as temporary:
        temporary.write_text(text, encoding="utf-8")


class HDF5Target(io.FileIO):
    """A file that keeps the error of the first failed write and accepts all later writes.

    The HDF5 library, once a write has failed, cannot close its file and crashes when the process
    ends. Given this object in place of a path it can, and :meth:`raise_first_error` follows.

    Args:
        path: of the file, which exists and is empty.
    """

    def __init__(self, path: Path):
        super().__init__(path, "r+")
        self._path = path
        self._error: OSError | None = None

    def raise_first_error(self) -> None:
        """Raise the error of the first write that failed, if one did."""
        if self._error is not None:
            raise self._error

    def write(self, data: Any) -> int:
        """Write all of the data, as HDF5 expects, where the system may write a part."""
        view = memoryview(data).cast("B")
        written = 0
        try:
            while self._error is None and written < len(view):
                written += super().write(view[written:])
        except OSError as error:
            self._error = OSError(error.errno, error.strerror, os.fspath(self._path))
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file, as long as writing works."""
        if self._error is None:
            return super().truncate(size)
        return self.tell() if size is None else size

    def readinto(self, buffer: Any) -> int:
        """Read back what was written; zeros where a failed write left nothing."""
        view = memoryview(buffer).cast("B")
        found = 0
        while found < len(view) and (count := super().readinto(view[found:])):
            found += count
        view[found:] = bytes(len(view) - found)
        return len(view)


def _refuse_another(temporary: Path, descriptor: int, path: Path) -> None:
    """Refuse to rename a file that is not the one which was written."""
    if not is_named(temporary, descriptor):
        raise RunFailed(f"{path}: {temporary.name} was removed while it was written; try again")


def _empty(directory: Path) -> None:
    for member in directory.iterdir():
        if member.is_dir() and not member.is_symlink():
            shutil.rmtree(member)
        else:
            member.unlink()


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial") if path.name else path


def _sync(path: Path) -> None:
    """Wait until the file, or the entry in its directory, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
