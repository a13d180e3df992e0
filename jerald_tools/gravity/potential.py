# SPDX-License-Identifier: GPL-3.0-or-later
"""Gravity on the mesh: the inverse Laplacian, and the one finite-difference order in use."""

import numpy as np

from jerald_tools.mesh.convolve import convolve
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.wavenumbers import wavenumber_table

GRADIENT_ORDER = 4
"""Order of the central differences that make a gradient of a potential."""

KERNEL = "1/k^2 in Fourier space, gradient by 4th-order central differences, CIC, not deconvolved"
"""The force kernel, as it is named in output files."""


def inverse_laplacian(mesh: Mesh, source):
    """Solve -laplacian(u) = source in Fourier space, u_k = source_k / k^2, with mean 0.

    Args:
        mesh: the mesh.
        source: this rank's slab (nx_local, ny, nz).

    Returns:
        This rank's slab of u, in units of the source times (Mpc/h)^2.
    """
    wavenumbers = wavenumber_table(mesh)
    kernel = np.zeros(wavenumbers.shape)
    kernel[1:] = wavenumbers[1:] ** -2.0
    return convolve(mesh, source, kernel.astype(mesh.dtype))
