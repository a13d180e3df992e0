# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots in Gadget's HDF5 format: of Gadget-2, 3 and 4, Arepo, GIZMO, EAGLE and monofonIC."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.snapshots.code_units import (
    Overrides,
    box_of,
    code_units,
    redshift_of,
    unit_attributes,
)
from jerald_tools.snapshots.dataset_powers import (
    FACTORS,
    POWER_OF_H,
    require_powers,
    stated,
)
from jerald_tools.snapshots.hdf5_set import HDF5Set
from jerald_tools.snapshots.snapshot import SPECIES, TYPES, SnapshotHeader
from jerald_tools.snapshots.stated_cosmology import cosmology_of

# The datasets that hold a field, by the name that any of the codes gives them.
DATASETS = {
    "positions": ("Coordinates",),
    "velocities": ("Velocities", "Velocity"),
    "ids": ("ParticleIDs",),
    "masses": ("Masses", "Mass"),
    "density": ("Density",),
    "internal_energy": ("InternalEnergy",),
    "neutral_fraction": ("NeutralHydrogenAbundance", "NeutralHydrogenFraction"),
    "hydrogen_fraction": (
        "GFM_Metals",
        "ElementAbundance/Hydrogen",
        "SmoothedElementAbundance/Hydrogen",
        "Metallicity",
    ),
    "smoothing_length": ("SmoothingLength",),
    "star_formation_rate": ("StarFormationRate",),
    "formation_time": ("GFM_StellarFormationTime", "StellarFormationTime"),
}

# IllustrisTNG's documentation of its snapshots, PartType4: "the only differentiation between a real
# star (>0) and a wind phase gas cell (<=0)". In Gadget-3, GIZMO and EAGLE winds are gas and every
# particle of type 4 is a star; a time of zero is that of one that was there from the start.
DATASET_WITH_WINDS = "GFM_StellarFormationTime"

# Where codes keep what is true of the whole file: Gadget-4 and Arepo have groups of parameters.
GROUPS = ("Header", "Cosmology", "Parameters", "Units", "Constants")

# The only powers of a and h that these fields can have over the units of the file.
POWERS = {"masses": (0.0, -1.0), "velocities": (0.5, 0.0), "positions": (1.0, -1.0)}

# The fields whose datasets state a unit that the header may lack.
UNIT_DATASETS = {
    "UnitLength_in_cm": "positions",
    "UnitMass_in_g": "masses",
    "UnitVelocity_in_cm_per_s": "velocities",
}


class GadgetSnapshot:
    """A snapshot of Gadget or Arepo, see :class:`jerald_tools.snapshots.snapshot.Snapshot`.

    Lengths and masses are over h and comoving; velocities are over the root of a.
    """

    def __init__(self, paths: Sequence[Path], overrides: Overrides):
        """Read and check the headers of all files.

        Raises:
            BadInput: if the set is not whole and of one time, or neither it nor the user states
                its unit of length and its cosmology.
        """
        self._files = HDF5Set(paths, overrides.part_of_box)
        self.paths: Sequence[Path] = self._files.paths
        path = self.paths[0]
        attributes = {}
        for group in reversed(GROUPS):
            attributes |= self._files.attributes(group)
        counts = tuple(self._files.rows.sum(axis=0)[:TYPES].tolist())
        self._mass_table = np.zeros(TYPES)
        table = np.atleast_1d(attributes.get("MassTable", [])).astype(float)
        self._mass_table[: len(table)] = table[:TYPES]
        found = cosmology_of(path, attributes, overrides, has_baryons=bool(counts[0] or counts[4]))
        units = self._units_of_datasets() | unit_attributes(attributes, found.cosmology.h)
        self._units = code_units(path, units, overrides)
        self.header = SnapshotHeader(
            format="Gadget or Arepo HDF5",
            box_size=box_of(path, attributes.get("BoxSize"), self._units.length, overrides),
            redshift=redshift_of(path, self._files.redshift, overrides),
            cosmology=found.cosmology,
            counts=counts,
            megaparsec=self._units.megaparsec,
            mass_unit=self._units.mass_unit,
            omega_nu=found.omega_nu,
            omega_r=found.omega_r,
            has_winds=self._dataset(SPECIES["stars"], "formation_time") == DATASET_WITH_WINDS,
        )
        self._files.close()

    def has(self, species: str, field: str) -> bool:
        """Whether there is such a field; masses may come from the header's table."""
        kind = SPECIES[species]
        return self._dataset(kind, field) is not None or (
            field == "masses" and self._mass_table[kind] > 0
        )

    def read(self, species: str, field: str, start: int, stop: int) -> np.ndarray:
        """Rows of a field, as the protocol has it."""
        kind, units = SPECIES[species], self._units
        name = self._dataset(kind, field)
        if name is None:
            if field == "masses" and self._mass_table[kind] > 0:
                return np.full(stop - start, self._mass_table[kind] * units.mass)
            raise BadInput(
                f"{self.paths[0]}: has no dataset PartType{kind}/"
                f"{' or '.join(DATASETS.get(field, (field,)))}; give a snapshot that has it"
            )
        values = self._files.read(kind, name, start, stop)
        if field == "ids":
            return values
        if field == "hydrogen_fraction":
            return _hydrogen(name, values.astype(np.float64))
        if field in POWERS:
            stated_here = self._files.dataset_attributes(kind, name)
            require_powers(self.paths[0], f"PartType{kind}/{name}", stated_here, *POWERS[field])
        scale = units.scale(field)
        if field == "velocities":
            scale *= self.header.scale_factor**0.5
        return values.astype(np.float64) * scale

    def _dataset(self, kind: int, field: str) -> str | None:
        names = [name for name in DATASETS.get(field, ()) if self._files.dataset(kind, name)]
        if field == "hydrogen_fraction":
            # One column is that of all metals, which does not tell helium from hydrogen.
            names = [
                name
                for name in names
                if name != "Metallicity" or self._files.columns(kind, name) > 1
            ]
        return names[0] if names else None

    def _units_of_datasets(self) -> dict[str, float]:
        """Units in cgs that datasets state, over h, by the name that headers give them."""
        found = {}
        for name, field in UNIT_DATASETS.items():
            for kind in np.flatnonzero(self._files.rows.sum(axis=0)[:TYPES]):
                dataset = self._dataset(int(kind), field)
                attributes = self._files.dataset_attributes(int(kind), dataset) if dataset else {}
                factor = stated(attributes, FACTORS)
                if factor and stated(attributes, POWER_OF_H) == POWERS[field][1]:
                    found[name] = factor
                    break
        return found


def _hydrogen(name: str, values: np.ndarray) -> np.ndarray:
    """Hydrogen over all gas by mass, from the columns of a dataset of elements.

    GFM_Metals begins with hydrogen; GIZMO's and SIMBA's Metallicity with all metals Z and helium Y,
    which leave 1 - Z - Y.
    """
    if name == "Metallicity":
        return 1.0 - values[:, 0] - values[:, 1]
    return values[:, 0] if values.ndim > 1 else values
