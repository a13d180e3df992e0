# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of file of ours a path is."""

import os

from jerald_tools.files import hdf5
from jerald_tools.files.attributes import plain_value


class _AnyFile(hdf5.Reader):
    """A file of ours of any type, or none."""

    def _check(self, file_type: str) -> None:
        """Take any: its own reader checks it."""


def file_kind(path: str | os.PathLike) -> str | None:
    """The type that a file says it is, as "map" or "particles"; None where it says nothing.

    Raises:
        BadInput: if it is missing or not HDF5.
    """
    with _AnyFile(path, file_type="") as opened, hdf5.refusing_damage(opened.path):
        return plain_value(opened.file.attrs.get("file_type"))
