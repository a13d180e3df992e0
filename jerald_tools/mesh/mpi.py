# SPDX-License-Identifier: GPL-3.0-or-later
"""All that is asked of MPI itself; only a process among several imports it.

Three communicators, clones of the world, keep apart the messages of Python objects and particles,
of arrays inside jit, and of the native library.
"""

import functools

import mpi4jax
import numpy as np
from jaxtyping import Array, Num
from mpi4py import MPI
from mpi4py.util.dtlib import from_numpy_dtype

from jerald_tools.mesh import ordering

ordered_call = ordering.ordered_call
"""Calls of the native library inside jit, in the one order of all that talk to other ranks."""


@functools.cache
def python_communicator() -> MPI.Intracomm:
    """The communicator for Python objects and the exchange of particles, outside jit."""
    return MPI.COMM_WORLD.Clone()


@functools.cache
def _array_communicator() -> MPI.Intracomm:
    return MPI.COMM_WORLD.Clone()


def sum_arrays(values: Num[Array, "..."]) -> Num[Array, "..."]:
    """Sum of all ranks' arrays of one shape, on every rank, inside jit."""
    return mpi4jax.allreduce(values, op=MPI.SUM, comm=_array_communicator())


def row_type(values: np.ndarray) -> MPI.Datatype:
    """One row of an array (n, ...) as one element of a message; to be freed.

    It keeps counts below 2^31 for any number of particles that a rank holds.
    """
    row = from_numpy_dtype(values.dtype).Create_contiguous(
        int(np.prod(values.shape[1:], dtype=np.int64))
    )
    return row.Commit()


def library_version() -> str:
    """The MPI library that mpi4py was built with."""
    return MPI.Get_library_version()


def native_communicator() -> int:
    """The handle of a new communicator for the native library, which keeps it: never freed."""
    handle = MPI._handleof(MPI.COMM_WORLD.Clone())
    return handle - (1 << 64) if handle >= 1 << 63 else handle
