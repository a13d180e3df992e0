# SPDX-License-Identifier: GPL-3.0-or-later
"""How the native library's operations are called from JAX, in one process or over MPI ranks."""

import functools

import jax
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.mesh import _native
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import Ranks, mpi

for _name, _handler in _native.handlers().items():
    jax.ffi.register_ffi_target(f"jerald_{_name}", _handler, platform="cpu")


@functools.cache
def _communicator(ranks: Ranks) -> int:
    """The number by which the library knows these ranks; 0 is a process alone.

    Raises:
        BadInput: the library was built without MPI, or with another MPI than mpi4py.
    """
    if ranks.size == 1:
        return 0
    if not _native.with_mpi:
        raise BadInput(
            f"{ranks.size} ranks need the native library built with MPI, which this one lacks: "
            "install MPI and FFTW for MPI, then install jerald-tools again"
        )
    library, python = _native.mpi_library_version(), mpi().library_version()
    if library.strip("\0 \n") != python.strip("\0 \n"):
        raise BadInput(
            f"the native library was built with {library.split(',')[0]}, mpi4py with "
            f"{python.split(',')[0]}: install one of them again with the other's MPI"
        )
    return _native.register_communicator(mpi().native_communicator())


def call(mesh: Mesh, name: str, results, *operands, in_place=None, **attributes):
    """Call an operation of the library; over ranks, in the one order of all such calls.

    ``results`` are (shape, type) pairs; ``in_place`` says which results, by number, may take the
    memory of which operands: pages that are new to the process cost time.
    """
    results = [jax.ShapeDtypeStruct(*result) for result in results]
    attributes |= {
        "nodes": np.asarray(mesh.shape, np.int64),
        "cell": np.asarray(mesh.cell_size, np.float64),
        "communicator": np.int64(_communicator(mesh.ranks)),
    }
    if mesh.ranks.size == 1:
        target = f"jerald_{name}"
        call = jax.ffi.ffi_call(target, results, input_output_aliases=in_place)
        return call(*operands, **attributes)
    return mpi().ordered_call(f"jerald_{name}", results, *operands, **attributes)
