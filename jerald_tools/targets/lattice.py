# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles of a snapshot by the lattice points that they started from.

Initial conditions give displacements, for ``recover-ics``; a snapshot whose IDs number the lattice
gives particles in this project's order, for ``to-swift``.
"""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from jerald_tools.errors import BadInput
from jerald_tools.io.particles import ParticlesHeader
from jerald_tools.mesh.exchange import ids_to_ranks, redistribute
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, agree, gather
from jerald_tools.snapshots.snapshot import Snapshot, read_field

# How far unperturbed positions may be from a lattice, in spacings.
REGULAR = 0.02

# Rms displacement from the points that IDs number, in sides of the box, below which they do number
# them: particles that lie anywhere have 0.29.
FARTHEST = 0.2

# The species that initial conditions have.
SPECIES = ("gas", "dark-matter")


@dataclasses.dataclass(frozen=True)
class LatticeDisplacements:
    """One species of particles, each at its lattice point.

    Attributes:
        mass: of all of them [1e10 Msun/h]; 1 where there is no other species.
        offset: where lattice point (0, 0, 0) lies [Mpc/h].
        displacements: from the lattice points of this rank's slab [Mpc/h].
    """

    mass: float
    offset: Float[np.ndarray, "3"]
    displacements: Float[np.ndarray, "x y z 3"]


def lattice_mesh(snapshot: Snapshot) -> Mesh:
    """The mesh whose nodes are as many as the lattice points of each species.

    Raises:
        BadInput: if the species' numbers differ or are no cubes, or the box is no cube.
    """
    header, path = snapshot.header, snapshot.paths[0]
    numbers = {species: header.number(species) for species in SPECIES}
    present = {number for number in numbers.values() if number}
    side = round(max(numbers.values()) ** (1 / 3))
    if present != {side**3} or len(set(header.box_size)) > 1:
        box = " x ".join(f"{length:g}" for length in header.box_size)
        raise BadInput(
            f"{path}: {numbers['dark-matter']} particles of dark matter and {numbers['gas']} of "
            f"gas in a box of {box} Mpc/h; give initial conditions on cubic lattices"
        )
    return make_mesh(side, header.box_size, "double")


def lattice_displacements(mesh: Mesh, snapshot: Snapshot, species: str) -> LatticeDisplacements:
    """Read a species and bring every particle to the rank that has its lattice point.

    A particle belongs to the lattice point nearest to its unperturbed position, where the file has
    that; else to the one that its ID numbers, however far it has moved; where the IDs number no
    lattice, to the one nearest to its position, the lattice then being the one that lies best. Each
    lattice point must have one particle.

    Args:
        mesh: from :func:`lattice_mesh`.
        snapshot: initial conditions.
        species: of :data:`SPECIES`.

    Raises:
        BadInput: on every rank, if the particles are not one for each lattice point.
    """
    ranks, path = mesh.ranks, snapshot.paths[0]
    has_start = snapshot.has(species, "initial_positions")
    # One species alone needs no weight beside others.
    is_alone = sum(snapshot.header.number(each) > 0 for each in SPECIES) == 1
    fields = ("positions", *(() if is_alone else ("masses",)))
    fields += ("initial_positions",) if has_start else ()
    fields += ("ids",) if not has_start and snapshot.has(species, "ids") else ()
    found = _read_share(ranks, snapshot, species, fields)
    mass = 1.0 if is_alone else sum(gather(ranks, float(found["masses"].sum())))
    numbered = numbered_points(mesh, found["ids"], found["positions"]) if "ids" in found else None
    for points in (numbered, None):
        if points is None:
            near = found["initial_positions" if has_start else "positions"]
            points, offset = nearest_points(mesh, near)
            if has_start:
                _require_lattice(mesh, near - offset, points, f"{path}: the {species}")
        else:
            offset = np.zeros(3)
        offset, displacements = _displacements(
            mesh, found["positions"], points, offset, keep_offset=has_start
        )
        arranged = _arranged(mesh, points % mesh.shape[0], displacements)
        if arranged is not None:
            return LatticeDisplacements(mass, offset, arranged)
    raise BadInput(
        f"{path}: some lattice points have no {species} next to them, or two, and IDs number no "
        "lattice: give an earlier snapshot, or one with unperturbed positions"
    )


def numbered_points(
    mesh: Mesh, ids: Int[np.ndarray, " n"], positions: Float[np.ndarray, "n 3"]
) -> Int[np.ndarray, "n 3"] | None:
    """The lattice points that IDs number as (i N + j) N + k or (k N + j) N + i.

    Every rank must call it. IDs may begin anywhere and be some constant step apart: gas before or
    behind dark matter, or taking turns with it.

    Args:
        mesh: whose nodes are the lattice points.
        ids: of this rank's particles.
        positions: of the same [Mpc/h].

    Returns:
        Integers in [0, N); None, on every rank, where particles do not lie around such points.
    """
    ranks, side = mesh.ranks, mesh.shape[0]
    ids = ids.astype(np.int64)
    lowest = min(gather(ranks, int(ids.min(initial=2**62))))
    highest = max(gather(ranks, int(ids.max(initial=-(2**62)))))
    step, rest = divmod(highest - lowest, mesh.size - 1)
    number, between = np.divmod(ids - lowest, max(1, step))
    if rest or step < 1 or sum(gather(ranks, int(np.count_nonzero(between)))):
        return None
    slow, fast = np.divmod(number, side)
    row_major = np.stack([slow // side, slow % side, fast], axis=1)
    for points in (row_major, row_major[:, ::-1]):
        _, displacements = _displacements(mesh, positions, points, np.zeros(3), keep_offset=False)
        squares = np.sum(gather(ranks, (displacements**2).sum(axis=0)), axis=0) / mesh.size
        if np.all(np.sqrt(squares) < FARTHEST * np.array(mesh.box_size)):
            return points
    return None


def nearest_points(
    mesh: Mesh, near: Float[np.ndarray, "n 3"]
) -> tuple[Int[np.ndarray, "n 3"], Float[np.ndarray, "3"]]:
    """The lattice points next to positions, and where the lattice that lies best begins [Mpc/h].

    Args:
        mesh: whose nodes are the lattice points.
        near: positions of this rank's particles [Mpc/h].
    """
    spacing = np.array(mesh.cell_size)
    offset = spacing * _common_phase(mesh.ranks, near / spacing)
    return np.rint((near - offset) / spacing).astype(np.int64), offset


def _require_lattice(
    mesh: Mesh, starts: Float[np.ndarray, "n 3"], points: np.ndarray, who: str
) -> None:
    """Refuse unperturbed positions that lie on no lattice."""
    spacing = np.array(mesh.cell_size)
    off_lattice = np.abs(starts - points * spacing).max(initial=0) / spacing[0]
    if max(gather(mesh.ranks, float(off_lattice))) > REGULAR:
        raise BadInput(f"{who} did not start from a lattice; give another file")


def _displacements(
    mesh: Mesh, positions: np.ndarray, points: np.ndarray, offset: np.ndarray, keep_offset: bool
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "n 3"]]:
    """Where the lattice begins, and displacements from its points, within half a box [Mpc/h]."""
    spacing, box = np.array(mesh.cell_size), np.array(mesh.box_size)
    moved = positions - points * spacing
    if not keep_offset and not offset.any():
        # By the mean on the circle of the whole box, which holds any displacement.
        offset = box * _common_phase(mesh.ranks, moved / box)
    displacements = moved - offset
    displacements -= box * np.rint(displacements / box)
    if not keep_offset:
        # A periodic displacement has a mean of zero over all particles: the mean found is the error
        # of the offset, whose estimate on the circle is biased where displacements are skew.
        error = np.sum(gather(mesh.ranks, displacements.sum(axis=0)), axis=0) / mesh.size
        offset, displacements = offset + error, displacements - error
    return offset, displacements


def _read_share(
    ranks: Ranks, snapshot: Snapshot, species: str, fields: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Fields of this rank's share of a species; every rank must call it."""
    number = snapshot.header.number(species)
    share = [number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1)]
    return agree(
        ranks,
        lambda: {field: read_field(snapshot, species, field, *share) for field in fields},
    )


