# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields on the nodes of a mesh in HDF5: maps, initial conditions, and those of other codes.

Node (i, j, k) lies at (i, j, k) L/N, periodic; index order is x, y, z.
"""

import dataclasses
import os
from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from jerald_tools.agreement import same_lengths, same_redshift
from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.io import hdf5
from jerald_tools.io.header import (
    check_header,
    plain_value,
    read_attributes,
    read_header,
    write_header,
)
from jerald_tools.io.record import Record

_MAP_FIELDS = ("quantity", "box_size", "mesh", "redshift")
_IC_FIELDS = ("box_size", "mesh", "lattice", "redshift")


@dataclasses.dataclass(frozen=True)
class MapHeader:
    """What a map is of.

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
        check_header(self, lengths=("box_size",), counts=("mesh",))


def check_agreement(
    path: str | os.PathLike,
    header: MapHeader,
    reference_path: str | os.PathLike,
    reference: MapHeader,
) -> None:
    """Refuse to compare maps of different meshes, boxes or redshifts.

    Raises:
        BadInput: naming both files and what differs.
    """
    if header.mesh != reference.mesh:
        raise BadInput(
            f"{path}: mesh {header.mesh}, but {reference_path} has {reference.mesh}; "
            "give maps on one mesh"
        )
    if not same_lengths(header.box_size, reference.box_size):
        raise BadInput(
            f"{path}: box {header.box_size} Mpc/h, but {reference_path} has {reference.box_size}; "
            "give maps of one box"
        )
    if not same_redshift(header.redshift, reference.redshift):
        raise BadInput(
            f"{path}: redshift {header.redshift:g}, but {reference_path} has "
            f"{reference.redshift:g}; give maps of one redshift"
        )


def write_map(
    path: str | os.PathLike,
    map_header: MapHeader,
    pieces: Iterable[tuple[int, np.ndarray]],
    record: Record,
    force: bool = False,
    compress: bool = False,
) -> None:
    """Write a map.

    Args:
        path: the file's name; it appears when the file is whole.
        map_header: what the map is of.
        pieces: ``(x_start, planes)`` with planes (n, ny, nz), in order.
        record: how it was made.
        force: whether a file that exists may be replaced.
        compress: whether to deflate the values, lossless.

    Raises:
        BadInput: if the target cannot be written.
        RunFailed: if a value is not finite.
    """
    with hdf5.create(path, MapFile.file_type, record, force) as file:
        write_header(file, map_header, _MAP_FIELDS)
        dataset = hdf5.DatasetHeader(
            map_header.mesh,
            map_header.units,
            comoving="proper" not in map_header.units,
            description=map_header.description,
            compress=compress,
        )
        hdf5.write_dataset(file, "map", dataset, pieces)


class MapFile(hdf5.Reader):
    """A map written by :func:`write_map`, open: ``header`` and :meth:`read`; a context manager."""

    file_type: ClassVar[str] = "map"
    header: MapHeader

    def _read_header(self) -> None:
        dataset = self.dataset("map")
        self.header = MapHeader(
            units=plain_value(dataset.attrs["units"]),
            description=plain_value(dataset.attrs["description"]),
            **read_header(self.file, _MAP_FIELDS),
        )
        _check_shape(self, "map", self.header.mesh)

    def read(self, x_start: int = 0, x_stop: int | None = None) -> np.ndarray:
        """Planes ``x_start`` to ``x_stop``, (n, ny, nz), all by default.

        Raises:
            BadInput: if the data are damaged, NaN or infinite.
        """
        return self.rows("map", x_start, x_stop)


@dataclasses.dataclass(frozen=True)
class InitialConditionsHeader:
    """What a linear density is of.

    Attributes:
        box_size: (3) [Mpc/h].
        mesh: (3) nodes.
        lattice: (3) particles along each axis; particle (i, j, k) starts at (i, j, k) L/N.
        cosmology: of the linear power and of the simulation to come.
        attributes: the seed and how it was used, the source of the power, anything else by name.
        redshift: that the field is extrapolated to, always 0.
    """

    box_size: tuple[float, float, float]
    mesh: tuple[int, int, int]
    lattice: tuple[int, int, int]
    cosmology: Cosmology
    attributes: dict = dataclasses.field(default_factory=dict)
    redshift: float = 0.0

    def __post_init__(self):
        check_header(self, lengths=("box_size",), counts=("mesh", "lattice"))


