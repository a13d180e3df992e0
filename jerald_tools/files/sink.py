# SPDX-License-Identifier: GPL-3.0-or-later
"""Where HDF5 writes to, so that a full disk is an exception and not a crash."""

import io
import os
from pathlib import Path


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
