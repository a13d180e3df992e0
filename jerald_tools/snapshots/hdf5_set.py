# SPDX-License-Identifier: GPL-3.0-or-later
"""A snapshot in one HDF5 file or in several, read as if it were one."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jerald_tools.agreement import same_lengths, same_redshift
from jerald_tools.errors import BadInput, refusing
from jerald_tools.io.hdf5 import DAMAGED, open_file
from jerald_tools.io.hdf5_obstacles import require_filters
from jerald_tools.io.header import plain_value
from jerald_tools.snapshots.snapshot import TYPES


class HDF5Set:
    """The files of a snapshot in their order, found complete and of one time.

    One file at a time is open. A pickled set opens its files again.

    Attributes:
        paths: the files.
        header: attributes of the first file's group Header.
        rows: particles of each type in each file, (files, types); types are six or more.
    """

    def __init__(self, paths: Sequence[Path], part_of_box: bool = False):
        """Read the header of every file and check that they are one whole set.

        Args:
            paths: the files.
            part_of_box: whether they hold a part of what their header counts: it is then the
                datasets that are counted, and no file is missed.

        Raises:
            BadInput: if a file is missing, damaged, or of another redshift or box.
        """
        self.paths = list(paths)
        self._open: tuple[int, h5py.File] | None = None
        headers = [self._header(file) for file in range(len(self.paths))]
        first = headers[0]
        if not part_of_box:
            self._check_complete(first)
        for path, header in zip(self.paths[1:], headers[1:], strict=True):
            for name, same in (("Redshift", _same_redshifts), ("BoxSize", same_lengths)):
                if name not in first or name not in header:
                    continue
                one, other = np.ravel(first[name]), np.ravel(header[name])
                if not same(one, other):
                    raise BadInput(
                        f"{path}: {name} {other[0]:g}, but {self.paths[0]} has {one[0]:g}; "
                        "give the files of one snapshot"
                    )
        self.header = first
        if part_of_box:
            self.rows = np.array([self._dataset_rows(file) for file in range(len(self.paths))])
            return
        self.rows = np.array([by_type(header["NumPart_ThisFile"]) for header in headers])
        announced, found = total_counts(first), self.rows.sum(axis=0)
        if not np.array_equal(announced, found):
            raise BadInput(
                f"{self.paths[0]}: the set should have {announced.tolist()} particles by type, "
                f"its files have {found.tolist()}; give all files of one snapshot, or "
                "--part-of-box for a cutout"
            )

    @property
    def redshift(self) -> float | None:
        """That of the first header, None where it states none."""
        stated = self.header.get("Redshift")
        return None if stated is None else float(stated)

    def __getstate__(self):
        return {**self.__dict__, "_open": None}

    def file(self, number: int) -> h5py.File:
        """One of the files, open until another one is asked for."""
        if self._open is None or self._open[0] != number:
            self.close()
            self._open = (number, open_file(self.paths[number]))
        return self._open[1]

    def close(self) -> None:
        """Close the file that is open."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def attributes(self, group: str, number: int = 0) -> dict:
        """Attributes of a group of one file as plain values, none where there is no such group.

        Arrays of one, as SWIFT, monofonIC and R write every number, are that number.
        """
        with refusing(self.paths[number], *DAMAGED):
            member = self.file(number).get(group)
            if not isinstance(member, h5py.Group | h5py.Dataset):
                return {}
            return {name: _plain(value) for name, value in member.attrs.items()}

    def dataset(self, particle_type: int, name: str) -> str | None:
        """The path of a dataset of a particle type in the first file that has such particles."""
        with_rows = np.flatnonzero(self.rows[:, particle_type])
        path = f"PartType{particle_type}/{name}"
        if not len(with_rows):
            return None
        number = int(with_rows[0])
        with refusing(self.paths[number], *DAMAGED):
            return path if path in self.file(number) else None

    def columns(self, particle_type: int, name: str) -> int:
        """Columns of a dataset of the first file that has such particles; 0 of a list."""
        number = int(np.flatnonzero(self.rows[:, particle_type])[0])
        with refusing(self.paths[number], *DAMAGED):
            dataset = self.file(number)[f"PartType{particle_type}/{name}"]
            shape = dataset.shape if isinstance(dataset, h5py.Dataset) else ()
        return shape[1] if len(shape) > 1 else 0

    def dataset_attributes(self, particle_type: int, name: str) -> dict:
        """Attributes of a dataset in the first file that has particles of the type."""
        number = int(np.flatnonzero(self.rows[:, particle_type])[0])
        return self.attributes(f"PartType{particle_type}/{name}", number)

    def read(self, particle_type: int, name: str, start: int, stop: int) -> np.ndarray:
        """Rows ``start`` to ``stop`` of a dataset over all files, (n, ...).

        Raises:
            BadInput: if a file lacks the dataset, has another number of rows, or is damaged.
        """
        if start >= stop:
            # A rank whose share is done has none, of the shape that the others have.
            number = int(np.flatnonzero(self.rows[:, particle_type])[0])
            return self._rows(number, particle_type, name, 0, 0)
        ends = np.concatenate([[0], np.cumsum(self.rows[:, particle_type])])
        pieces = []
        for number, (first, end) in enumerate(itertools.pairwise(ends)):
            low, high = max(start, int(first)), min(stop, int(end))
            if low < high:
                pieces.append(self._rows(number, particle_type, name, low - first, high - first))
        return np.concatenate(pieces) if len(pieces) != 1 else pieces[0]

    def _rows(self, number: int, particle_type: int, name: str, start, stop) -> np.ndarray:
        path = self.paths[number]
        with refusing(path, *DAMAGED):
            dataset = self.file(number).get(f"PartType{particle_type}/{name}")
        if not isinstance(dataset, h5py.Dataset):
            raise BadInput(f"{path}: has no dataset PartType{particle_type}/{name}; give one")
        if dataset.dtype.kind not in "iuf":
            raise BadInput(
                f"{path}: PartType{particle_type}/{name} holds no numbers ({dataset.dtype}); give "
                "a snapshot as its code writes it"
            )
        rows = dataset.shape[0] if dataset.shape else 0
        if rows != self.rows[number, particle_type]:
            raise BadInput(
                f"{path}: PartType{particle_type}/{name} has {rows} rows, its header "
                f"says {self.rows[number, particle_type]}; make or copy it again, or give "
                "--part-of-box for a cutout"
            )
        require_filters(path, dataset)
        with refusing(path, *DAMAGED):
            return dataset[int(start) : int(stop)]

    def _header(self, number: int) -> dict:
        header = self.attributes("Header", number)
        # As swiftsimio writes it, and EAGLE.
        for name in ("Scale-factor", "ExpansionFactor"):
            if "Redshift" not in header and header.get(name):
                header["Redshift"] = 1 / float(header[name]) - 1
        if "NumPart_ThisFile" not in header:
            raise BadInput(
                f"{self.paths[number]}: its header has no NumPart_ThisFile; give a whole snapshot"
            )
        return header

    def _dataset_rows(self, number: int) -> np.ndarray:
        """Rows of the positions of each type in a file, (types) int64."""
        rows = np.zeros(TYPES, np.int64)
        with refusing(self.paths[number], *DAMAGED):
            for kind in range(TYPES):
                positions = self.file(number).get(f"PartType{kind}/Coordinates")
                if isinstance(positions, h5py.Dataset) and positions.shape:
                    rows[kind] = positions.shape[0]
        return rows

    def _check_complete(self, header: dict) -> None:
        # Makers of single files may leave it at 0.
        announced = max(1, int(header.get("NumFilesPerSnapshot", 1)))
        if announced != len(self.paths):
            names = ", ".join(path.name for path in self.paths[:4])
            raise BadInput(
                f"{self.paths[0]}: the snapshot has {announced} files, {len(self.paths)} were "
                f"found ({names}{', ...' if len(self.paths) > 4 else ''}); give all of them"
            )