def write_initial_conditions(
    path: str | os.PathLike,
    ic_header: InitialConditionsHeader,
    pieces: Iterable[tuple[int, np.ndarray]],
    record: Record,
    force: bool = False,
) -> None:
    """Write a linear density.

    Args:
        path: the file's name; it appears when the file is whole.
        ic_header: what the field is of.
        pieces: ``(x_start, planes)`` with planes (n, ny, nz) of the overdensity, in order.
        record: how it was made.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the target cannot be written.
        RunFailed: if a value is not finite.
    """
    with hdf5.create(path, InitialConditionsFile.file_type, record, force) as file:
        write_header(file, ic_header, _IC_FIELDS)
        dataset = hdf5.DatasetHeader(
            ic_header.mesh,
            units="1",
            comoving=True,
            description="linear matter overdensity extrapolated to redshift 0",
        )
        hdf5.write_dataset(file, "linear_density", dataset, pieces)


class InitialConditionsFile(hdf5.Reader):
    """What :func:`write_initial_conditions` wrote, open: ``header`` and :meth:`read`."""

    file_type: ClassVar[str] = "initial-conditions"
    header: InitialConditionsHeader

    def _read_header(self) -> None:
        self.header = InitialConditionsHeader(**read_header(self.file, _IC_FIELDS))
        _check_shape(self, "linear_density", self.header.mesh)

    def read(self, x_start: int = 0, x_stop: int | None = None) -> np.ndarray:
        """Planes ``x_start`` to ``x_stop``, (n, ny, nz), all by default.

        Raises:
            BadInput: if the data are damaged, NaN or infinite.
        """
        return self.rows("linear_density", x_start, x_stop)


@dataclasses.dataclass(frozen=True)
class FieldHeader:
    """What an HDF5 file of another code says of a field on a mesh.

    Attributes:
        shape: (nx, ny, nz).
        box_size: (3) [Mpc/h] of the attribute ``box_size`` (one number is a cube), or None.
        cosmology: of the group ``cosmology`` as files of this package have it, or None.
    """

    shape: tuple[int, int, int]
    box_size: tuple[float, float, float] | None
    cosmology: Cosmology | None


class FieldFile(hdf5.Reader):
    """Any HDF5 file with a dataset (nx, ny, nz), open: ``header`` and :meth:`read`."""

    header: FieldHeader

    def __init__(self, path: str | os.PathLike, name: str):
        """Open the file.

        Args:
            path: the file.
            name: of the dataset.

        Raises:
            BadInput: if it is missing or damaged, or has no such dataset of three dimensions.
        """
        self._name = name
        super().__init__(path)

    def _read_header(self) -> None:
        shape = self.dataset(self._name).shape
        if len(shape) != 3:
            raise BadInput(
                f"{self.path}: {self._name} has the shape {shape}; give one of three axes"
            )
        box_size = self.file.attrs.get("box_size")
        if box_size is not None:
            box_size = tuple(np.broadcast_to(box_size, 3).astype(float).tolist())
        cosmology = None
        if "cosmology" in self.file:
            cosmology = Cosmology(**read_attributes(self.group("cosmology")))
        self.header = FieldHeader(shape, box_size, cosmology)

    def read(self, x_start: int = 0, x_stop: int | None = None) -> np.ndarray:
        """Planes ``x_start`` to ``x_stop``, (n, ny, nz).

        Raises:
            BadInput: if the data are damaged, NaN or infinite.
        """
        return self.rows(self._name, x_start, x_stop)


def _check_shape(file: hdf5.Reader, name: str, mesh: tuple[int, int, int]) -> None:
    shape = file.dataset(name).shape
    if shape != mesh:
        raise BadInput(f"{file.path}: {name} {shape} on mesh {mesh}; make it again")
