# SPDX-License-Identifier: GPL-3.0-or-later
"""The linear overdensity at z = 0: white noise times the root of the power spectrum."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower
from jerald_tools.mesh.checks import check_finite
from jerald_tools.mesh.fourier import c2r, r2c
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather
from jerald_tools.mesh.wavenumbers import mode_index_axes, wavenumber_table


def linear_field(mesh: Mesh, noise, power: LinearPower):
    """Linear overdensity of a noise, W sqrt(P/V), for all modes of the mesh, corners included.

    Args:
        mesh: the mesh.
        noise: W with <|W|^2> = 1, the rank's part of the half spectrum, ``mesh.spectrum_shape``.
        power: the linear power spectrum at z = 0.

    Returns:
        The overdensity at z = 0, this rank's slab (nx_local, ny, nz), of mean 0.

    Raises:
        BadInput: the power spectrum does not cover the modes of the mesh.
        RunFailed: on every rank, if the field is not finite.
    """
    wavenumbers = wavenumber_table(mesh)
    amplitude = np.zeros(wavenumbers.shape)
    amplitude[1:] = np.sqrt(power(wavenumbers[1:]) / mesh.volume)
    field = _filtered(mesh, noise, amplitude.astype(mesh.dtype), mode_index_axes(mesh))
    check_finite(mesh, "the linear field", {"overdensities": field})
    return field


@functools.partial(jax.jit, static_argnums=0)
def _filtered(mesh: Mesh, noise, amplitude, mode_indices):
    first, second, third = mode_indices
    entry = first[:, None, None] + second[:, None] + third
    return c2r(mesh, noise * amplitude[entry])


def noise_of_field(mesh: Mesh, field):
    """White noise in Fourier space of noise on the nodes.

    Args:
        mesh: the mesh.
        field: independent numbers of variance 1, one on each node, the rank's slab.

    Returns:
        W with <|W|^2> = 1, the rank's part of the half spectrum.

    Raises:
        BadInput: on every rank, if the variance is not 1.
    """
    squares = np.sum(np.square(np.asarray(field, np.float64)))
    variance = sum(gather(mesh.ranks, squares)) / mesh.size
    if abs(variance - 1) > max(0.1, 6 * np.sqrt(2 / mesh.size)):
        raise BadInput(
            f"white noise of variance {variance:.4g}: scale it to 1; on the nodes it is the sum of "
            "W exp(ikx) over all modes, over the root of their number"
        )
    return r2c(mesh, jnp.asarray(field, mesh.dtype)) * np.sqrt(mesh.size).astype(mesh.dtype)
