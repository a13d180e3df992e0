# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles in SWIFT's snapshot format, and the conversion between its units and those in memory.

In memory: comoving Mpc/h and peculiar km/s. In the file, as SWIFT has it: comoving Mpc without h,
peculiar km/s (a dx/dt, no power of a), masses in 1e10 Msun; one file, in order of ParticleIDs.

yt 4 multiplies the velocities of any cosmological SWIFT snapshot by a; it reads them right with
``yt.load(path, units_override={"velocity_unit": (1.0, "km/s")})``.
"""

import dataclasses
import math
import os
from collections.abc import Iterable, Iterator
from typing import ClassVar

import h5py
import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.io import hdf5
from jerald_tools.io.header import check_header, read_header, write_attributes, write_header
from jerald_tools.io.record import Record
from jerald_tools.io.swift_attributes import exponents_of_units, swift_groups

CRITICAL_DENSITY = 27.7536627
"""3 H^2 / (8 pi G) at z = 0 for h = 1 [1e10 Msun / Mpc^3]."""

_FIELDS = ("box_size", "lattice", "redshift")
_PIECE_ROWS = 2**20


@dataclasses.dataclass(frozen=True)
class ParticlesHeader:
    """What the particles are of.

    Attributes:
        box_size: (3) [Mpc/h].
        lattice: (3) particles along each axis of the lattice that they started from. Particle
            (i, j, k) has the ID 1 + (i Ny + j) Nz + k and the row ID - 1.
        redshift: of the positions and velocities.
        cosmology: of the simulation.
        attributes: step scheme, digest of the initial conditions, anything else by name.
    """

    box_size: tuple[float, float, float]
    lattice: tuple[int, int, int]
    redshift: float
    cosmology: Cosmology
    attributes: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        check_header(self, lengths=("box_size",), counts=("lattice",))

    @property
    def number(self) -> int:
        """How many particles there are."""
        return math.prod(self.lattice)

    @property
    def seed(self) -> int | None:
        """The seed of the white noise that the particles started from, if they are of a seed."""
        return self.attributes.get("initial_conditions", {}).get("seed")

    @property
    def seed_order(self) -> str:
        """Whose seed it is, after " of ", unless it is N-GenIC's."""
        order = self.attributes.get("initial_conditions", {}).get("seed_order")
        return f" of {order}" if order else ""

    @property
    def is_pair(self) -> bool:
        """Whether the white noise has its phases inverted, so that it is one with another box's."""
        return bool(self.attributes.get("initial_conditions", {}).get("paired", False))

    @property
    def particle_mass(self) -> float:
        """Mass of one particle [1e10 Msun, without h]: all matter, shared equally."""
        cosmology = self.cosmology
        volume = math.prod(self.box_size) / cosmology.h**3
        density = CRITICAL_DENSITY * cosmology.h**2 * cosmology.omega_m
        return density * volume / self.number


def write_particles(
    path: str | os.PathLike,
    particles_header: ParticlesHeader,
    positions: Iterable[tuple[int, np.ndarray]],
    velocities: Iterable[tuple[int, np.ndarray]],
    record: Record,
    force: bool = False,
) -> None:
    """Write particles, all positions first, then all velocities.

    Args:
        path: the file's name; it appears when the file is whole.
        particles_header: what the particles are of.
        positions: ``(start, rows)`` with rows (n, 3) [Mpc/h] in order of IDs; wrapped into the box
            and written in double precision.
        velocities: the same of peculiar velocities [km/s], written in their own precision.
        record: how they were made.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the target cannot be written.
        RunFailed: if a value is not finite.
    """
    number = particles_header.number
    with hdf5.create(path, ParticlesFile.file_type, record, force) as file:
        write_header(file.create_group("jerald"), particles_header, _FIELDS)
        write_attributes(file, swift_groups(particles_header, record.version))
        group = file.create_group("PartType1")
        _write(
            group,
            "Coordinates",
            hdf5.DatasetHeader((number, 3), "Mpc, without h", True, "comoving positions"),
            exponents_of_units(length=1, scale_factor=1),
            ((start, _to_swift(rows, particles_header)) for start, rows in positions),
        )
        _write(
            group,
            "Velocities",
            hdf5.DatasetHeader(
                (number, 3),
                units="km/s",
                comoving=False,
                description="peculiar velocities, a dx/dt of the comoving position x",
            ),
            exponents_of_units(length=1, time=-1),
            velocities,
        )
        _write(
            group,
            "Masses",
            hdf5.DatasetHeader(
                (number,),
                units="1e10 Msun, without h",
                comoving=True,
                description="masses of the particles",
                compress=True,
            ),
            exponents_of_units(mass=1),
            _constant(number, np.float32(particles_header.particle_mass)),
        )
        _write(
            group,
            "ParticleIDs",
            hdf5.DatasetHeader(
                (number,),
                units="1",
                comoving=True,
                description="1 + (i Ny + j) Nz + k of the particle's lattice point (i, j, k)",
                compress=True,
            ),
            exponents_of_units(),
            _identities(number),
        )


