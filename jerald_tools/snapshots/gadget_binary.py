# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots and initial conditions in Gadget's own binary formats 1 and 2.

What Gadget-2 and 3 write by default, and N-GenIC, 2LPTic and MUSIC by default or only. Such files
state neither units nor omega_b.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jerald_tools.agreement import same_redshift
from jerald_tools.errors import BadInput
from jerald_tools.io.gadget_records import RecordsFile, open_records
from jerald_tools.snapshots.code_units import Overrides, box_of, code_units, redshift_of
from jerald_tools.snapshots.snapshot import SPECIES, TYPES, SnapshotHeader
from jerald_tools.snapshots.stated_cosmology import cosmology_of

BLOCKS = {
    "positions": "POS",
    "velocities": "VEL",
    "ids": "ID",
    "masses": "MASS",
    "density": "RHO",
    "internal_energy": "U",
    "neutral_fraction": "NH",
    "smoothing_length": "HSML",
    "star_formation_rate": "SFR",
    "formation_time": "AGE",
}


class GadgetBinarySnapshot:
    """Files of Gadget's binary formats, see :class:`jerald_tools.snapshots.snapshot.Snapshot`.

    Lengths and masses are over h and comoving; velocities are over the root of a.
    """

    def __init__(self, paths: Sequence[Path], overrides: Overrides):
        """Read the headers of all files and find their blocks.

        Raises:
            BadInput: if the set is not whole and of one time, or neither it nor the user states
                its unit of length, its box and its cosmology.
        """
        self.paths: Sequence[Path] = list(paths)
        self._files = [open_records(path) for path in self.paths]
        self._rows = np.array([file.header.counts for file in self._files], np.int64)
        first, path = self._files[0].header, self.paths[0]
        if not overrides.part_of_box:
            self._check_complete()
        counts = tuple(self._rows.sum(axis=0).tolist())
        stated = {
            "Omega0": first.omega_m,
            "OmegaLambda": first.omega_lambda,
            "HubbleParam": first.h,
        }
        found = cosmology_of(path, stated, overrides, has_baryons=bool(counts[0] or counts[4]))
        self._units = code_units(path, {}, overrides)
        self.header = SnapshotHeader(
            format="Gadget binary",
            box_size=box_of(path, first.box_size, self._units.length, overrides),
            redshift=redshift_of(path, first.redshift, overrides),
            cosmology=found.cosmology,
            counts=counts,
            megaparsec=self._units.megaparsec,
            mass_unit=self._units.mass_unit,
        )

    def has(self, species: str, field: str) -> bool:
        """Whether there is such a field; masses may come from the header's table."""
        kind = SPECIES[species]
        if field == "masses" and self._table_mass(kind) > 0:
            return True
        holding = self._holding(kind)
        return holding is not None and self._block_of(holding, kind, field)

    def read(self, species: str, field: str, start: int, stop: int) -> np.ndarray:
        """Rows of a field, as the protocol has it."""
        kind, units = SPECIES[species], self._units
        if not self.has(species, field):
            raise BadInput(
                f"{self.paths[0]}: has no block {BLOCKS.get(field, field)} of {species}; give a "
                "snapshot that has it"
            )
        if field == "masses" and self._table_mass(kind) > 0:
            return np.full(stop - start, self._table_mass(kind) * units.mass)
        values = self._read_block(kind, field, start, stop)
        if field == "ids":
            return values
        scale = units.scale(field)
        if field == "velocities":
            scale *= self.header.scale_factor**0.5
        return values.astype(np.float64) * scale

    def _read_block(self, kind: int, field: str, start: int, stop: int) -> np.ndarray:
        name = BLOCKS[field]
        holding = self._holding(kind)
        assert holding is not None  # there is such a field
        # A rank whose share is done has none, of the shape that the others have.
        pieces = [holding.read(name, kind, 0, 0)]
        ends = np.concatenate([[0], np.cumsum(self._rows[:, kind])])
        for file, (first, end) in zip(self._files, itertools.pairwise(ends), strict=True):
            low, high = max(start, int(first)), min(stop, int(end))
            if low < high:
                if not self._block_of(file, kind, field):
                    raise BadInput(f"{file.path}: has no block {name}; give a whole snapshot")
                pieces.append(file.read(name, kind, low - int(first), high - int(first)))
        return np.concatenate(pieces)

    def _holding(self, kind: int) -> RecordsFile | None:
        """The first file that has particles of a type."""
        return next((file for file in self._files if file.header.counts[kind]), None)

    def _table_mass(self, kind: int) -> float:
        return self._files[0].header.masses[kind]

    @staticmethod
    def _block_of(file: RecordsFile, kind: int, field: str) -> bool:
        block = file.blocks.get(BLOCKS.get(field, ""))
        return block is not None and kind in block.types

    def _check_complete(self) -> None:
        """Compare the files with each other and with what the first one announces."""
        path, first = self.paths[0], self._files[0].header
        announced = max(1, first.files)
        if announced != len(self.paths):
            names = ", ".join(each.name for each in self.paths[:4])
            raise BadInput(
                f"{path}: the snapshot has {announced} files, {len(self.paths)} were found "
                f"({names}{', ...' if len(self.paths) > 4 else ''}); give all of them"
            )
        for file in self._files[1:]:
            if not same_redshift(file.header.redshift, first.redshift):
                raise BadInput(
                    f"{file.path}: Redshift {file.header.redshift:g}, but {path} has "
                    f"{first.redshift:g}; give the files of one snapshot"
                )
        totals, found = list(first.totals), self._rows.sum(axis=0).tolist()
        # Makers of initial conditions may leave the totals at 0.
        if any(totals) and totals[:TYPES] != found:
            raise BadInput(
                f"{path}: the set should have {totals} particles by type, its files have {found}; "
                "give all files of one snapshot, or --part-of-box for a cutout"
            )
