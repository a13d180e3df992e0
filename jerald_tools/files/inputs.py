# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provenance of an output says of a file that went into it."""

import os
from pathlib import Path

import h5py

from jerald_tools.errors import BadInput
from jerald_tools.files import digest, fits
from jerald_tools.files.attributes import read_attributes
from jerald_tools.files.kind import text_kind
from jerald_tools.files.provenance import Input, origin_from_dict


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
    except (BadInput, OSError, KeyError, TypeError, ValueError):
        # Not a file of ours after all: its bytes are what there is to say.
        pass
    return Input(os.fspath(path), digest.of_bytes(path))


def _describe_hdf5(path: Path) -> Input:
    with h5py.File(path, "r") as file:
        provenance = file["provenance"]
        origin = origin_from_dict(read_attributes(provenance))
        return Input(os.fspath(path), digest.stated_content(file), origin)


def _describe_fit(path: Path) -> Input:
    fit, edited = fits.read_as_it_is(path)
    origin = origin_from_dict(fit["provenance"]) if "provenance" in fit else None
    return Input(os.fspath(path), fit["sha256"], origin, edited=bool(edited))
