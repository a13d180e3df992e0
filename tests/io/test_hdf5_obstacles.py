# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole files that cannot be read here: locked ones, and those of filters that are missing."""

import errno
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from snapshot_layouts import write_gadget

from jerald_tools.errors import BadInput
from jerald_tools.io.hdf5 import open_file
from jerald_tools.io.hdf5_obstacles import require_filters, require_unlocked
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot

MAKE_TARGET = (
    "from jerald_tools.cli.make_target import main; main.main(['snap.hdf5', '--quantity', 'gas', "
    "'--mesh', '8', '-o', 'map.h5'])"
)


def test_a_file_that_another_process_writes(tmp_path):
    path = write_gadget(tmp_path / "snap.hdf5")
    environment = {**os.environ, "HDF5_USE_FILE_LOCKING": "TRUE"}
    with h5py.File(path, "r+", locking=True):
        run = subprocess.run(
            [sys.executable, "-c", MAKE_TARGET],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    (line,) = run.stderr.splitlines()
    assert run.returncode == 2
    assert "snap.hdf5: is locked by another process, which may be writing it; wait" in line
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(monkeypatch, tmp_path, number):
    """As h5py raises it there."""
    path = write_gadget(tmp_path / "snap.hdf5")

    def no_locks(*arguments, **options):
        raise OSError(number, f"Unable to open file (unable to lock file, errno = {number})")

    monkeypatch.setattr(h5py, "File", no_locks)
    with pytest.raises(BadInput, match=r"its file system has no locks \(.*set HDF5_USE_FILE_LOC"):
        open_file(path)


def test_other_errors_are_left_alone():
    require_unlocked("snap.hdf5", OSError(errno.EIO, "Unable to open file (bad superblock)"))


@pytest.mark.parametrize(
    ("code", "name"), [(32015, "Zstandard"), (32001, "Blosc"), (32004, "LZ4"), (299, "mine")]
)
def test_a_filter_that_is_not_installed_is_named(tmp_path, monkeypatch, code, name):
    """A dataset that states a filter which HDF5 cannot find."""
    path = write_gadget(tmp_path / "snap.hdf5")
    snapshot = open_snapshot([path], Overrides())

    class Creation:
        def get_nfilters(self):
            return 1

        def get_filter(self, number):
            return code, 0, (), b"mine; see example.org"

    class Identity:
        def get_create_plist(self):
            return Creation()

    class Dataset:
        id, name = Identity(), "/PartType0/Masses"

    with pytest.raises(
        BadInput, match=rf"PartType0/Masses is compressed by {name} \(HDF5 filter {code}\), which "
    ):
        require_filters(path, Dataset())  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)
    with h5py.File(tmp_path / "packed.hdf5", "w") as file:
        packed = file.create_dataset("x", data=np.arange(100), compression="gzip")
        with pytest.raises(BadInput, match=r"x is compressed by deflate \(HDF5 filter 1\)"):
            require_filters(path, packed)
    assert snapshot.header.number("gas") == 512
