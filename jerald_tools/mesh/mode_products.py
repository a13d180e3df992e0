# SPDX-License-Identifier: GPL-3.0-or-later
"""Products of two fields' modes, summed over all modes of one |k|: what power spectra are made of.

These are the sums that collect the gradient of an isotropic filter, and their own gradient is such
a filter.
"""

import functools

import jax
import jax.numpy as jnp

from jerald_tools.mesh.backends import raw_operations
from jerald_tools.mesh.convolve import convolve
from jerald_tools.mesh.mesh import Mesh


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def mode_products(mesh: Mesh, first, second):
    """Sum of Re(a conj(b)) over the modes of each |k|, differentiable.

    Args:
        mesh: the mesh.
        first: this rank's slab (nx_local, ny, nz) of the field with modes a, as of
            :func:`jerald_tools.mesh.fourier.r2c`.
        second: that of the field with modes b, the same.

    Returns:
        One float64 sum over this rank's modes for each entry of
        :func:`jerald_tools.mesh.wavenumbers.wavenumber_table`, (entries,); modes that stand for
        their conjugates count twice. Sum it over the ranks.
    """
    sums = raw_operations(mesh).convolve_kernel_bar(mesh, first, second)
    return sums.astype(jnp.float64) / mesh.size


def _adjoint(mesh, fields, sums_bar):
    first, second = fields
    kernel = (sums_bar / mesh.size).astype(mesh.dtype)
    return convolve(mesh, second, kernel), convolve(mesh, first, kernel)


mode_products.defvjp(
    lambda mesh, first, second: (mode_products(mesh, first, second), (first, second)), _adjoint
)
