# SPDX-License-Identifier: GPL-3.0-or-later
"""How the map of a quantity is made from a snapshot: particles, their weights, the map's units."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar, Self

import numpy as np
from jaxtyping import Float

from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapHeader
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.snapshots.snapshot import Snapshot, SnapshotHeader, read_field
from jerald_tools.targets.options import DEPOSITS, TargetOptions

Read = Callable[[str], Float[np.ndarray, " n"]]
"""Reads a field of some particles by its name, in the units of ``snapshot.FIELDS``."""


@dataclasses.dataclass(frozen=True)
class Target:
    """How the map of a quantity is made. This class: the mass of a species in each cell.

    Attributes:
        species: the particles, of :data:`jerald_tools.snapshots.snapshot.SPECIES`.
        units: of the map.
        description: of the map, one sentence without a full stop.
        types_left_out: particle types of Gadget that the map leaves out although they may be
            matter of the same kind; make-target warns if the snapshot has any.
    """

    species: str
    units: str = "1e10 Msun/h per cell"
    description: str = ""
    types_left_out: tuple[int, ...] = ()

    # A fraction of hydrogen describes the snapshot, so no quantity refuses it.
    OPTIONS: ClassVar[tuple[str, ...]] = ("deposit", "hydrogen_fraction")
    """The fields of :class:`TargetOptions` that apply."""

    def check_options(self, options: TargetOptions) -> None:
        """Refuse options that do not apply or contradict each other.

        Raises:
            BadInput: naming the option.
        """
        for name in options.given():
            if name not in self.OPTIONS:
                option = f"--{name.replace('_', '-')}"
                raise BadInput(f"{option} does not apply to {options.quantity}; leave it out")
        fraction = options.hydrogen_fraction
        if not 0 < fraction <= 1:
            raise BadInput(f"--hydrogen-fraction {fraction:g}: give a number above 0, at most 1")

    def with_options(self, options: TargetOptions, header: SnapshotHeader) -> Self:
        """This target with options that were checked, for a snapshot.

        Raises:
            BadInput: if an option does not suit the snapshot, or a file that it names is bad.
        """
        return self

    def check_snapshot(self, snapshot: Snapshot) -> None:
        """Refuse a snapshot without the fields that :meth:`weights` needs, positions aside.

        Raises:
            BadInput: naming what is missing and the option that fixes it.
        """
        if snapshot.header.number(self.species) == 0:
            raise BadInput(
                f"{snapshot.paths[0]}: has no {self.species}; give a snapshot that has some"
            )
        for field in ("positions", "masses"):
            if not snapshot.has(self.species, field):
                raise BadInput(
                    f"{snapshot.paths[0]}: has no {field} of {self.species}; give a snapshot that "
                    "has them"
                )
        # A missing unit of mass is found here rather than in the first chunk.
        read_field(snapshot, self.species, "masses", 0, 1)

    @property
    def particle_bytes(self) -> int:
        """Memory that a particle takes besides its position, mass and smoothing length."""
        return 0

    def weights(self, snapshot: Snapshot, read: Read) -> Float[np.ndarray, " n"]:
        """The mass that each particle contributes to the map [1e10 Msun/h].

        Args:
            snapshot: that has the particles.
            read: reads their fields.
        """
        return read("masses")

    def in_units(
        self, masses: Float[np.ndarray, "x y z"], total: float, mesh: Mesh, header: SnapshotHeader
    ) -> Float[np.ndarray, "x y z"]:
        """The map from the mass in each cell.

        Args:
            masses: this rank's slab [1e10 Msun/h].
            total: of all cells of the mesh [1e10 Msun/h], above zero.
            mesh: of the map.
            header: of the snapshot.
        """
        return masses

    def share_of_cell(self, factor: int) -> float:
        """Value in a cell that is ``factor`` times smaller along each axis, over that of the cell.

        A mass is shared by all cells in it; densities are the same in both.
        """
        return 1 / factor**3

    def attributes(self, snapshot: Snapshot) -> dict:
        """How the weights were made, by name, for the header of the map."""
        return {}


@dataclasses.dataclass(frozen=True)
class Overdensity(Target):
    """The density of a species over its mean, 1 + delta."""

    units: str = "1 + delta"

    def in_units(self, masses, total, mesh, header):
        """The mass in each cell over the mean of all cells."""
        return masses * (mesh.size / total)

    def share_of_cell(self, factor):
        """1: a density."""
        return 1.0


@dataclasses.dataclass(frozen=True)
class StarsInCells(Target):
    """The mass of stars in each cell, without the wind particles of codes that keep them there."""

    species: str = "stars"
    description: str = "mass of stars, winds left out"

    def weights(self, snapshot, read):
        """The mass of each star, zero for wind particles [1e10 Msun/h]."""
        masses = super().weights(snapshot, read)
        if snapshot.header.has_winds:
            return np.where(read("formation_time") > 0, masses, 0.0)
        return masses


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Which map is made of a snapshot.

    Attributes:
        quantity: the name that the map has in its file.
        target: how the map of that quantity is made.
        deposit: how particles are spread over the nodes, a key of :data:`DEPOSITS`.
    """

    quantity: str
    target: Target
    deposit: str = "cic"

    def check_snapshot(self, snapshot: Snapshot) -> None:
        """Refuse a snapshot that lacks something, before anything large is read.

        Raises:
            BadInput: naming what is missing and the option that fixes it.
        """
        self.target.check_snapshot(snapshot)
        species = self.target.species
        if self.deposit == "sph" and not snapshot.has(species, "smoothing_length"):
            raise BadInput(
                f"{snapshot.paths[0]}: has no smoothing lengths of {species}, which --deposit sph "
                "needs; use --deposit cic"
            )

    def header(self, snapshot: Snapshot, shape: tuple[int, int, int]) -> MapHeader:
        """The header of the map, which states how it was made.

        Args:
            snapshot: that the map is made of.
            shape: nodes of the map.
        """
        header = snapshot.header
        made = {
            "format": header.format,
            "particles": header.number(self.target.species),
            "deposit": DEPOSITS[self.deposit],
            "solar_mass_g": None if header.mass_unit is None else header.mass_unit / 1e10,
            "megaparsec_cm": header.megaparsec,
        }
        return MapHeader(
            quantity=self.quantity,
            units=self.target.units,
            description=self.target.description,
            box_size=header.box_size,
            mesh=shape,
            redshift=header.redshift,
            cosmology=header.cosmology,
            attributes=made | self.target.attributes(snapshot),
        )
