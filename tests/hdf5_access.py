# SPDX-License-Identifier: GPL-3.0-or-later
"""HDF5 files as tests look into them: a type checker cannot know what their members are."""

from pathlib import Path
from typing import Any

import h5py


def open_hdf5(path: Path, mode: str = "r") -> Any:
    """An ``h5py.File``, whose members may be of any type."""
    return h5py.File(path, mode)  # type: ignore[arg-type]


def dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """A member of a file that is a dataset, not a group."""
    found = file[name]
    assert isinstance(found, h5py.Dataset)
    return found
