# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two maps can be compared node by node."""

import dataclasses
import math
import os
from collections.abc import Iterable

import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.io import hdf5
from jerald_tools.io.record import Provenance, plain_value, read_attributes

# A field on a mesh in anybody's HDF5 file, as it comes from other codes.


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
        with hdf5.refusing(self):
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


# Initial conditions: the linear overdensity at z = 0 on a mesh, in an HDF5 file.

INITIAL_CONDITIONS_FILE_TYPE = "initial-conditions"
_FIELDS = ("box_size", "mesh", "lattice", "redshift")


@dataclasses.dataclass(frozen=True)
class InitialConditionsHeader:
    """What a linear density is of. Node (i, j, k) lies at (i, j, k) L/N; index order x, y, z.

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
        hdf5.normalise(self, lengths=("box_size",), counts=("mesh", "lattice"))


def write_initial_conditions(
    path: str | os.PathLike,
    ic_header: InitialConditionsHeader,
    pieces: Iterable[tuple[int, np.ndarray]],
    provenance: Provenance,
    force: bool = False,
) -> None:
    """Write a linear density.

    Args:
        path: the file's name; it appears when the file is whole.
        ic_header: what the field is of.
        pieces: ``(x_start, planes)`` with planes (n, ny, nz) of the overdensity, in order.
        provenance: how it was made.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the target cannot be written.
        RunFailed: if a value is not finite.
    """
    with hdf5.create(path, INITIAL_CONDITIONS_FILE_TYPE, provenance, force) as file:
        hdf5.write(file, ic_header, _FIELDS)
        hdf5.write_dataset(
            file,
            "linear_density",
            ic_header.mesh,
            pieces,
            units="1",
            comoving=True,
            description="linear matter overdensity extrapolated to redshift 0",
        )


class InitialConditionsFile(hdf5.Reader):
    """An open file of initial conditions: ``header`` and :meth:`read`; a context manager."""

    def __init__(self, path: str | os.PathLike):
        super().__init__(path, INITIAL_CONDITIONS_FILE_TYPE)
        with hdf5.refusing(self):
            self.header = InitialConditionsHeader(**hdf5.read(self.file, _FIELDS))
            shape = self.dataset("linear_density").shape
            if shape != self.header.mesh:
                raise BadInput(f"{path}: linear_density {shape} on mesh {self.header.mesh}")

    def read(self, x_start: int = 0, x_stop: int | None = None) -> np.ndarray:
        """Planes ``x_start`` to ``x_stop``, (n, ny, nz), all by default.

        Raises:
            BadInput: if the data are damaged, NaN or infinite.
        """
        return self.rows("linear_density", x_start, x_stop)


def open_initial_conditions(path: str | os.PathLike) -> InitialConditionsFile:
    """Open what :func:`write_initial_conditions` wrote.

    Raises:
        BadInput: if it is missing, of another type, truncated, damaged or of a newer version.
    """
    return InitialConditionsFile(path)


# Maps: one quantity on the nodes of a mesh, in an HDF5 file.

MAP_FILE_TYPE = "map"
_maps_FIELDS = ("quantity", "box_size", "mesh", "redshift")


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
        hdf5.normalise(self, lengths=("box_size",), counts=("mesh",))


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
    with hdf5.create(path, MAP_FILE_TYPE, provenance, force) as file:
        hdf5.write(file, map_header, _maps_FIELDS)
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
        super().__init__(path, MAP_FILE_TYPE)
        with hdf5.refusing(self):
            dataset = self.dataset("map")
            self.header = MapHeader(
                units=plain_value(dataset.attrs["units"]),
                description=plain_value(dataset.attrs["description"]),
                **hdf5.read(self.file, _maps_FIELDS),
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


BOX_TOLERANCE = 1e-6
REDSHIFT_TOLERANCE = 1e-3


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
    sides = zip(header.box_size, reference.box_size, strict=True)
    if not all(math.isclose(*pair, rel_tol=BOX_TOLERANCE) for pair in sides):
        raise BadInput(
            f"{path}: box {header.box_size} Mpc/h, but {reference_path} has {reference.box_size}; "
            "give maps of one box"
        )
    difference = abs(header.redshift - reference.redshift)
    if difference > REDSHIFT_TOLERANCE * (1 + reference.redshift):
        raise BadInput(
            f"{path}: redshift {header.redshift:g}, but {reference_path} has "
            f"{reference.redshift:g}; give maps of one redshift"
        )
