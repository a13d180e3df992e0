# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provenance of an output says of a file that went into it."""

import os
from pathlib import Path

import h5py

from jerald_tools.errors import BadInput
from jerald_tools.io import fits, hdf5, record
from jerald_tools.io.record import Input, origin_from_dict, plain_value, read_attributes
from jerald_tools.io.spectra import FIRST_LINE

# What kind of file of ours a path is.


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


def describe_input(path: str | os.PathLike) -> Input:
    """The path, digest and origin of an input.

    Of our HDF5 files the digest is that of the content, which the same run made again reproduces
    whatever its timings; of fits that of the document as it is taken, which of an edited one is not
    what it says; of other files, a table of power say, that of the bytes.
    Their readers have checked them: this reads no more than it must.

    Raises:
        BadInput: if the file cannot be read.
    """
    path = Path(path)
    try:
        if h5py.is_hdf5(path):
            return _describe_hdf5(path)
        if text_kind(path) == "fit":
            return _describe_fit(path)
    except (BadInput, OSError, RuntimeError, KeyError, TypeError, ValueError):
        # Not a file of ours after all: its bytes are what there is to say.
        pass
    return Input(os.fspath(path), record.of_bytes(path))


def _describe_hdf5(path: Path) -> Input:
    with h5py.File(path, "r") as file:
        provenance = file["provenance"]
        origin = origin_from_dict(read_attributes(provenance))
        return Input(os.fspath(path), record.stated_content(file), origin)


def _describe_fit(path: Path) -> Input:
    fit, edited = fits.read_as_it_is(path)
    origin = origin_from_dict(fit["provenance"]) if "provenance" in fit else None
    return Input(os.fspath(path), fit["sha256"], origin, edited=bool(edited))
