# SPDX-License-Identifier: GPL-3.0-or-later
"""Isotropic filters: convolution with a kernel given by its Fourier transform."""

import functools

import jax
import jax.numpy as jnp

from jerald_tools.mesh.backends import raw_operations
from jerald_tools.mesh.mesh import Mesh


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def convolve(mesh: Mesh, field, kernel):
    """Multiply a field's spectrum by an isotropic function of k (equation (5)).

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        kernel: the function's values at :func:`jerald_tools.mesh.wavenumbers.wavenumber_table`,
            (entries,), the same on every rank.

    Returns:
        This rank's slab of the filtered field. Under differentiation the kernel's cotangent holds
        this rank's modes only (see :func:`jerald_tools.mesh.ranks.spread`).
    """
    return raw_operations(mesh).convolve(mesh, field, kernel)


def convolve_adjoint(mesh: Mesh, field, kernel, result_bar):
    """Cotangents of field and kernel from that of :func:`convolve`'s result.

    The kernel's sums over this rank's modes only.
    """
    return raw_operations(mesh).convolve_adjoint(mesh, field, kernel, result_bar)


def _forward(mesh, field, kernel):
    result = convolve(mesh, field.value, kernel.value)
    # The field itself is kept, not its spectrum: often it is an input that is kept anyway.
    return result, (
        field.value if kernel.perturbed else None,
        kernel.value if field.perturbed else None,
        jnp.zeros(0, kernel.value.dtype),
    )


def _adjoint(mesh, operands, result_bar):
    field, kernel, kernel_type = operands
    raw = raw_operations(mesh)
    if field is None:
        return raw.convolve(mesh, result_bar, kernel), None
    if kernel is None:
        return None, raw.convolve_kernel_bar(mesh, field, result_bar).astype(kernel_type.dtype)
    return convolve_adjoint(mesh, field, kernel, result_bar)


convolve.defvjp(_forward, _adjoint, symbolic_zeros=True)
