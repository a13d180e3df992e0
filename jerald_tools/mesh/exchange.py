# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of arrays sent from rank to rank, each to a destination of its own (outside jit)."""

import numpy as np

from jerald_tools.errors import SELF_CHECK, RunFailed
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import Ranks, python_communicator


def redistribute(
    ranks: Ranks, rows: dict[str, np.ndarray], destinations: np.ndarray
) -> dict[str, np.ndarray]:
    """Send every row to its rank.

    Args:
        ranks: the processes.
        rows: arrays by name, (n, ...), the same names and row shapes on every rank.
        destinations: (n,) rank that each row goes to.

    Returns:
        The rows that came to this rank, in order of the rank they came from, and of their order
        there.

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


def _exchange(communicator, values, outgoing, incoming):
    from mpi4py.util.dtlib import from_numpy_dtype

    # A row as one MPI element keeps the counts below 2^31 for any number of particles a rank holds.
    row_type = from_numpy_dtype(values.dtype).Create_contiguous(
        int(np.prod(values.shape[1:], dtype=np.int64))
    )
    row_type.Commit()
    received = np.empty((int(incoming.sum()), *values.shape[1:]), values.dtype)
    communicator.Alltoallv([values, outgoing, row_type], [received, incoming, row_type])
    row_type.Free()
    return received


def _check_totals(communicator, sent, received) -> None:
    """Hold what all ranks have received together against what they sent."""
    ours = np.array([_totals(sent), _totals(received)])
    totals = np.empty_like(ours)
    communicator.Allreduce(ours, totals)
    names = ["number of rows", *(f"sum of {name}" for name in _integers(sent))]
    for name, before, after in zip(names, *totals, strict=True):
        if before != after:
            raise RunFailed(
                f"{SELF_CHECK} of an exchange between ranks: the {name} was {before} before it, "
                f"and is {after}"
            )


def _totals(rows) -> list[int]:
    """How many rows there are, and the sum of each array of integers, modulo 2^64."""
    number = len(next(iter(rows.values())))
    return [number, *(np.sum(rows[name], dtype=np.int64) for name in _integers(rows))]


def _integers(rows) -> list[str]:
    return [name for name, values in rows.items() if values.dtype.kind == "i"]


def home_ranks(mesh: Mesh, positions: np.ndarray) -> np.ndarray:
    """The rank whose slab each particle is in, (n,), from positions (n, 3) [Mpc/h], anywhere."""
    with np.errstate(invalid="ignore"):  # not-a-number goes anywhere, to be found in the density
        plane = np.floor(positions[:, 0] / mesh.cell_size[0]).astype(np.int64) % mesh.shape[0]
    starts = [start for start, _ in mesh.x_slices]
    # Ranks with an empty slab share their start with none that owns a plane below it.
    return np.searchsorted(starts, plane, side="right") - 1


def ids_to_ranks(ranks: Ranks, ids: np.ndarray, number: int) -> np.ndarray:
    """The rank that holds each particle when all lie in order of ID, in equal shares.

    Args:
        ranks: the processes.
        ids: (n,) ParticleIDs, from 1.
        number: particles on all ranks together.
    """
    ends = [number * (rank + 1) // ranks.size for rank in range(ranks.size)]
    return np.searchsorted(ends, ids - 1, side="right")


def cell_order(mesh: Mesh, positions: np.ndarray) -> np.ndarray:
    """The order (n,) that sorts particles (n, 3) [Mpc/h] by the cell that they are in."""
    cells = np.floor(positions / np.asarray(mesh.cell_size)).astype(np.int64)
    x, y, z = (cells % np.asarray(mesh.shape)).T
    return np.argsort((x * mesh.shape[1] + y) * mesh.shape[2] + z, kind="stable")
