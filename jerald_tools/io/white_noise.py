# SPDX-License-Identifier: GPL-3.0-or-later
"""White noise on a mesh from files of other codes, whose content shows the layout.

- HDF5 with the dataset ``white_noise`` (nx, ny, nz).
- GRAFIC (Bertschinger 2001), which MUSIC and monofonIC read too: Fortran records, the first of the
  four integers nx, ny, nz, seed, then one of each plane of z, x fastest.
- MUSIC's own ``wnoise_*.bin``: the three integers nx, ny, nz, then the numbers, z fastest.
"""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import h5py
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.io.grids import FieldFile, FieldHeader

DATASET = "white_noise"
LAYOUTS = "HDF5 with a dataset white_noise, GRAFIC's records or MUSIC's wnoise file"


@dataclasses.dataclass(frozen=True)
class _Layout:
    """How a binary file is laid out.

    Attributes:
        shape: (nx, ny, nz).
        offset: bytes before the planes.
        plane: type of what is stored of each plane: of z for records, of x for MUSIC.
        is_record: whether planes are Fortran records of z, with their length before and after.
    """

    shape: tuple[int, int, int]
    offset: int
    plane: np.dtype
    is_record: bool


class BinaryNoise:
    """An open binary file of white noise: ``header`` and :meth:`read`; a context manager."""

    def __init__(self, path: Path):
        """Recognise the layout by the sizes that its header announces.

        Raises:
            BadInput: if the layout is unknown, or the file is cut short.
        """
        self.path = path
        self._layout = _layout_of(path)
        self.header = FieldHeader(self._layout.shape, box_size=None, cosmology=None)
        self._planes = np.memmap(path, self._layout.plane, "r", offset=self._layout.offset)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception):
        del self._planes

    def verify(self) -> None:
        """Do nothing: these files carry no digest."""

    def read(self, x_start: int = 0, x_stop: int | None = None) -> np.ndarray:
        """Planes ``x_start`` to ``x_stop``, (n, ny, nz).

        Raises:
            BadInput: if a record is damaged or a value is not finite.
        """
        if self._layout.is_record:
            values = self._planes["values"]
            if np.any(self._planes["before"] != values[0].nbytes) or np.any(
                self._planes["after"] != values[0].nbytes
            ):
                raise BadInput(f"{self.path}: a record has another length; make or copy it again")
            noise = values[:, :, x_start:x_stop].transpose(2, 1, 0)
        else:
            noise = self._planes["values"][x_start:x_stop]
        noise = np.ascontiguousarray(noise, noise.dtype.newbyteorder("="))
        if not np.isfinite(noise).all():
            raise BadInput(f"{self.path}: has values that are NaN or infinite; make it again")
        return noise


def open_white_noise(path: str | os.PathLike) -> FieldFile | BinaryNoise:
    """Open white noise in any of the layouts.

    Raises:
        BadInput: if it is missing or has none of them.
    """
    path = Path(path)
    if not path.is_file() or h5py.is_hdf5(path):
        return FieldFile(path, DATASET)
    return BinaryNoise(path)


def _layout_of(path: Path) -> _Layout:
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(32)
    for order in "<>":
        layouts = [*_records(start, order), *_plain(start, order)]
        for layout in layouts:
            nx, _, nz = layout.shape
            planes = nz if layout.is_record else nx
            if size == layout.offset + planes * layout.plane.itemsize:
                return layout
        if layouts:
            nx, ny, nz = layouts[0].shape
            if layouts[0].is_record:
                raise BadInput(
                    f"{path}: has {size} bytes, which are not the {nx} x {ny} x {nz} numbers of "
                    "its GRAFIC header; copy it again"
                )
    raise BadInput(f"{path}: is not white noise in a known layout; give {LAYOUTS}")


def _records(start: bytes, order: str) -> Iterator[_Layout]:
    """GRAFIC's layouts that a file may have: marks of 4 or 8 bytes, numbers of 4 or 8."""
    for mark in (np.dtype(f"{order}i4"), np.dtype(f"{order}i8")):
        if len(start) < mark.itemsize + 16 or np.frombuffer(start, mark, 1)[0] != 16:
            continue
        nx, ny, nz, _ = np.frombuffer(start, f"{order}i4", 4, mark.itemsize).tolist()
        if not _can_be(nx, ny, nz):
            continue
        for number in (4, 8):
            plane = [
                ("before", mark),
                ("values", f"{order}f{number}", (ny, nx)),
                ("after", mark),
            ]
            yield _Layout((nx, ny, nz), 16 + 2 * mark.itemsize, np.dtype(plane), True)


def _plain(start: bytes, order: str) -> Iterator[_Layout]:
    """MUSIC's layouts that a file may have: numbers of 4 or 8 bytes."""
    if len(start) < 12:
        return
    nx, ny, nz = np.frombuffer(start, f"{order}i4", 3).tolist()
    if not _can_be(nx, ny, nz):
        return
    for number in (4, 8):
        plane = [("values", f"{order}f{number}", (ny, nz))]
        yield _Layout((nx, ny, nz), 12, np.dtype(plane), False)


def _can_be(nx: int, ny: int, nz: int) -> bool:
    """Whether these can be the sides of a mesh: planes of a GiB would be a mesh of 2 TiB."""
    return min(nx, ny, nz) >= 1 and max(nx * ny, ny * nz) * 8 < 2**30
