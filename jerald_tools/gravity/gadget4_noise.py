# SPDX-License-Identifier: GPL-3.0-or-later
"""White noise in the order of Gadget-4's own generator of initial conditions (its option NGENIC).

It fills N-GenIC's table of seeds, but takes an entry for each column along x, (ky, kz), where
N-GenIC takes one for each column along z, (kx, ky). A column draws kx = 0, -1, 1, -2, 2, ..., each
a phase and then an amplitude. What the reality of the field leaves free on the planes kz = 0 and
Nyquist comes from the column of the mirrored (-ky, -kz). The order does not depend on the size of
the mesh.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Complex, Int

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.wavenumbers import integer_wavevectors

DrawColumns = Callable[[np.ndarray, int], np.ndarray]
"""Modes of a fresh generator for each seed, (n, count) in the order of drawing."""


def gadget4_noise(
    mesh: Mesh, seeds: Int[np.ndarray, "{side} {side}"], draw: DrawColumns
) -> Complex[np.ndarray, "kx ky kz"]:
    """Gaussian white noise in Fourier space, <|W|^2> = 1; every rank draws the columns it needs.

    W(0) and the other modes that are their own mirror are 0, as in Gadget-4.

    Args:
        mesh: a cubic mesh with an even number of nodes a side.
        seeds: of the columns, the first index of which is ky.
        draw: draws columns.
    """
    side = mesh.shape[0]
    half = side // 2
    frequency_x, frequency_y, _ = integer_wavevectors(mesh)
    own_x, own_y = np.broadcast_arrays(frequency_x[..., 0] % side, frequency_y[..., 0] % side)
    noise = np.empty(mesh.spectrum_shape, mesh.complex_dtype)
    for y in np.unique(own_y):
        here = own_y == y
        noise[here] = _plane(seeds, draw, int(y), half)[own_x[here]]
    return noise


def _plane(seeds: np.ndarray, draw: DrawColumns, y: int, half: int) -> Complex[np.ndarray, "kx kz"]:
    """All modes of one ky."""
    side = 2 * half
    plane = _columns(seeds[y, np.arange(half + 1) % side], draw, half)
    x = np.arange(side)
    for z in (0, half):
        mirror = np.conj(_columns(seeds[[-y % side], -z % side], draw, half)[-x % side, 0])
        own = (x % half == 0) & (y % half == 0)
        mirrored = (x > half) | ((x % half == 0) & (y > half))
        plane[:, z] = np.where(own, 0, np.where(mirrored, mirror, plane[:, z]))
    return plane


def _columns(seeds: np.ndarray, draw: DrawColumns, half: int) -> Complex[np.ndarray, "kx n"]:
    """Columns along x, one for each seed."""
    order = np.stack([np.arange(half), 2 * half - 1 - np.arange(half)], axis=1).ravel()
    modes = np.empty((2 * half, len(seeds)), np.complex128)
    modes[order] = draw(seeds, 2 * half).T
    return modes
