# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that grows by whole records: what an interruption cut short at its end is dropped."""

import contextlib
import itertools
import os
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from jerald_tools.errors import BadInput
from jerald_tools.io.atomic import open_locked

_BEGINNING = b"jerald-tools records 1\n"

# Before each record: its length in bytes and a CRC-32 of length and record, little endian.
_FRAME = struct.Struct("<QI")

# A record is the system's once it is written, which a killed process is enough for. That it be on
# the disk, where a machine that loses its power has it, is waited for no more often than this.
SECONDS_BETWEEN_SYNCS = 5.0


class RecordFile:
    """Records in the order that they were appended in, for one process at a time.

    Attributes:
        path: the file; it is made if there is none.
        records: the whole records that were found in it.

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
            self.records = self._read()
            sizes = [_FRAME.size + len(record) for record in self.records]
            self._ends = list(itertools.accumulate(sizes, initial=len(_BEGINNING)))
            self._write(_BEGINNING)
            self.keep(len(self.records))
        except BaseException:
            self.close()
            raise

    def append(self, record: bytes) -> None:
        """Add a record.

        Raises:
            OSError: if it cannot be written, naming the file.
        """
        self._write(_FRAME.pack(len(record), _checksum(record)) + record)
        self._ends.append(self._ends[-1] + _FRAME.size + len(record))
        if time.monotonic() - self._synced > SECONDS_BETWEEN_SYNCS:
            with self._named():
                os.fsync(self._descriptor)
            self._synced = time.monotonic()

    def keep(self, number: int) -> None:
        """Drop all but the first records.

        Raises:
            OSError: if that fails, naming the file.
        """
        del self._ends[number + 1 :]
        with self._named():
            os.ftruncate(self._descriptor, self._ends[-1])
            os.lseek(self._descriptor, 0, os.SEEK_END)

    def close(self) -> None:
        """Leave the file to others, or take it away if no record is in it."""
        if len(self._ends) == 1:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def remove(self) -> None:
        """Take the file away, and leave its name to others."""
        self.path.unlink(missing_ok=True)
        self.close()

    def _write(self, data: bytes) -> None:
        with self._named():
            while data:
                data = data[os.write(self._descriptor, data) :]

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Have errors of the operating system name the file."""
        try:
            yield
        except OSError as error:
            error.filename = os.fspath(self.path)
            raise

    def _read(self) -> list[bytes]:
        content = self.path.read_bytes()
        beginning = content[: len(_BEGINNING)]
        if not _BEGINNING.startswith(beginning):
            raise BadInput(f"{self.path}: is not one of jerald-tools' own; move it away")
        records, start = [], len(_BEGINNING)
        while start + _FRAME.size <= len(content):
            length, checksum = _FRAME.unpack_from(content, start)
            record = content[start + _FRAME.size : start + _FRAME.size + length]
            if len(record) < length or _checksum(record) != checksum:
                break
            records.append(record)
            start += _FRAME.size + length
        return records


def _checksum(record: bytes) -> int:
    return zlib.crc32(record, zlib.crc32(len(record).to_bytes(8, "little")))
