# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of SWIFT: every dataset states its units and powers of a; nothing is over h."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from jerald_tools.errors import BadInput, refusing
from jerald_tools.io.hdf5 import DAMAGED
from jerald_tools.io.header import plain_value
from jerald_tools.io.swift_attributes import KM_CM, MPC_CM, UNIT_MASS_G
from jerald_tools.snapshots.code_units import Overrides, as_the_code_has_it, box_of, redshift_of
from jerald_tools.snapshots.dataset_powers import (
    FACTORS,
    POWER_OF_A,
    POWER_OF_H,
    require_factors_agree,
    require_powers,
    stated,
)
from jerald_tools.snapshots.hdf5_set import HDF5Set
from jerald_tools.snapshots.snapshot import SPECIES, TYPES, SnapshotHeader
from jerald_tools.snapshots.stated_cosmology import cosmology_of

DATASETS = {
    "positions": ("Coordinates",),
    "velocities": ("Velocities",),
    "ids": ("ParticleIDs",),
    "masses": ("Masses",),
    "density": ("Densities",),
    "internal_energy": ("InternalEnergies",),
    "temperature": ("Temperatures",),
    "neutral_fraction": ("SpeciesFractions",),
    "hydrogen_fraction": ("ElementMassFractions",),
    "smoothing_length": ("SmoothingLengths",),
    "star_formation_rate": ("StarFormationRates",),
    "formation_time": ("BirthScaleFactors",),
}

# Columns of datasets that have several, by the names that SWIFT gives them in its files.
COLUMNS = {"neutral_fraction": "HI", "hydrogen_fraction": "Hydrogen"}

# The only powers of a that these fields can have: SWIFT writes masses and peculiar velocities.
POWERS_OF_A = {"masses": 0.0, "velocities": 0.0}


# Radius at which a kernel ends over SWIFT's smoothing length (Dehnen & Aly 2012, table 1).
KERNEL_RADIUS = {
    "Cubic spline (M4)": 1.825742,
    "Quartic spline (M5)": 2.018932,
    "Quintic spline (M6)": 2.195775,
    "Wendland C2": 1.936492,
    "Wendland C4": 2.207940,
    "Wendland C6": 2.449490,
}


