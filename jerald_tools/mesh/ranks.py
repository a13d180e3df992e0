# SPDX-License-Identifier: GPL-3.0-or-later
"""MPI ranks: who we are, sums over all, and agreement on errors."""

import dataclasses
import functools
import importlib.util
from collections.abc import Iterator

import jax
import numpy as np

from jerald_tools.errors import BadInput, RunFailed, RunStopped
from jerald_tools.process import launched_size, request_stop, stop_requested


@dataclasses.dataclass(frozen=True)
class Ranks:
    """This process among all that share the work.

    Attributes:
        rank: the number of this process, from 0.
        size: how many processes there are; 1 means that MPI is not in use.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_root(self) -> bool:
        """Whether this is rank 0, the one that reads, writes and speaks."""
        return self.rank == 0


ONE_PROCESS = Ranks()


@functools.cache
def world() -> Ranks:
    """All processes that the launcher started; a single process needs no MPI installed.

    Raises:
        BadInput: if a launcher started several processes and the extra ``[mpi]`` is missing.
    """
    launched = launched_size()
    if launched == 1:
        return ONE_PROCESS
    for package in ("mpi4py", "mpi4jax"):
        if importlib.util.find_spec(package) is None:
            raise BadInput(
                f"{launched} ranks were launched but {package} is not installed: "
                "install the extra, pip install 'jerald-tools[mpi]', or run one process"
            )
    communicator = python_communicator()
    return Ranks(communicator.rank, communicator.size)


def python_communicator():
    """The communicator for Python objects and particle exchange, ours alone.

    Programs of this rank that talk to others are waited for first: one that has failed must be
    noticed here, since the others wait for it there and would never come to a collective of Python.
    """
    jax.effects_barrier()
    return _python_communicator()


@functools.cache
def _python_communicator():
    from mpi4py import MPI

    return MPI.COMM_WORLD.Clone()


@functools.cache
def _array_communicator():
    """The communicator for collectives on arrays inside jit, apart from all others."""
    from mpi4py import MPI

    return MPI.COMM_WORLD.Clone()


def sum_over_ranks(ranks: Ranks, values):
    """Sum an array over all ranks; every rank gets the sum.

    The adjoint is the identity: each rank's cotangent of the (replicated) sum is the cotangent of
    its own term. Its counterpart is :func:`spread`.
    """
    if ranks.size == 1:
        return values
    return _all_sum(values)


@jax.custom_vjp
def _all_sum(values):
    import mpi4jax
    from mpi4py import MPI

    from jerald_tools.mesh import ordering  # noqa: F401  allows the effect under control flow

    return mpi4jax.allreduce(values, op=MPI.SUM, comm=_array_communicator())


_all_sum.defvjp(lambda values: (_all_sum(values), None), lambda _, cotangent: (cotangent,))


def spread(ranks: Ranks, values):
    """Mark replicated values as used by every rank on its own part of the mesh.

    The forward pass is the identity; the adjoint sums the ranks' cotangents. Wrapping the
    parameters of a loss in it once gives every rank the whole gradient.
    """
    if ranks.size == 1:
        return values
    return jax.tree.map(_spread, values)


@jax.custom_vjp
def _spread(values):
    return values


_spread.defvjp(lambda values: (values, None), lambda _, cotangent: (_all_sum(cotangent),))


def on_root(ranks: Ranks, function, *arguments, **options):
    """Run a function on rank 0 and give its result to every rank (outside jit).

    Raises:
        BadInput, RunFailed: on every rank, if the function raised it on rank 0.
    """
    if ranks.size == 1:
        return function(*arguments, **options)
    outcome = None
    if ranks.is_root:
        try:
            outcome = (function(*arguments, **options), None)
        except (BadInput, RunFailed) as error:
            outcome = (None, error)
    result, error = python_communicator().bcast(outcome)
    if error is not None:
        raise error
    return result


def gather(ranks: Ranks, value) -> list:
    """Every rank's Python object, in order of rank, on every rank (outside jit)."""
    return [value] if ranks.size == 1 else python_communicator().allgather(value)


def stop_if_requested(ranks: Ranks) -> None:
    """Let the run end here if any rank was asked to stop (outside jit), and all know of it.

    Raises:
        RunStopped: on every rank.
    """
    line = next(filter(None, gather(ranks, stop_requested())), None)
    if line is not None:
        request_stop(line)
        raise RunStopped(line)


# Arrays that lie in slabs on the ranks, brought to rank 0 piece by piece, for writing.

PIECE_BYTES = 256 * 2**20


def pieces_on_root(
    ranks: Ranks, rows, piece_bytes: int = PIECE_BYTES
) -> Iterator[tuple[int, np.ndarray]]:
    """Bring all ranks' rows to rank 0, in order of rank, in pieces of bounded size.

    Every rank must run the generator to its end. Rank 0 holds one piece at a time.

    Args:
        ranks: the processes.
        rows: this rank's rows, (n, ...); n may be 0.
        piece_bytes: most bytes of a piece; a single row may have more.

    Yields:
        On rank 0, the number of a piece's first row among all ranks' rows, and the piece; nothing
        on the others.
    """
    rows = np.asarray(rows)
    row_bytes = max(1, rows.itemsize * int(np.prod(rows.shape[1:], dtype=np.int64)))
    step = max(1, piece_bytes // row_bytes)
    counts = gather(ranks, len(rows))
    first = 0
    for source, count in enumerate(counts):
        for start in range(0, count, step):
            stop = min(start + step, count)
            if source == ranks.rank and not ranks.is_root:
                python_communicator().Send(np.ascontiguousarray(rows[start:stop]), dest=0)
            elif ranks.is_root and source == 0:
                yield first + start, rows[start:stop]
            elif ranks.is_root:
                piece = np.empty((stop - start, *rows.shape[1:]), rows.dtype)
                python_communicator().Recv(piece, source=source)
                yield first + start, piece
        first += count
