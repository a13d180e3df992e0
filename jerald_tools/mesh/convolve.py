# SPDX-License-Identifier: GPL-3.0-or-later
"""Isotropic filters: convolution with a kernel given by its Fourier transform."""

import functools

import jax

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
    return raw_operations(mesh).convolve(mesh, field, kernel)[0]


def _forward(mesh, field, kernel):
    result, spectrum = raw_operations(mesh).convolve(mesh, field, kernel)
    return result, (spectrum, kernel)


def _adjoint(mesh, operands, result_bar):
    spectrum, kernel = operands
    return raw_operations(mesh).convolve_adjoint(mesh, spectrum, kernel, result_bar)


convolve.defvjp(_forward, _adjoint)
