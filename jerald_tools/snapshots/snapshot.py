# SPDX-License-Identifier: GPL-3.0-or-later
"""What every reader of snapshots offers, in any format: the protocol, its header and its fields."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.io.digest import snapshot_digest
from jerald_tools.io.record import Input

SPECIES = {"gas": 0, "dark-matter": 1, "type-2": 2, "type-3": 3, "stars": 4, "black-holes": 5}
"""The particle types of Gadget. Maps are made of types 0, 1 and 4; all count as matter.

Types 2 and 3 are the coarse dark matter around a zoom, or neutrinos.
"""

TYPES = len(SPECIES)

FIELDS = {
    "positions": "comoving Mpc/h (n, 3)",
    "velocities": "peculiar km/s (n, 3)",
    "ids": "numbers",
    "masses": "1e10 Msun/h",
    "density": "comoving 1e10 Msun/h / (Mpc/h)^3",
    "internal_energy": "per mass, (km/s)^2",
    "temperature": "K",
    "neutral_fraction": "neutral hydrogen atoms over all hydrogen nuclei",
    "hydrogen_fraction": "mass of hydrogen over that of the gas",
    "smoothing_length": "radius at which the kernel ends, comoving Mpc/h",
    "star_formation_rate": "in the units of the file; above zero where gas forms stars",
    "formation_time": "as the code has it; what a sign or a zero means depends on the code",
    "initial_positions": "unperturbed positions, comoving Mpc/h (n, 3)",
}
"""The fields of particles that readers know, and the units they come in."""

_POSITIVE = ("density", "internal_energy", "temperature", "smoothing_length")
_VECTORS = ("positions", "velocities", "initial_positions")
_NOT_NEGATIVE = ("masses", "neutral_fraction", "hydrogen_fraction")


@dataclasses.dataclass(frozen=True)
class SnapshotHeader:
    """What a snapshot is of.

    Attributes:
        format: its name, for people.
        box_size: (3) comoving [Mpc/h].
        redshift: of the snapshot.
        cosmology: of the simulation; sigma8 and n_s, which snapshots leave out, are the
            defaults unless the user gave them.
        counts: particles of each type, (6).
        omega_nu: of massive neutrinos that are no particles, today; part of the cosmology's
            omega_m.
        omega_r: radiation today in the background of the code, None where the file says nothing.
        has_winds: whether stars with a formation time that is not above zero are wind particles.
        megaparsec: one Mpc as the code has it [cm].
        mass_unit: 1e10 Msun as the code has it [g], None where the file has no unit of mass.
    """

    format: str
    box_size: tuple[float, float, float]
    redshift: float
    cosmology: Cosmology
    counts: tuple[int, ...]
    megaparsec: float
    mass_unit: float | None
    omega_nu: float = 0.0
    omega_r: float | None = None
    has_winds: bool = False

    def number(self, species: str) -> int:
        """How many particles of a species there are."""
        return self.counts[SPECIES[species]]

    @property
    def scale_factor(self) -> float:
        """The scale factor, 1 / (1 + z)."""
        return 1.0 / (1.0 + self.redshift)


class Snapshot(Protocol):
    """A snapshot that was found whole; it can be pickled, and opens its files when it reads.

    Attributes:
        header: what it is of.
        paths: its files, or its directory.
    """

    header: SnapshotHeader
    paths: Sequence[Path]

    def has(self, species: str, field: str) -> bool:
        """Whether the snapshot has a field of :data:`FIELDS` for a species."""
        ...

    def read(self, species: str, field: str, start: int, stop: int) -> np.ndarray:
        """Rows ``start`` to ``stop`` of a field in the units of :data:`FIELDS`, float64.

        Raises:
            BadInput: if the field is missing or damaged, or its unit is not known.
        """
        ...


def read_field(snapshot: Snapshot, species: str, field: str, start: int, stop: int) -> np.ndarray:
    """Rows ``start`` to ``stop`` of a field, see :meth:`Snapshot.read`; positions in [0, box).

    Raises:
        BadInput: as the reader, or if the shape is another, or if a value is NaN, infinite,
            negative where it must not be, or a position further than one box outside.
    """
    values = snapshot.read(species, field, start, stop)
    where = f"{snapshot.paths[0]}: {species} {field.replace('_', ' ')}"
    shape = (stop - start, 3) if field in _VECTORS else (stop - start,)
    if values.shape != shape:
        raise BadInput(f"{where} of shape {values.shape}, not {shape}; make it again")
    if not np.isfinite(values).all():
        raise BadInput(f"{where} NaN or infinite in rows {start} to {stop}; make it again")
    if field == "positions":
        return _within(values, np.array(snapshot.header.box_size), where)
    if field in _POSITIVE and np.any(values <= 0):
        raise BadInput(f"{where} not above 0 ({values.min():g}); make it again")
    if field in _NOT_NEGATIVE and np.any(values < 0):
        raise BadInput(f"{where} below 0 ({values.min():g}); make it again")
    return values


def describe_snapshot(snapshot: Snapshot) -> Input:
    """The input of an output's record: the first file, the names of all, and their digest."""
    paths = list(snapshot.paths)
    first = paths[0]
    names = () if first.is_dir() else tuple(os.path.relpath(path, first.parent) for path in paths)
    return Input(os.fspath(first), snapshot_digest(paths), files=names)


def _within(positions: np.ndarray, box: np.ndarray, where: str) -> np.ndarray:
    """Positions in [0, box): codes that displace particles over the edge may leave them there."""
    outside = (positions < -box) | (positions > 2 * box)
    if outside.any():
        raise BadInput(
            f"{where} far outside the box: {positions[outside][0]:g} Mpc/h in a box of "
            f"{box.max():g} Mpc/h; check the units (--length-unit, --box-size)"
        )
    wrapped = positions - box * np.floor(positions / box)
    # A hair below 0 becomes the box itself by rounding.
    return np.where(wrapped >= box, 0.0, wrapped)
