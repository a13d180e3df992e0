# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of file of ours a path is."""

import os
from pathlib import Path

from jerald_tools.errors import BadInput
from jerald_tools.files import hdf5
from jerald_tools.files.attributes import plain_value
from jerald_tools.files.spectra import FIRST_LINE


class AnyFile(hdf5.Reader):
    """A file of ours of any type, or none: nothing but its being HDF5 is checked."""

    def __init__(self, path: str | os.PathLike):
        super().__init__(path, file_type="")

    def _check(self, file_type: str) -> None:
        """Take any: its own reader checks it."""


def file_kind(path: str | os.PathLike) -> str | None:
    """The type that a file says it is, as "map" or "particles"; None where it says nothing.

    Raises:
        BadInput: if it is missing or not HDF5.
    """
    with AnyFile(path) as opened, hdf5.refusing_damage(opened.path):
        return plain_value(opened.file.attrs.get("file_type"))


def text_kind(path: str | os.PathLike) -> str | None:
    """What a text file begins as: "fit" or "spectrum", None for anything else.

    Raises:
        BadInput: if it cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(len(FIRST_LINE))
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file; check the name") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    if start == FIRST_LINE.encode():
        return "spectrum"
    return "fit" if start.startswith(b"{") else None
