# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of arrays sent from rank to rank, each to a destination of its own (outside jit)."""

import numpy as np
from jaxtyping import Float, Int

from jerald_tools.errors import SELF_CHECK, RunFailed
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import Ranks, gather, mpi, python_communicator

ROOM = 1.25
"""Over an equal share of particles, before all ranks' arrays grow: room to gather on a rank.

Every new length costs a compilation of all that works on particles.
"""

Rows = dict[str, np.ndarray]
"""Arrays (n, ...) by name, of one length; names and shapes of a row are those of every rank."""


def redistribute(ranks: Ranks, rows: Rows, destinations: Int[np.ndarray, " n"]) -> Rows:
    """Send every row to the rank that is its destination.

    Returns:
        The rows that came to this rank, in the order of the ranks they came from, and of each
        sender's rows.

    Raises:
        RunFailed: on every rank, if rows were lost on the way, or integers in them changed.
    """
    if ranks.size == 1:
        return rows
    communicator = python_communicator()
    order = np.argsort(destinations, kind="stable")
    outgoing = np.bincount(destinations, minlength=ranks.size)
    incoming = np.empty_like(outgoing)
    communicator.Alltoall(outgoing, incoming)
    received = {
        name: _exchange(communicator, np.ascontiguousarray(values[order]), outgoing, incoming)
        for name, values in rows.items()
    }
    _check_totals(communicator, rows, received)
    return received


def send_home(mesh: Mesh, rows: Rows) -> Rows:
    """Send particles, with their ``positions`` (n, 3) [Mpc/h], to the ranks of their slabs.

    Raises:
        RunFailed: as :func:`redistribute`.
    """
    return redistribute(mesh.ranks, rows, home_ranks(mesh, rows["positions"]))


def home_ranks(mesh: Mesh, positions: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, " n"]:
    """The rank whose slab each particle is in; positions [Mpc/h] may lie anywhere."""
    with np.errstate(invalid="ignore"):  # not-a-number goes anywhere, to be found in the density
        plane = np.floor(positions[:, 0] / mesh.cell_size[0]).astype(np.int64) % mesh.shape[0]
    starts = [start for start, _ in mesh.x_slices]
    # An empty slab starts one past the last plane, where no particle is.
    return np.searchsorted(starts, plane, side="right") - 1


def ids_to_ranks(ranks: Ranks, ids: Int[np.ndarray, " n"], number: int) -> Int[np.ndarray, " n"]:
    """The rank that holds each particle when all lie in order of ID, in equal shares.

    Args:
        ranks: the processes that share the particles.
        ids: ParticleIDs, from 1.
        number: particles on all ranks together.
    """
    ends = [number * (rank + 1) // ranks.size for rank in range(ranks.size)]
    return np.searchsorted(ends, ids - 1, side="right")


def cell_order(mesh: Mesh, positions: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, " n"]:
    """The order that sorts particles at positions [Mpc/h] by the cell that they are in."""
    cells = np.floor(positions / np.asarray(mesh.cell_size)).astype(np.int64)
    x, y, z = (cells % np.asarray(mesh.shape)).T
    return np.argsort((x * mesh.shape[1] + y) * mesh.shape[2] + z, kind="stable")


def common_length(ranks: Ranks, number: int, length: int) -> int:
    """One length for all ranks' arrays of particles, which grows when it must.

    Args:
        ranks: the processes that share the particles.
        number: particles that this rank now holds.
        length: of this rank's arrays before.
    """
    numbers, lengths = gather(ranks, number), gather(ranks, length)
    common = max(int(ROOM * sum(numbers) / ranks.size), *lengths)
    return common if common >= max(numbers) else int(ROOM * max(numbers))


def _exchange(communicator, values, outgoing, incoming):
    row = mpi().row_type(values)
    received = np.empty((int(incoming.sum()), *values.shape[1:]), values.dtype)
    communicator.Alltoallv([values, outgoing, row], [received, incoming, row])
    row.Free()
    return received


def _check_totals(communicator, sent: Rows, received: Rows) -> None:
    """Compare what all ranks have received together with what they sent."""
    own = np.array([_totals(sent), _totals(received)])
    totals = np.empty_like(own)
    communicator.Allreduce(own, totals)
    names = ["number of rows", *(f"sum of {name}" for name in _integers(sent))]
    for name, before, after in zip(names, *totals, strict=True):
        if before != after:
            raise RunFailed(
                f"{SELF_CHECK} of an exchange between ranks: the {name} was {before} before it, "
                f"and is {after}"
            )


def _totals(rows: Rows) -> list[int]:
    """How many rows there are, and the sum of each array of integers, modulo 2^64."""
    number = len(next(iter(rows.values())))
    return [number, *(int(np.sum(rows[name], dtype=np.int64)) for name in _integers(rows))]


def _integers(rows: Rows) -> list[str]:
    return [name for name, values in rows.items() if values.dtype.kind == "i"]
