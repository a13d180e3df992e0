# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a whole HDF5 file from being read: locks, and filters that are not installed.

Such a file is not damaged, and copying it again would not help.
"""

import errno
import os

import h5py

from jerald_tools.errors import BadInput

# How HDF5 says that it could not lock a file.
_NO_LOCK = "unable to lock file"

# The registered filters that snapshots are compressed by.
FILTERS = {
    h5py.h5z.FILTER_SZIP: "SZIP",
    307: "bzip2",
    32000: "LZF",
    32001: "Blosc",
    32004: "LZ4",
    32008: "Bitshuffle",
    32013: "ZFP",
    32015: "Zstandard",
    32017: "SZ",
    32024: "SZ3",
    32026: "Blosc2",
}


def require_unlocked(path: str | os.PathLike, error: OSError) -> None:
    """Refuse a file that could not be opened because of locks; return for any other error.

    Args:
        path: of the file.
        error: what opening it raised.

    Raises:
        BadInput: if another process has locked it, or its file system knows no locks.
    """
    if _NO_LOCK not in str(error):
        return
    if error.errno in (errno.EAGAIN, errno.EACCES):
        raise BadInput(
            f"{path}: is locked by another process, which may be writing it; wait for that to end, "
            "or set HDF5_USE_FILE_LOCKING=FALSE if it only reads"
        ) from error
    raise BadInput(
        f"{path}: its file system has no locks ({os.strerror(error.errno or 0)}); set "
        "HDF5_USE_FILE_LOCKING=FALSE"
    ) from error


def require_filters(path: str | os.PathLike, dataset: h5py.Dataset) -> None:
    """Refuse a dataset that is compressed by a filter which is not installed.

    Raises:
        BadInput: naming the filter and how to install it.
    """
    creation = dataset.id.get_create_plist()
    for number in range(creation.get_nfilters()):
        code, _, _, stored = creation.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            own = stored.decode("utf-8", "replace").split(";")[0].strip("\0 ")
            raise BadInput(
                f"{path}: {dataset.name} is compressed by {FILTERS.get(code) or own or 'a filter'} "
                f"(HDF5 filter {code}), which is not installed; pip install hdf5plugin"
            )
