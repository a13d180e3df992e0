# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots as BigFile: of MP-Gadget, of FastPM, and catalogues that nbodykit saved."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.io.bigfile import Block, read_attributes
from jerald_tools.io.particles import CRITICAL_DENSITY
from jerald_tools.io.swift_attributes import KM_CM, MPC_CM, UNIT_MASS_G
from jerald_tools.snapshots.code_units import Overrides, box_of, code_units, redshift_of
from jerald_tools.snapshots.snapshot import SPECIES, TYPES, SnapshotHeader
from jerald_tools.snapshots.stated_cosmology import cosmology_of

BLOCKS = {
    "positions": "Position",
    "velocities": "Velocity",
    "ids": "ID",
    "masses": "Mass",
    "density": "Density",
    "internal_energy": "InternalEnergy",
    "hydrogen_fraction": "Metals",
    "neutral_fraction": "NeutralHydrogenFraction",
    "smoothing_length": "SmoothingLength",
    "star_formation_rate": "StarFormationRate",
    "formation_time": "StarFormationTime",
    "initial_positions": "PrePosition",
}

# FastPM's name for the same.
OTHER_NAMES = {"initial_positions": "InitialPosition"}


# What fastpm-python's files do not say of themselves; its H0 is 100 km/s per Mpc/h.
FASTPM_PYTHON = {
    "UnitLength_in_cm": MPC_CM,
    "UnitMass_in_g": UNIT_MASS_G,
    "UnitVelocity_in_cm_per_s": KM_CM,
    "UsePeculiarVelocity": 1,
}


class BigFileSnapshot:
    """A BigFile of particles, see :class:`jerald_tools.snapshots.snapshot.Snapshot`.

    Blocks of a particle type lie in the directory of its number; a catalogue of nbodykit without
    such a directory is dark matter.
    """

    def __init__(self, path: Path, overrides: Overrides):
        """Read the header and the sizes of all blocks of positions.

        Raises:
            BadInput: if the header is missing or incomplete, or has no unit of length.
        """
        self.paths: Sequence[Path] = [path]
        attributes = read_attributes(path / "Header")
        if not attributes:
            raise BadInput(f"{path}: has no Header with attributes; give a snapshot that has one")
        self._typed = any((path / str(kind)).is_dir() for kind in range(TYPES))
        # fastpm-python's state.save writes Om0, lengths in Mpc/h, peculiar velocities and h = 1.
        self._of_fastpm_python = "Om0" in attributes
        if self._of_fastpm_python:
            attributes = {**attributes, **FASTPM_PYTHON}
            attributes.pop("h", None)
        self._units = code_units(path, attributes, overrides)
        scale_factor = attributes.get("Time", attributes.get("ScalingFactor"))
        redshift = None if scale_factor is None else 1 / float(scale_factor) - 1
        self._mass_table = np.asarray(attributes.get("MassTable", np.zeros(TYPES)), float)
        self._peculiar = attributes.get("UsePeculiarVelocity")
        counts = tuple(self._count(kind) for kind in range(TYPES))
        announced = np.asarray(attributes.get("TotNumPart", counts))[:TYPES]
        if not np.array_equal(announced, counts):
            raise BadInput(
                f"{path}: its Header has {announced.tolist()} particles by type, its blocks "
                f"{list(counts)}; make or copy it again"
            )
        has_baryons = bool(counts[SPECIES["gas"]] or counts[SPECIES["stars"]])
        cosmology = cosmology_of(path, attributes, overrides, has_baryons)
        self.header = SnapshotHeader(
            format="BigFile",
            box_size=box_of(path, attributes.get("BoxSize"), self._units.length, overrides),
            redshift=redshift_of(path, redshift, overrides),
            cosmology=cosmology.cosmology,
            counts=counts,
            megaparsec=self._units.megaparsec,
            mass_unit=self._units.mass_unit,
            omega_nu=cosmology.omega_nu,
            omega_r=cosmology.omega_r,
        )
        if self._of_fastpm_python and not self._mass_table.any():
            # Its particles share all matter equally.
            volume = float(np.prod(self.header.box_size))
            matter = cosmology.cosmology.omega_m * CRITICAL_DENSITY * volume
            self._mass_table = np.where(counts, matter / max(1, sum(counts)), 0.0)

    def has(self, species: str, field: str) -> bool:
        """Whether there is such a field; masses may come from the header's table."""
        kind = SPECIES[species]
        if field in BLOCKS and self._block(kind, field).is_dir():
            return True
        return field == "masses" and self._mass_table[kind] > 0

    def read(self, species: str, field: str, start: int, stop: int) -> np.ndarray:
        """Rows of a field, as the protocol has it."""
        kind, units = SPECIES[species], self._units
        directory = self._block(kind, field)
        if not directory.is_dir():
            if field == "masses" and self._mass_table[kind] > 0:
                return np.full(stop - start, self._mass_table[kind] * units.mass)
            raise BadInput(f"{directory}: no such block; give a snapshot that has it")
        block = Block(directory)
        if block.shape[0] != self.header.counts[kind]:
            raise BadInput(
                f"{directory}: has {block.shape[0]} rows, Position has "
                f"{self.header.counts[kind]}; make or copy it again"
            )
        values = block.read(start, stop)
        if field == "ids":
            return values
        if field == "hydrogen_fraction":
            # MP-Gadget's mass fractions of elements begin with hydrogen.
            values = values[:, 0]
        scale = units.scale(field)
        if field == "velocities":
            if self._peculiar is None:
                raise BadInput(
                    f"{self.paths[0]}: its Header has no UsePeculiarVelocity, so that its "
                    "velocities may be of two kinds; add it with the bigfile package"
                )
            # Otherwise momenta a^2 dx/dt, as MP-Gadget keeps them.
            scale /= 1 if self._peculiar else self.header.scale_factor
        return values.astype(np.float64) * scale

    def _block(self, kind: int, field: str) -> Path:
        """The directory of a field, under the name that the code gave it."""
        folder = self._directory(kind)
        path, other = folder / BLOCKS.get(field, field), OTHER_NAMES.get(field)
        return folder / other if other and not path.is_dir() else path

    def _directory(self, kind: int) -> Path:
        return self.paths[0] / str(kind) if self._typed else self.paths[0]

    def _count(self, kind: int) -> int:
        if not self._typed and kind != SPECIES["dark-matter"]:
            return 0
        directory = self._directory(kind) / BLOCKS["positions"]
        return Block(directory).shape[0] if directory.is_dir() else 0
