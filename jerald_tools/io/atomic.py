# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that appear whole or not at all: temporary name, fsync, rename."""

import contextlib
import errno
import fcntl
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from jerald_tools.errors import BadInput, RunFailed

# Locks on files that end with their process, however it ends.


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


# Where HDF5 writes to, so that a full disk is an exception and not a crash.


class Sink(io.FileIO):
    """A file that remembers the first failed write and takes all later ones without a word.

    The HDF5 library, once a write has failed, cannot close its file and crashes when the process
    ends. Given this object in place of a path it closes in peace, and :meth:`check` raises.

    Args:
        path: of the file, which exists and is empty.
    """

    def __init__(self, path: Path):
        super().__init__(path, "r+")
        self.error: OSError | None = None

    def check(self) -> None:
        """Raise the error of the first write that failed, if one did."""
        if self.error is not None:
            raise self.error

    def write(self, data) -> int:
        """Write all of the data, as HDF5 expects, where the system may write a part."""
        data = memoryview(data).cast("B")
        written = 0
        try:
            while self.error is None and written < len(data):
                written += super().write(data[written:])
        except OSError as error:
            self.error = OSError(error.errno, error.strerror, os.fspath(self.name))
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file, as long as writing works."""
        return size if self.error is not None else super().truncate(size)

    def readinto(self, buffer) -> int:
        """Read back what was written; zeros where a failed write left nothing."""
        buffer = memoryview(buffer).cast("B")
        found = 0
        while found < len(buffer) and (count := super().readinto(buffer[found:])):
            found += count
        buffer[found:] = bytes(len(buffer) - found)
        return len(buffer)


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


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike, force: bool = False) -> Iterator[Path]:
    """Write a file under a temporary name that becomes its own when the block ends well.

    If the block raises, the temporary file is removed. A killed process leaves it behind, and the
    next one to write the same target starts it afresh: there is one temporary name per target.

    Yields:
        The path of an empty file in the same directory, hence on the same file system.

    Raises:
        BadInput: as :func:`check_target`, or if another process is writing the same file.
        RunFailed: if the temporary file was taken away meanwhile.
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
        # Once the file has its own name, the temporary one may be another process's.
        if is_named(temporary, descriptor):
            temporary.unlink()
        os.close(descriptor)


@contextlib.contextmanager
def atomic_directory(path: str | os.PathLike, force: bool = False) -> Iterator[Path]:
    """Write a directory under a temporary name that becomes its own when the block ends well.

    The block syncs its own files. If it raises, the temporary directory is removed; a directory
    that is replaced stands aside until the new one has its name. What a killed process left
    behind, the next one to write the same target takes away.

    Yields:
        The path of an empty directory beside the target.

    Raises:
        BadInput: if the target exists and may not be replaced, is a file, or cannot be written, or
            if another process is writing it.
        RunFailed: if the temporary directory was taken away meanwhile.
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
        # An earlier run may have been killed when it had put the old directory aside.
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


def _refuse_another(temporary: Path, descriptor: int, path: Path) -> None:
    """Make sure that what is about to become the output is what was written."""
    if not is_named(temporary, descriptor):
        raise RunFailed(f"{path}: {temporary.name} was taken away while it was written; try again")


def _empty(directory: Path) -> None:
    for member in directory.iterdir():
        if member.is_dir() and not member.is_symlink():
            shutil.rmtree(member)
        else:
            member.unlink()


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


def write_text(path: str | os.PathLike, text: str, force: bool = False) -> None:
    """Write a whole text file in UTF-8.

    Raises:
        BadInput: as :func:`check_target`.
    """
    with atomic_write(path, force) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial") if path.name else path


def _sync(path: Path) -> None:
    """Have the file, or the entry in its directory, on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
