# SPDX-License-Identifier: GPL-3.0-or-later
"""Fourier transforms of real fields over all ranks."""

import functools

import jax
import jax.numpy as jnp

from jerald_tools.mesh.backends import raw_operations
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.wavenumbers import hermitian_weights


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def r2c(mesh: Mesh, field):
    """Half spectrum of a real field: sum of f exp(-ikx) over the nodes, over their number.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).

    Returns:
        This rank's part of the spectrum, ``mesh.spectrum_shape``, in units of the field.
    """
    return raw_operations(mesh).r2c(mesh, field)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def c2r(mesh: Mesh, spectrum):
    """Real field of a half spectrum: sum of c exp(ikx) over all modes, not normalised.

    Args:
        mesh: the mesh.
        spectrum: this rank's part, ``mesh.spectrum_shape``.

    Returns:
        This rank's slab (nx_local, ny, nz), in units of the spectrum.
    """
    return raw_operations(mesh).c2r(mesh, spectrum)


def _r2c_adjoint(mesh, _, spectrum_bar):
    weights = hermitian_weights(mesh).astype(mesh.dtype)
    return (raw_operations(mesh).c2r(mesh, jnp.conj(spectrum_bar) / weights) / mesh.size,)


def _c2r_adjoint(mesh, _, field_bar):
    weights = (mesh.size * hermitian_weights(mesh)).astype(mesh.dtype)
    return (weights * jnp.conj(raw_operations(mesh).r2c(mesh, field_bar)),)


r2c.defvjp(lambda mesh, field: (r2c(mesh, field), None), _r2c_adjoint)
c2r.defvjp(lambda mesh, spectrum: (c2r(mesh, spectrum), None), _c2r_adjoint)
