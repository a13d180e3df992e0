# SPDX-License-Identifier: GPL-3.0-or-later
"""MPI ranks: this process among them, sums over all of them, and how they agree on errors.

When a rank fails, all stop. An error that the ranks share is raised on every one of them, so that
each ends by itself: an error of rank 0 by :func:`on_root`, of any rank by :func:`agree`, a request
to stop by :func:`stop_if_requested`. Any other error of one rank would leave the others waiting in
their next collective: :func:`jerald_tools.cli.rank_failure.end` prints its line and stops them all.
"""

import dataclasses
import functools
import importlib.util
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

import jax
import numpy as np
from jaxtyping import Array, Num, Shaped

from jerald_tools.errors import BadInput, RunFailed, RunStopped
from jerald_tools.process import launched_size, request_stop, stop_requested

PIECE_BYTES = 256 * 2**20
"""Most bytes that rank 0 receives at once, to write them."""

Value = TypeVar("Value")


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


def mpi():
    """The module :mod:`jerald_tools.mesh.mpi`, for a process among several."""
    from jerald_tools.mesh import mpi

    return mpi


def python_communicator():
    """The communicator for Python objects and particles, after all that talks inside jit.

    A program of this rank that has failed must be noticed here: the others wait for it there, and
    would never come to a collective of Python.
    """
    jax.effects_barrier()
    return mpi().python_communicator()


def sum_over_ranks(ranks: Ranks, values: Num[Array, "..."]) -> Num[Array, "..."]:
    """Sum of all ranks' arrays of one shape, on every rank (inside jit too).

    The adjoint is the identity: the cotangent of the (replicated) sum is that of each rank's own
    term. Its counterpart is :func:`spread`.
    """
    if ranks.size == 1:
        return values
    return _sum(values)


@jax.custom_vjp
def _sum(values: Array) -> Array:
    return mpi().sum_arrays(values)


_sum.defvjp(lambda values: (_sum(values), None), lambda _, cotangent: (cotangent,))


def spread(ranks: Ranks, values: Value) -> Value:
    """Mark replicated values, a pytree, as used by every rank on its own part of the mesh.

    The forward pass is the identity; the adjoint sums the ranks' cotangents. Wrapping the
    parameters of a loss in it once gives every rank the whole gradient.
    """
    if ranks.size == 1:
        return values
    return jax.tree.map(_spread, values)


@jax.custom_vjp
def _spread(values):
    return values


_spread.defvjp(lambda values: (values, None), lambda _, cotangent: (_sum(cotangent),))


def gather(ranks: Ranks, value: Value) -> list[Value]:
    """Every rank's Python object, in order of rank, on every rank (outside jit)."""
    return [value] if ranks.size == 1 else python_communicator().allgather(value)


def on_root(ranks: Ranks, function: Callable[..., Value], *arguments, **options) -> Value:
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


def agree(ranks: Ranks, function: Callable[[], Value]) -> Value:
    """Run a rank's own part of some work, such as reading its rows of a file (outside jit).

    Raises:
        BadInput: on every rank, the first that any rank raised.
    """
    result = failure = None
    try:
        result = function()
    except BadInput as error:
        failure = error
    for each in gather(ranks, failure):
        if each is not None:
            raise each
    return cast(Value, result)


def stop_if_requested(ranks: Ranks) -> None:
    """End the run here if any rank was asked to stop (outside jit).

    Raises:
        RunStopped: on every rank.
    """
    line = next(filter(None, gather(ranks, stop_requested())), None)
    if line is not None:
        request_stop(line)
        raise RunStopped(line)


def pieces_on_root(
    ranks: Ranks, rows: Shaped[Array | np.ndarray, "n ..."], piece_bytes: int = PIECE_BYTES
) -> Iterator[tuple[int, Shaped[np.ndarray, "piece ..."]]]:
    """Bring all ranks' rows to rank 0, in order of rank, in pieces of bounded size, for writing.

    Every rank must run the generator to its end. Rank 0 holds one piece at a time.

    Args:
        ranks: the processes that share the rows.
        rows: those of this rank, of which there may be none.
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
