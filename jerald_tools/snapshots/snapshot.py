# SPDX-License-Identifier: GPL-3.0-or-later
"""What every reader of snapshots offers, whatever the format: the protocol and its header."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from jerald_tools.cosmology import Cosmology

SPECIES = {"gas": 0, "dark-matter": 1, "stars": 4}
"""The particle types of Gadget that maps are made of. Types 2, 3 and 5 are left out."""

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
    "formation_time": "scale factor at which a star was born; not above zero for winds",
    "initial_positions": "unperturbed positions, comoving Mpc/h (n, 3)",
}
"""The fields of particles that readers know, and the units they come in."""


@dataclasses.dataclass(frozen=True)
class SnapshotHeader:
    """What a snapshot is of.

    Attributes:
        format: its name, for people.
        box_size: (3) comoving [Mpc/h].
        redshift: of the snapshot.
        cosmology: of the simulation; sigma8 and n_s, which snapshots leave out, are the
            defaults unless they were stated.
        counts: particles of each type, (6).
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