class SwiftSnapshot:
    """A snapshot of SWIFT, see :class:`jerald_tools.snapshots.snapshot.Snapshot`.

    Every particle of type 4 is a star: its BirthScaleFactors are not above zero where it was there
    from the start (SWIFT's EAGLE model has -1 for stars of the initial conditions).
    """

    def __init__(self, paths: Sequence[Path], overrides: Overrides):
        """Read and check the headers of all files.

        Raises:
            BadInput: if the set is not whole and of one time, or does not state its units.
        """
        self._files = HDF5Set(paths, overrides.part_of_box)
        self.paths: Sequence[Path] = self._files.paths
        header, attributes = self._files.header, self._files.attributes("Cosmology")
        units = self._files.attributes("Units")
        length = units.get("Unit length in cgs (U_L)")
        mass = units.get("Unit mass in cgs (U_M)")
        if length is None or mass is None:
            raise BadInput(f"{self.paths[0]}: its group Units is incomplete; give a whole snapshot")
        counts = self._files.rows.sum(axis=0).tolist()
        found = cosmology_of(
            self.paths[0],
            attributes,
            overrides,
            has_baryons=bool(counts[0] or counts[4]),
            neutrinos_apart=True,
        )
        cosmology = found.cosmology
        megaparsec = as_the_code_has_it(length, MPC_CM)
        self._mass_unit = as_the_code_has_it(mass, UNIT_MASS_G)
        self.header = SnapshotHeader(
            format="SWIFT HDF5",
            box_size=box_of(
                self.paths[0], header.get("BoxSize"), length / megaparsec * cosmology.h, overrides
            ),
            redshift=redshift_of(self.paths[0], self._files.redshift, overrides),
            cosmology=cosmology,
            counts=tuple(counts[:TYPES]),
            megaparsec=megaparsec,
            mass_unit=self._mass_unit,
            # Neutrinos of a type of their own are none of the six types either.
            omega_nu=found.omega_nu,
            omega_r=found.omega_r,
        )
        time = units.get("Unit time in cgs (U_t)")
        speed = None if time is None else length / time
        self._of_initial_conditions = {"positions": (length, 1.0), "masses": (mass, 0.0)}
        if speed is not None:
            self._of_initial_conditions["velocities"] = (speed, 0.0)
        self._kernel = self._files.attributes("HydroScheme").get("Kernel function")
        self._columns = {field: self._column(field) for field in COLUMNS}
        self._files.close()

    def has(self, species: str, field: str) -> bool:
        """Whether there is such a field, and in it the column of hydrogen where it has several."""
        if self._dataset(SPECIES[species], field) is None:
            return False
        return field not in COLUMNS or self._columns[field] is not None

    def read(self, species: str, field: str, start: int, stop: int) -> np.ndarray:
        """Rows of a field, as the protocol has it."""
        kind = SPECIES[species]
        name = self._dataset(kind, field)
        if name is None or not self.has(species, field):
            raise BadInput(
                f"{self.paths[0]}: has no dataset PartType{kind}/"
                f"{' or '.join(DATASETS.get(field, (field,)))}; give a snapshot that has it"
            )
        values = self._files.read(kind, name, start, stop)
        if field == "ids":
            return values
        if field in COLUMNS:
            values = values[:, self._columns[field]]
        return values.astype(np.float64) * self._scale(kind, field, name)

    def _scale(self, kind: int, field: str, name: str) -> float:
        """What turns the numbers of the file into the units of the protocol."""
        header = self.header
        h, a = header.cosmology.h, header.scale_factor
        # Value in the protocol's unit over value in cgs, times the power of a that makes it
        # comoving (lengths, densities) or leaves it proper.
        to_ours = {
            "positions": h / header.megaparsec / a,
            "smoothing_length": h / header.megaparsec / a,
            "masses": h / self._mass_unit,
            "density": header.megaparsec**3 / self._mass_unit / h**2 * a**3,
            "internal_energy": KM_CM**-2,
            "velocities": 1 / KM_CM,
            "temperature": 1.0,
        }.get(field)
        if to_ours is None:
            return 1.0
        units = self._files.dataset_attributes(kind, name)
        factor, power = stated(units, FACTORS), stated(units, POWER_OF_A)
        if factor is None and power is None and field in self._of_initial_conditions:
            # Initial conditions for SWIFT state units of the whole file alone.
            factor, power = self._of_initial_conditions[field]
        if factor is None or power is None:
            raise BadInput(
                f"{self.paths[0]}: PartType{kind}/{name} does not state its units; give a snapshot "
                "as SWIFT writes it"
            )
        dataset = f"PartType{kind}/{name}"
        if field in POWERS_OF_A:
            require_powers(self.paths[0], dataset, units, POWERS_OF_A[field])
        require_factors_agree(self.paths[0], dataset, units, a, h)
        if field == "smoothing_length":
            if self._kernel not in KERNEL_RADIUS:
                raise BadInput(
                    f"{self.paths[0]}: its kernel is {self._kernel!r}; smoothing lengths are known "
                    f"for {', '.join(KERNEL_RADIUS)}; use --deposit cic"
                )
            factor *= KERNEL_RADIUS[self._kernel]
        # SWIFT itself writes h^0 everywhere.
        return factor * a**power * h ** (stated(units, POWER_OF_H) or 0.0) * to_ours

    def _column(self, field: str) -> int | None:
        """The column of hydrogen in a dataset of elements or ions, None where there is none."""
        (name,) = DATASETS[field]
        with refusing(self.paths[0], *DAMAGED):
            columns = self._files.file(0).get(f"SubgridScheme/NamedColumns/{name}")
            stored = columns[()] if isinstance(columns, h5py.Dataset) else []
            names = [plain_value(entry) for entry in stored]
        return next((i for i, text in enumerate(names) if text.strip() == COLUMNS[field]), None)

    def _dataset(self, kind: int, field: str) -> str | None:
        names = DATASETS.get(field, ())
        return next((name for name in names if self._files.dataset(kind, name)), None)
