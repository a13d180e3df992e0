# SPDX-License-Identifier: GPL-3.0-or-later
"""Datasets of open HDF5 files."""

import h5py


def dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """A member of a file that is a dataset, not a group."""
    found = file[name]
    assert isinstance(found, h5py.Dataset)
    return found