def _common_phase(ranks: Ranks, scaled: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "3"]:
    """The mean of positions in spacings, modulo one, on the circle: in [-1/2, 1/2]."""
    waves = np.exp(2j * np.pi * scaled).sum(axis=0)
    return np.angle(np.sum(gather(ranks, waves), axis=0)) / (2 * np.pi)


def _arranged(
    mesh: Mesh, points: np.ndarray, displacements: np.ndarray
) -> Float[np.ndarray, "x y z 3"] | None:
    """Displacements by lattice point, each on the rank that has it.

    None, on every rank, unless each lattice point has one.
    """
    starts = [start for start, _ in mesh.x_slices]
    destinations = np.searchsorted(starts, points[:, 0], side="right") - 1
    rows = {"points": points, "displacements": displacements}
    rows = redistribute(mesh.ranks, rows, destinations)
    x, y, z = rows["points"].T
    number = ((x - mesh.x_start) * mesh.shape[1] + y) * mesh.shape[2] + z
    times = np.bincount(number, minlength=int(np.prod(mesh.local_shape)))
    if not all(gather(mesh.ranks, bool(np.all(times == 1)))):
        return None
    arranged = np.empty((len(number), 3))
    arranged[number] = rows["displacements"]
    return arranged.reshape(*mesh.local_shape, 3)


def lattice_particles(
    ranks: Ranks, snapshot: Snapshot
) -> tuple[ParticlesHeader, dict[str, np.ndarray]]:
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
    rows = _read_share(ranks, snapshot, "dark-matter", ("ids", "positions", "velocities"))
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
    read = ParticlesHeader(
        header.box_size, (side,) * 3, header.redshift, header.cosmology, {"format": header.format}
    )
    return read, rows
