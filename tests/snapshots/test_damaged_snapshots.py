# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots that were changed."""

import h5py
import numpy as np
from flipped_bytes import flipped
from snapshot_files import gadget_attributes

from jerald_tools.errors import BadInput
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot


def test_a_flipped_byte_of_a_snapshot_is_a_line_at_most(tmp_path):
    """Files of other codes carry no checksums: what HDF5 detects is one line, not a crash."""
    path = tmp_path / "snap.hdf5"
    where = np.random.default_rng(4).random((40, 3)) * 1e4
    with h5py.File(path, "w") as file:
        number = np.array([40, 0, 0, 0, 0, 0])
        file.create_group("Header").attrs.update(
            gadget_attributes(
                Redshift=2.0, NumPart_ThisFile=number, NumPart_Total=number, NumFilesPerSnapshot=1
            )
        )
        file["PartType0/Coordinates"] = where
        file["PartType0/Masses"] = np.ones(40)
    messages = []
    for _ in flipped(path):
        try:
            snapshot = open_snapshot([path], Overrides())
            for field in ("positions", "masses"):
                snapshot.read("gas", field, 0, 40)
        except BadInput as error:
            messages.append(str(error))
    assert messages
    assert all(text.startswith(f"{path}: ") and "\n" not in text for text in messages)
