# SPDX-License-Identifier: GPL-3.0-or-later
"""Dark matter of a snapshot that started from a lattice, as particles of ours."""

import dataclasses

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.io.particles import ParticlesHeader
from jerald_tools.mesh.exchange import ids_to_ranks, redistribute
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, agree, gather
from jerald_tools.snapshots.snapshot import Snapshot, read_field

# Displacements of a simulation's initial conditions, arranged on the lattice they started from.

# Where a file has no unperturbed positions, how far from a lattice they may be, in spacings.
REGULAR = 0.02


@dataclasses.dataclass(frozen=True)
class LatticeDisplacements:
    """One species of particles, each at its lattice point.

    Attributes:
        mass: of all of them [1e10 Msun/h].
        offset: (3) where lattice point (0, 0, 0) lies [Mpc/h].
        displacements: (nx_local, ny, nz, 3) from the lattice points [Mpc/h].
    """

    mass: float
    offset: np.ndarray
    displacements: np.ndarray


def lattice_mesh(snapshot: Snapshot) -> Mesh:
    """The mesh whose nodes are as many as the lattice points of each species.

    Raises:
        BadInput: if the species' numbers differ or are no cubes, or the box is no cube.
    """
    header, path = snapshot.header, snapshot.paths[0]
    numbers = {species: header.number(species) for species in ("gas", "dark-matter")}
    present = {species: number for species, number in numbers.items() if number}
    side = round(max(numbers.values()) ** (1 / 3))
    if not present or set(present.values()) != {side**3} or len(set(header.box_size)) > 1:
        box = " x ".join(f"{length:g}" for length in header.box_size)
        raise BadInput(
            f"{path}: {numbers['dark-matter']} particles of dark matter and {numbers['gas']} of "
            f"gas in a box of {box} Mpc/h; give initial conditions on cubic lattices"
        )
    return make_mesh(side, header.box_size, "double")


def lattice_displacements(mesh: Mesh, snapshot: Snapshot, species: str) -> LatticeDisplacements:
    """Read a species and bring every particle to the rank that has its lattice point.

    Lattice points are the file's unperturbed positions; without these, those next to the particles
    of the lattice that lies best: each must be next to one particle alone.

    Args:
        mesh: of :func:`lattice_mesh`.
        snapshot: of initial conditions.
        species: ``"gas"`` or ``"dark-matter"``.

    Raises:
        BadInput: on every rank, if the particles do not stand one by one next to a lattice.
    """
    ranks, path = mesh.ranks, snapshot.paths[0]
    share = [mesh.size * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1)]

    def read():
        names = ["positions", "masses"]
        if snapshot.has(species, "initial_positions"):
            names.append("initial_positions")
        return {name: read_field(snapshot, species, name, *share) for name in names}

    found = agree(ranks, read)
    spacing = np.array(mesh.cell_size)
    near = found.get("initial_positions", found["positions"])
    offset = spacing * _common_phase(ranks, near / spacing)
    points = np.rint((near - offset) / spacing)
    if "initial_positions" in found:
        off_lattice = np.abs(near - offset - points * spacing).max(initial=0) / spacing[0]
        if max(gather(ranks, float(off_lattice))) > REGULAR:
            raise BadInput(f"{path}: the {species} did not start from a lattice; give another file")
    displacements = found["positions"] - offset - points * spacing
    box = np.array(mesh.box_size)
    displacements -= box * np.rint(displacements / box)
    if "initial_positions" not in found:
        # The mean over all particles of a periodic displacement is zero: what is left of it is an
        # error of the offset, which the mean on the circle has where displacements are skew.
        error = sum(gather(ranks, displacements.sum(axis=0))) / mesh.size
        offset, displacements = offset + error, displacements - error
    points = points.astype(np.int64) % mesh.shape[0]
    rows = {"points": points, "displacements": displacements}
    starts = [start for start, _ in mesh.x_slices]
    rows = redistribute(ranks, rows, np.searchsorted(starts, points[:, 0], side="right") - 1)
    x, y, z = rows["points"].T
    number = ((x - mesh.x_start) * mesh.shape[1] + y) * mesh.shape[2] + z
    times = np.bincount(number, minlength=int(np.prod(mesh.local_shape)))
    if not all(gather(ranks, bool(np.all(times == 1)))):
        raise BadInput(
            f"{path}: some lattice points have no {species} next to them, or two: give an earlier "
            "snapshot, or one with unperturbed positions"
        )
    arranged = np.empty((len(number), 3))
    arranged[number] = rows["displacements"]
    mass = sum(gather(ranks, float(found["masses"].sum())))
    return LatticeDisplacements(mass, offset, arranged.reshape(*mesh.local_shape, 3))


def _common_phase(ranks: Ranks, scaled: np.ndarray) -> np.ndarray:
    """The mean of positions in spacings, modulo one, on the circle: (3) in [-1/2, 1/2]."""
    waves = np.exp(2j * np.pi * scaled).sum(axis=0)
    return np.angle(sum(gather(ranks, waves))) / (2 * np.pi)


def lattice_particles(ranks: Ranks, snapshot: Snapshot) -> tuple[ParticlesHeader, dict]:
    """Read the dark matter, in order of the lattice that its IDs number.

    Args:
        ranks: the processes.
        snapshot: its IDs number a cubic lattice as (i N + j) N + k, from 0 or from 1.

    Returns:
        The header of the particles, and this rank's rows by name: ``ids`` (n) from 1,
        ``positions`` (n, 3) [Mpc/h], ``velocities`` (n, 3) peculiar [km/s].

    Raises:
        BadInput: on every rank, if the particles are not a cube of IDs, each once.
    """
    header, path = snapshot.header, snapshot.paths[0]
    number = header.number("dark-matter")
    side = round(number ** (1 / 3))
    if number == 0 or side**3 != number:
        raise BadInput(
            f"{path}: {number} particles of dark matter are no cubic lattice; give a snapshot with "
            "N^3 of them"
        )
    share = [number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1)]
    rows = agree(
        ranks,
        lambda: {
            field: read_field(snapshot, "dark-matter", field, *share)
            for field in ("ids", "positions", "velocities")
        },
    )
    rows["ids"] = rows["ids"].astype(np.int64)
    lowest = min(gather(ranks, int(rows["ids"].min(initial=2**62))))
    highest = max(gather(ranks, int(rows["ids"].max(initial=-1))))
    if lowest not in (0, 1) or highest - lowest != number - 1:
        raise BadInput(
            f"{path}: ParticleIDs from {lowest} to {highest} of {number} particles: give a "
            "snapshot whose IDs number a lattice from 0 or from 1"
        )
    rows["ids"] += 1 - lowest
    rows = redistribute(ranks, rows, ids_to_ranks(ranks, rows["ids"], number))
    order = np.argsort(rows["ids"])
    rows = {name: values[order] for name, values in rows.items()}
    first, last = (number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1))
    if not all(gather(ranks, np.array_equal(rows["ids"], np.arange(first + 1, last + 1)))):
        raise BadInput(f"{path}: a ParticleID is there twice; give a whole snapshot")
    lattice = (side,) * 3
    made = ParticlesHeader(
        header.box_size, lattice, header.redshift, header.cosmology, {"format": header.format}
    )
    return made, rows
