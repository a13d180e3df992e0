# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots in the HDF5 format of Gadget-2, 3 and 4 and of Arepo (IllustrisTNG)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.snapshots.code_units import Overrides, code_units, cosmology_of, redshift_of
from jerald_tools.snapshots.hdf5_set import HDF5Set
from jerald_tools.snapshots.snapshot import SPECIES, SnapshotHeader

# The datasets that hold a field, by the name that any of the codes gives them.
DATASETS = {
    "positions": ("Coordinates",),
    "velocities": ("Velocities",),
    "ids": ("ParticleIDs",),
    "masses": ("Masses",),
    "density": ("Density",),
    "internal_energy": ("InternalEnergy",),
    "neutral_fraction": ("NeutralHydrogenAbundance", "NeutralHydrogenFraction"),
    "hydrogen_fraction": ("GFM_Metals",),
    "smoothing_length": ("SmoothingLength",),
    "star_formation_rate": ("StarFormationRate",),
    "formation_time": ("GFM_StellarFormationTime", "StellarFormationTime"),
}

# Where codes keep what is true of the whole file: Gadget-4 and Arepo have groups of parameters.
GROUPS = ("Header", "Parameters", "Units", "Constants")


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
        self._files = HDF5Set(paths)
        self.paths: Sequence[Path] = self._files.paths
        path = self.paths[0]
        attributes = {}
        for group in reversed(GROUPS):
            attributes |= self._files.attributes(group)
        self._units = code_units(path, attributes, overrides)
        cosmology = {
            "omega_m": attributes.get("Omega0"),
            "omega_b": attributes.get("OmegaBaryon"),
            "h": attributes.get("HubbleParam"),
            "omega_lambda": attributes.get("OmegaLambda"),
        }
        box = np.broadcast_to(np.asarray(attributes["BoxSize"], float), 3) * self._units.length
        self._mass_table = np.asarray(attributes.get("MassTable", np.zeros(6)), float)
        self.header = SnapshotHeader(
            format="Gadget or Arepo HDF5",
            box_size=tuple(box.tolist()),
            redshift=redshift_of(path, float(np.ravel(attributes["Redshift"])[0]), overrides),
            cosmology=cosmology_of(path, cosmology, overrides),
            counts=tuple(self._files.rows.sum(axis=0).tolist()),
            megaparsec=self._units.megaparsec,
            mass_unit=self._units.mass_unit,
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
            values = values[:, 0]
        scale = units.scale(field)
        if field == "velocities":
            scale *= self.header.scale_factor**0.5
        return values.astype(np.float64) * scale

    def _dataset(self, kind: int, field: str) -> str | None:
        names = DATASETS.get(field, ())
        return next((name for name in names if self._files.dataset(kind, name)), None)
