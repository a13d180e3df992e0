# SPDX-License-Identifier: GPL-3.0-or-later
"""Initial conditions: the linear overdensity at z = 0 on a mesh, in an HDF5 file."""

import dataclasses
import os
from collections.abc import Iterable

import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.files import hdf5, header
from jerald_tools.files.provenance import Provenance

FILE_TYPE = "initial-conditions"
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
        header.normalise(self, lengths=("box_size",), counts=("mesh", "lattice"))


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
    with hdf5.create(path, FILE_TYPE, provenance, force) as file:
        header.write(file, ic_header, _FIELDS)
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
        super().__init__(path, FILE_TYPE)
        with header.refusing(self):
            self.header = InitialConditionsHeader(**header.read(self.file, _FIELDS))
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
