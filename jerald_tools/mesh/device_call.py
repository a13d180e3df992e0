# SPDX-License-Identifier: GPL-3.0-or-later
"""How the operations of ``native/device/`` are called from JAX, on each platform that has them."""

import ctypes
import importlib.util
import pathlib

import jax
import numpy as np

from jerald_tools.mesh.device_library import LIBRARIES, library
from jerald_tools.mesh.mesh import Mesh

LOOPS = (
    "paint",
    "readout",
    "readout_slope",
    "finite_difference",
    "readout_gradient",
    "readout_gradient_field_bar",
    "readout_gradient_positions_bar",
    "multiply_by_kernel",
    "sum_products",
)

OPERATIONS = {"CUDA": (*LOOPS, "c2r"), "cpu": LOOPS}
"""What each library offers."""


def _load_cufft() -> None:
    """Load cuFFT from the packages that JAX needs on a GPU; else the system's is looked for."""
    spec = importlib.util.find_spec("nvidia")
    for folder in spec.submodule_search_locations or () if spec else ():
        for path in pathlib.Path(folder).glob("*/lib/libcufft.so.*"):
            ctypes.CDLL(str(path), ctypes.RTLD_GLOBAL)
            return


def _register(platform: str) -> None:
    path = library(platform)
    if path is None:
        return
    if platform == "CUDA":
        _load_cufft()
    operations = ctypes.CDLL(str(path))
    for name in OPERATIONS[platform]:
        handler = jax.ffi.pycapsule(getattr(operations, f"jerald_{name}"))
        jax.ffi.register_ffi_target(f"jerald_device_{name}", handler, platform=platform)


for _platform in LIBRARIES:
    _register(_platform)


def call(mesh: Mesh, name: str, results, *operands, in_place=None, **attributes):
    """Call an operation.

    ``results`` are (shape, type) pairs; ``in_place`` says which results, by number, may take the
    memory of which operands.
    """
    results = [jax.ShapeDtypeStruct(*result) for result in results]
    attributes |= {
        "nodes": np.asarray(mesh.shape, np.int64),
        "cell": np.asarray(mesh.cell_size, np.float64),
    }
    call = jax.ffi.ffi_call(f"jerald_device_{name}", results, input_output_aliases=in_place)
    return call(*operands, **attributes)


def workspace(mesh: Mesh):
    """Shape and type of a result that nobody reads: four numbers for each node."""
    return ((*mesh.shape, 4), mesh.dtype)
