# SPDX-License-Identifier: GPL-3.0-or-later
"""A snapshot in one HDF5 file or in several, read as if it were one."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from jerald_tools.agreement import same_lengths, same_redshift
from jerald_tools.errors import BadInput, refusing
from jerald_tools.io.hdf5 import DAMAGED, open_file
from jerald_tools.io.header import plain_value


class HDF5Set:
    """The files of a snapshot in their order, found complete and of one time.

    One file at a time is open. A pickled set opens its files again.

    Attributes:
        paths: the files.
        header: attributes of the first file's group Header.
        rows: particles of each type in each file, (files, types).
    """

    def __init__(self, paths: Sequence[Path]):
        """Read the header of every file and check that they are one whole set.

        Raises:
            BadInput: if a file is missing, damaged, or of another redshift or box.
        """
        self.paths = list(paths)
        self._open: tuple[int, h5py.File] | None = None
        headers = [self._header(file) for file in range(len(self.paths))]
        first = headers[0]
        self._check_complete(first)
        for path, header in zip(self.paths[1:], headers[1:], strict=True):
            for name, same in (("Redshift", _same_redshifts), ("BoxSize", same_lengths)):
                one, other = np.ravel(first[name]), np.ravel(header[name])
                if not same(one, other):
                    raise BadInput(
                        f"{path}: {name} {other[0]:g}, but {self.paths[0]} has {one[0]:g}; "
                        "give the files of one snapshot"
                    )
        self.header = first
        self.rows = np.array([header["NumPart_ThisFile"] for header in headers], np.int64)
        announced, found = total_counts(first), self.rows.sum(axis=0)
        if not np.array_equal(announced, found):
            raise BadInput(
                f"{self.paths[0]}: the set should have {announced.tolist()} particles by type, "
                f"its files have {found.tolist()}; give all files of one snapshot"
            )

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
        """Attributes of a group of one file as plain values, none where there is no such group."""
        with refusing(self.paths[number], *DAMAGED):
            member = self.file(number).get(group)
            if not isinstance(member, h5py.Group | h5py.Dataset):
                return {}
            return {name: plain_value(value) for name, value in member.attrs.items()}

    def dataset(self, particle_type: int, name: str) -> str | None:
        """The path of a dataset of a particle type in the first file that has such particles."""
        with_rows = np.flatnonzero(self.rows[:, particle_type])
        path = f"PartType{particle_type}/{name}"
        if not len(with_rows):
            return None
        number = int(with_rows[0])
        with refusing(self.paths[number], *DAMAGED):
            return path if path in self.file(number) else None

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
        rows = dataset.shape[0] if dataset.shape else 0
        if rows != self.rows[number, particle_type]:
            raise BadInput(
                f"{path}: PartType{particle_type}/{name} has {rows} rows, its header "
                f"says {self.rows[number, particle_type]}; make or copy it again"
            )
        with refusing(path, *DAMAGED):
            return dataset[int(start) : int(stop)]

    def _header(self, number: int) -> dict:
        header = self.attributes("Header", number)
        if "Redshift" not in header and "Scale-factor" in header:
            # As swiftsimio writes it.
            header["Redshift"] = 1 / np.ravel(header["Scale-factor"])[0] - 1
        missing = [
            name for name in ("NumPart_ThisFile", "Redshift", "BoxSize") if name not in header
        ]
        if missing:
            raise BadInput(
                f"{self.paths[number]}: its header has no {missing[0]}; give a whole snapshot"
            )
        return header

    def _check_complete(self, header: dict) -> None:
        announced = int(np.ravel(header.get("NumFilesPerSnapshot", 1))[0])
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
    low = np.array(header.get("NumPart_Total", header["NumPart_ThisFile"]), np.int64)
    # swiftsimio writes fewer high words than types.
    high = np.zeros(len(low), np.int64)
    words = header.get("NumPart_Total_HighWord", [])
    high[: len(words)] = words
    return low + high * 2**32
