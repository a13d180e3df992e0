# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that grows by whole entries: what an interruption cut short at its end is dropped."""

import contextlib
import itertools
import os
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from jerald_tools.errors import BadInput
from jerald_tools.io.locks import open_locked

# An entry that is written survives a killed process. It survives a power failure once it is on the
# disk, for which no entry waits sooner after the last wait than this.
SECONDS_BETWEEN_SYNCS = 5.0

_BEGINNING = b"jerald-tools records 1\n"

# Before each entry: its length in bytes and a CRC-32 of length and entry, little endian.
_FRAME = struct.Struct("<QI")


class AppendLog:
    """Entries in the order in which they were appended, for one process at a time.

    Attributes:
        path: the file; it is made if there is none.
        entries: the whole entries that were found in it.

    Raises:
        BadInput: if another process has it open, or it is another kind of file.
        OSError: if it cannot be read or written, naming it.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._descriptor = open_locked(self.path, self.path)
        self._synced = time.monotonic()
        self._ends: list[int] = []
        try:
            self.entries = self._read()
            sizes = [_FRAME.size + len(entry) for entry in self.entries]
            self._ends = list(itertools.accumulate(sizes, initial=len(_BEGINNING)))
            self._write(_BEGINNING)
            self.keep(len(self.entries))
        except BaseException:
            self.close()
            raise

    def append(self, entry: bytes) -> None:
        """Add an entry.

        Raises:
            OSError: if it cannot be written, naming the file.
        """
        self._write(_FRAME.pack(len(entry), _checksum(entry)) + entry)
        self._ends.append(self._ends[-1] + _FRAME.size + len(entry))
        if time.monotonic() - self._synced > SECONDS_BETWEEN_SYNCS:
            with self._naming_the_file():
                os.fsync(self._descriptor)
            self._synced = time.monotonic()

    def keep(self, number: int) -> None:
        """Drop all entries but the first ``number``.

        Raises:
            OSError: if that fails, naming the file.
        """
        del self._ends[number + 1 :]
        with self._naming_the_file():
            os.ftruncate(self._descriptor, self._ends[-1])
            os.lseek(self._descriptor, 0, os.SEEK_END)

    def close(self) -> None:
        """Unlock the file for other processes; remove it if no entry is in it."""
        if len(self._ends) == 1:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def remove(self) -> None:
        """Remove the file, and unlock its name for other processes."""
        self.path.unlink(missing_ok=True)
        self.close()

    def _write(self, data: bytes) -> None:
        with self._naming_the_file():
            while data:
                data = data[os.write(self._descriptor, data) :]

    @contextlib.contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        """Put the file's name into errors of the operating system."""
        try:
            yield
        except OSError as error:
            error.filename = os.fspath(self.path)
            raise

    def _read(self) -> list[bytes]:
        content = self.path.read_bytes()
        beginning = content[: len(_BEGINNING)]
        if not _BEGINNING.startswith(beginning):
            raise BadInput(f"{self.path}: is not a journal of jerald-tools; move it away")
        entries, start = [], len(_BEGINNING)
        while start + _FRAME.size <= len(content):
            length, checksum = _FRAME.unpack_from(content, start)
            entry = content[start + _FRAME.size : start + _FRAME.size + length]
            if len(entry) < length or _checksum(entry) != checksum:
                break
            entries.append(entry)
            start += _FRAME.size + length
        return entries


def _checksum(entry: bytes) -> int:
    return zlib.crc32(entry, zlib.crc32(len(entry).to_bytes(8, "little")))