class ParticlesFile(hdf5.Reader):
    """What :func:`write_particles` wrote, open: ``header``, and rows of the particles.

    Rows are read by :meth:`positions`, :meth:`velocities`, :meth:`identities`, or all by
    :meth:`read`.
    """

    file_type: ClassVar[str] = "particles"
    header: ParticlesHeader

    def _read_header(self) -> None:
        self.header = ParticlesHeader(**read_header(self.group("jerald"), _FIELDS))
        shape = (self.header.number, 3)
        for name in ("Coordinates", "Velocities"):
            found = self.dataset(f"PartType1/{name}").shape
            if found != shape:
                raise BadInput(
                    f"{self.path}: {name} {found}, but {shape} by its lattice; make it again"
                )

    def positions(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Positions of rows ``start`` to ``stop``, (n, 3) float64 [Mpc/h], in [0, L].

        Raises:
            BadInput: if the data are damaged, NaN or infinite.
        """
        return self.rows("PartType1/Coordinates", start, stop) * self.header.cosmology.h

    def velocities(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Peculiar velocities of rows ``start`` to ``stop``, (n, 3) as stored [km/s].

        Raises:
            BadInput: if the data are damaged, NaN or infinite.
        """
        return self.rows("PartType1/Velocities", start, stop)

    def identities(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """ParticleIDs of rows ``start`` to ``stop``, (n) int64.

        Raises:
            BadInput: if the data are damaged.
        """
        return self.rows("PartType1/ParticleIDs", start, stop)

    def read(
        self, start: int = 0, stop: int | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """``(identities, positions, velocities)`` of rows ``start`` to ``stop``."""
        rows = (start, stop)
        return self.identities(*rows), self.positions(*rows), self.velocities(*rows)


def _to_swift(rows: np.ndarray, header: ParticlesHeader) -> np.ndarray:
    """Positions in Mpc without h, in [0, box). Double precision keeps every bit of single."""
    h = header.cosmology.h
    box = np.array(header.box_size) / h
    wrapped = np.asarray(rows, np.float64) / h
    wrapped -= box * np.floor(wrapped / box)
    return np.where(wrapped >= box, 0.0, wrapped)


def _write(
    group: h5py.Group,
    name: str,
    header: hdf5.DatasetHeader,
    exponents: dict[str, list],
    pieces: Iterable[tuple[int, np.ndarray]],
) -> None:
    """Write a dataset with the attributes by which SWIFT's readers know its units."""
    dataset = hdf5.write_dataset(group, name, header, pieces)
    write_attributes(dataset, {**exponents, "Description": header.description})


def _constant(number: int, value: np.float32) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, number, _PIECE_ROWS):
        yield start, np.full(min(_PIECE_ROWS, number - start), value)


def _identities(number: int) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, number, _PIECE_ROWS):
        yield start, np.arange(start + 1, min(start + _PIECE_ROWS, number) + 1, dtype=np.int64)
