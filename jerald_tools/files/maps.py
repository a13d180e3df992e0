# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps: one quantity on the nodes of a mesh, in an HDF5 file."""

import dataclasses
import os
from collections.abc import Iterable

import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.files import hdf5, header
from jerald_tools.files.attributes import plain_value
from jerald_tools.files.provenance import Provenance

FILE_TYPE = "map"
_FIELDS = ("quantity", "box_size", "mesh", "redshift")


@dataclasses.dataclass(frozen=True)
class MapHeader:
    """What a map is of. Node (i, j, k) lies at (i, j, k) L/N; index order x, y, z.

    Attributes:
        quantity: ``dark-matter``, ``stellar-mass``, ``neutral-hydrogen``, ...
        units: of the values; the word "proper" in them marks values that are not comoving.
        description: one sentence.
        box_size: (3) [Mpc/h].
        mesh: (3) nodes.
        redshift: of the snapshot.
        cosmology: of the simulation.
        attributes: anything else, by name: numbers, text, arrays, dictionaries of them.
    """

    quantity: str
    units: str
    description: str
    box_size: tuple[float, float, float]
    mesh: tuple[int, int, int]
    redshift: float
    cosmology: Cosmology
    attributes: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        header.normalise(self, lengths=("box_size",), counts=("mesh",))


def write_map(
    path: str | os.PathLike,
    map_header: MapHeader,
    pieces: Iterable[tuple[int, np.ndarray]],
    provenance: Provenance,
    force: bool = False,
    compress: bool = False,
) -> None:
    """Write a map.

    Args:
        path: the file's name; it appears when the file is whole.
        map_header: what the map is of.
        pieces: ``(x_start, planes)`` with planes (n, ny, nz), in order.
        provenance: how it was made.
        force: whether a file that exists may be replaced.
        compress: whether to deflate the values, lossless.

    Raises:
        BadInput: if the target cannot be written.
        RunFailed: if a value is not finite.
    """
    with hdf5.create(path, FILE_TYPE, provenance, force) as file:
        header.write(file, map_header, _FIELDS)
        hdf5.write_dataset(
            file,
            "map",
            map_header.mesh,
            pieces,
            units=map_header.units,
            comoving="proper" not in map_header.units,
            description=map_header.description,
            compress=compress,
        )


class MapFile(hdf5.Reader):
    """An open map: ``header`` and :meth:`read`; a context manager."""

    def __init__(self, path: str | os.PathLike):
        super().__init__(path, FILE_TYPE)
        with header.refusing(self):
            dataset = self.dataset("map")
            self.header = MapHeader(
                units=plain_value(dataset.attrs["units"]),
                description=plain_value(dataset.attrs["description"]),
                **header.read(self.file, _FIELDS),
            )
            if dataset.shape != self.header.mesh:
                raise BadInput(f"{path}: map {dataset.shape} on mesh {self.header.mesh}")

    def read(self, x_start: int = 0, x_stop: int | None = None) -> np.ndarray:
        """Planes ``x_start`` to ``x_stop``, (n, ny, nz), all by default.

        Raises:
            BadInput: if the data are damaged, NaN or infinite.
        """
        return self.rows("map", x_start, x_stop)


def open_map(path: str | os.PathLike) -> MapFile:
    """Open a map written by :func:`write_map`.

    Raises:
        BadInput: if it is missing, not a map of ours, truncated, damaged or of a newer version.
    """
    return MapFile(path)
