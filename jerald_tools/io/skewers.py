# SPDX-License-Identifier: GPL-3.0-or-later
"""Optical depth along lines of sight in HDF5.

``tau`` has the shape of the lines and then pixels; pixel p has the velocities from p to p + 1 times
``pixel_kms`` from the end of the box, which is periodic. ``positions`` is where lines cross the
other two axes, in their order.
"""

import dataclasses
import os
from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.io import hdf5
from jerald_tools.io.header import check_header, read_header, write_header
from jerald_tools.io.record import Record

_FIELDS = ("axis", "box_size", "mesh", "redshift", "pixel_kms", "mean_flux", "scale")


@dataclasses.dataclass(frozen=True)
class SkewersHeader:
    """What lines are of.

    Attributes:
        axis: that they are along: "x", "y" or "z".
        box_size: (3) [Mpc/h].
        mesh: (3) nodes of the map that they were drawn through.
        redshift: of the map.
        cosmology: of the simulation.
        pixel_kms: width of a pixel [km/s].
        mean_flux: mean of exp(-tau) over all lines.
        scale: that the optical depth was multiplied by.
        attributes: temperature and gamma of the gas, the profile, anything else by name.
    """

    axis: str
    box_size: tuple[float, float, float]
    mesh: tuple[int, int, int]
    redshift: float
    cosmology: Cosmology
    pixel_kms: float
    mean_flux: float
    scale: float
    attributes: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        check_header(self, lengths=("box_size",), counts=("mesh",))
        if self.axis not in ("x", "y", "z") or not self.pixel_kms > 0:
            raise ValueError(f"axis {self.axis}, pixels of {self.pixel_kms} km/s")


def write_skewers(
    path: str | os.PathLike,
    header: SkewersHeader,
    positions: np.ndarray,
    pixels: int,
    pieces: Iterable[tuple[int, np.ndarray]],
    record: Record,
    force: bool = False,
    compress: bool = False,
) -> None:
    """Write lines.

    Args:
        path: the file's name; it appears when the file is whole.
        header: what the lines are of.
        positions: (lines1, lines2, 2) of a lattice or (lines, 2) of a list [Mpc/h].
        pixels: of a line.
        pieces: ``(start, rows)`` of the optical depth along the first axis, in order.
        record: how it was made.
        force: whether a file that exists may be replaced.
        compress: whether to deflate the optical depth, lossless.

    Raises:
        BadInput: if the target cannot be written.
        RunFailed: if a value is not finite.
    """
    with hdf5.create(path, SkewersFile.file_type, record, force) as file:
        write_header(file, header, _FIELDS)
        tau = hdf5.DatasetHeader(
            (*positions.shape[:-1], pixels),
            units="1",
            comoving=False,
            description="optical depth of Lyman-alpha, mean over each pixel of velocity",
            compress=compress,
        )
        hdf5.write_dataset(file, "tau", tau, pieces)
        where = hdf5.DatasetHeader(
            positions.shape,
            units="Mpc/h",
            comoving=True,
            description="where lines cross the other two axes, in their order",
        )
        hdf5.write_dataset(file, "positions", where, [(0, positions)])


class SkewersFile(hdf5.Reader):
    """What :func:`write_skewers` wrote, open: ``header`` and :meth:`read`; a context manager."""

    file_type: ClassVar[str] = "skewers"
    header: SkewersHeader

    def _read_header(self) -> None:
        self.header = SkewersHeader(**read_header(self.file, _FIELDS))
        if self.dataset("tau").shape[:-1] != self.dataset("positions").shape[:-1]:
            raise ValueError("tau and positions have other lines")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the lines, then pixels."""
        return self.dataset("tau").shape

    def read(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Optical depth of the lines ``start`` to ``stop`` along their first axis.

        Raises:
            BadInput: if the data are damaged, NaN or infinite.
        """
        return self.rows("tau", start, stop)
