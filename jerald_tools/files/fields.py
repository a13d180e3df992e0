# SPDX-License-Identifier: GPL-3.0-or-later
"""A field on a mesh in anybody's HDF5 file, as it comes from other codes."""

import dataclasses
import os

import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.files import hdf5, header
from jerald_tools.files.attributes import read_attributes


@dataclasses.dataclass(frozen=True)
class FieldHeader:
    """What such a file says of its field.

    Attributes:
        shape: (nx, ny, nz); index order x, y, z, node (i, j, k) at (i, j, k) L/N.
        box_size: (3) [Mpc/h] of the attribute ``box_size`` (one number is a cube), or None.
        cosmology: of the group ``cosmology`` as our own files have it, or None.
    """

    shape: tuple[int, int, int]
    box_size: tuple[float, float, float] | None
    cosmology: Cosmology | None


class FieldFile(hdf5.Reader):
    """An open file with a dataset (nx, ny, nz): ``header`` and :meth:`read`; a context manager."""

    def __init__(self, path: str | os.PathLike, name: str):
        """Open the file.

        Args:
            path: the file.
            name: of the dataset.

        Raises:
            BadInput: if it is missing or damaged, or has no such dataset of three dimensions.
        """
        super().__init__(path, file_type="")
        self._name = name
        with header.refusing(self):
            shape = self.dataset(name).shape
            if len(shape) != 3:
                raise BadInput(f"{path}: {name} has the shape {shape}; give one of three axes")
            box_size = self.file.attrs.get("box_size")
            if box_size is not None:
                box_size = tuple(np.broadcast_to(box_size, 3).astype(float).tolist())
            cosmology = self.file.get("cosmology")
            if cosmology is not None:
                cosmology = Cosmology(**read_attributes(cosmology))
            self.header = FieldHeader(shape, box_size, cosmology)

    def read(self, x_start: int = 0, x_stop: int | None = None) -> np.ndarray:
        """Planes ``x_start`` to ``x_stop``, (n, ny, nz).

        Raises:
            BadInput: if the data are damaged, NaN or infinite.
        """
        return self.rows(self._name, x_start, x_stop)

    def _check(self, file_type: str) -> None:
        """Take any HDF5 file: other codes' have neither version nor digests."""