def _same_redshifts(one: np.ndarray, other: np.ndarray) -> bool:
    return same_redshift(float(one[0]), float(other[0]))


def total_counts(header: dict) -> np.ndarray:
    """Particles of each type in the whole snapshot, (types) int64.

    ``NumPart_Total`` holds 32 bits in Gadget-2, 3, Arepo and SWIFT, the rest is in
    ``NumPart_Total_HighWord``; Gadget-4 has 64 bits in ``NumPart_Total``.
    """
    low = by_type(header.get("NumPart_Total", header["NumPart_ThisFile"]))
    # swiftsimio writes fewer high words than types.
    high = by_type(header.get("NumPart_Total_HighWord", []))
    high = np.pad(high, (0, max(0, len(low) - len(high))))[: len(low)]
    return low + high * 2**32


def by_type(numbers: Sequence[float] | float) -> np.ndarray:
    """Numbers by particle type, (types) int64: zero for the types that the code does not have.

    Gadget-4 may be compiled for fewer than six.
    """
    values = np.atleast_1d(np.asarray(numbers)).astype(np.int64)
    return np.pad(values, (0, max(0, TYPES - len(values))))


def _plain(value: Any) -> Any:
    value = plain_value(value)
    return value[0] if isinstance(value, list) and len(value) == 1 else value
