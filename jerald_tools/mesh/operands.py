# SPDX-License-Identifier: GPL-3.0-or-later
"""Operands and results of the compiled operations, of the CPU's library and of the GPU's."""

import jax.numpy as jnp

from jerald_tools.mesh.mesh import Mesh


def real(mesh: Mesh, array):
    """An operand of numbers in the mesh's precision."""
    return jnp.asarray(array, mesh.dtype)


def optional(mesh: Mesh, array):
    """An operand that may be left out, which the library knows by having no entries."""
    return jnp.zeros(0, mesh.dtype) if array is None else real(mesh, array)


def field_of(mesh: Mesh):
    """Shape and type of a result that is a field, this rank's slab."""
    return (mesh.local_shape, mesh.dtype)


def spectrum_of(mesh: Mesh):
    """Shape and type of a result that is a spectrum, this rank's part."""
    return (mesh.spectrum_shape, mesh.complex_dtype)
