# SPDX-License-Identifier: GPL-3.0-or-later
"""White noise: from a seed by the scheme of N-GenIC, or from noise on the nodes of a mesh.

N-GenIC, 2LPTic, MUSIC, monofonIC, FastPM, pmesh and MP-GenIC draw the same noise from a seed,
Gadget-4 another, see :mod:`jerald_tools.gravity.gadget4_noise`. That of an integer wavevector does
not depend on the size of the mesh, so that one seed gives the same universe at any resolution.
Each column of modes along z has a seed of its own: a rank draws the columns that it holds and needs
no others.
"""

import importlib
from types import ModuleType

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from jerald_tools.errors import BadInput
from jerald_tools.gravity import ranlxd1
from jerald_tools.gravity.gadget4_noise import gadget4_noise
from jerald_tools.mesh.device import on_gpu
from jerald_tools.mesh.fields import mean_square, r2c
from jerald_tools.mesh.mesh import BACKENDS, AnyArray, Mesh, native_library_is_built
from jerald_tools.mesh.wavenumbers import integer_wavevectors

LARGEST_SEED = 2**31 - 1

SEED_ORDERS = ("n-genic", "gadget4")
"""Whose universe a seed is: that of N-GenIC and its followers, or of Gadget-4's own generator."""


def white_noise(
    mesh: Mesh, seed: int, fixed: bool = False, paired: bool = False, order: str = "n-genic"
) -> Complex[np.ndarray, "kx ky kz"]:
    """Gaussian white noise in Fourier space, <|W|^2> = 1, from a seed.

    W(0) = 0, and c2r of it is real: the planes kz = 0 and Nyquist are Hermitian.

    Args:
        mesh: a cubic mesh with an even number of nodes a side.
        seed: the seed of the universe, from 0 to 2^31 - 1 (0 is the same as 1).
        fixed: all amplitudes 1, only phases are random (arXiv:1603.05253); the eight modes that
            must be real are the cosine of their phase.
        paired: all phases shifted by pi, the mirror universe of the same seed.
        order: in which modes are drawn, one of :data:`SEED_ORDERS`.

    Raises:
        BadInput: another mesh or seed, or no GNU Scientific Library.
    """
    side = _side_of_cube(mesh)
    if not 0 <= seed <= LARGEST_SEED:
        raise BadInput(f"--seed {seed}: a seed is an integer from 0 to {LARGEST_SEED}")
    seeds = column_seeds(mesh, seed, side)
    if order == "gadget4":
        noise = gadget4_noise(mesh, seeds, lambda own, count: _modes(mesh, own, count, fixed))
        return -noise if paired else noise
    half = side // 2
    frequency_x, frequency_y, _ = integer_wavevectors(mesh)
    own_x, own_y = np.broadcast_arrays(frequency_x[..., 0] % side, frequency_y[..., 0] % side)
    noise = np.empty(mesh.spectrum_shape, mesh.complex_dtype)
    for x, y, row in zip(own_x, own_y, noise, strict=True):
        row[...] = _modes(mesh, seeds[x, y], half + 1, fixed)
        mirror_x, mirror_y = (-x) % side, (-y) % side
        upper = (mirror_x < x) | ((mirror_x == x) & (mirror_y < y))
        if upper.any():
            mirrored = _modes(mesh, seeds[mirror_x[upper], mirror_y[upper]], half + 1, fixed)
            for plane in (0, half):
                row[upper, plane] = np.conj(mirrored[:, plane])
        own_mirror = (mirror_x == x) & (mirror_y == y)
        for plane in (0, half):
            row[own_mirror, plane] = row[own_mirror, plane].real
        row[(x == 0) & (y == 0), 0] = 0.0
    return -noise if paired else noise


def noise_of_field(mesh: Mesh, field: Float[AnyArray, "x y z"]) -> Complex[Array, "kx ky kz"]:
    """White noise in Fourier space, <|W|^2> = 1, from independent numbers of variance 1 on nodes.

    Raises:
        BadInput: on every rank, if the variance is not 1.
    """
    check_variance(mesh, field)
    return r2c(mesh, jnp.asarray(field, mesh.dtype)) * np.sqrt(mesh.size).astype(mesh.dtype)


def check_variance(mesh: Mesh, field: Float[AnyArray, "x y z"]) -> None:
    """Refuse numbers on nodes that are no white noise of variance 1.

    Raises:
        BadInput: on every rank, if the variance is not 1.
    """
    variance = mean_square(mesh, field)
    if abs(variance - 1) > max(0.1, 6 * np.sqrt(2 / mesh.size)):
        raise BadInput(
            f"white noise of variance {variance:.4g}: scale it to 1; on the nodes it is the sum of "
            "W exp(ikx) over all modes, over the root of their number"
        )


def column_seeds(mesh: Mesh, seed: int, side: int) -> Int[np.ndarray, "{side} {side}"]:
    """The seeds of all columns, filled from the four corners inwards in square shells, int64.

    Args:
        mesh: its backend draws.
        seed: the seed of the universe.
        side: nodes a side, even; the seeds are in the order of kx and ky.
    """
    draws = np.floor(LARGEST_SEED * _generator(mesh).draw_uniforms(seed, side**2)).astype(np.int64)
    table = np.empty((side, side), np.int64)
    last = side - 1
    start = 0
    for shell in range(side // 2):
        short, full = np.arange(shell), np.arange(shell + 1)
        for x, y in (
            (shell, short),
            (full, shell),
            (last - shell, short),
            (last - full, shell),
            (shell, last - short),
            (full, last - shell),
            (last - shell, last - short),
            (last - full, last - shell),
        ):
            count = np.size(x) * np.size(y)
            table[x, y] = draws[start : start + count]
            start += count
    return table


def _generator(mesh: Mesh) -> ModuleType:
    """The module that draws random numbers for this mesh: compiled or through GSL's own library.

    They are drawn on the CPU, so that of a GPU's mesh takes the compiled one too, if it is built.
    """
    compiled = mesh.backend == "native" or (on_gpu() and native_library_is_built())
    return importlib.import_module(BACKENDS["native"]) if compiled else ranlxd1


def _side_of_cube(mesh: Mesh) -> int:
    side = mesh.shape[0]
    if mesh.shape != (side, side, side) or side % 2:
        raise BadInput(
            f"mesh {' x '.join(map(str, mesh.shape))}: white noise from a seed is for cubic meshes "
            "with an even number of nodes a side; give another --mesh or a --white-noise file"
        )
    return side


def _modes(mesh: Mesh, seeds: np.ndarray, count: int, fixed: bool) -> np.ndarray:
    """The noise of whole columns, (n, count), before the planes are made Hermitian."""
    pairs = _generator(mesh).draw_columns(seeds, count)
    phase = 2 * np.pi * pairs[..., 0]
    amplitude = 1.0 if fixed else np.sqrt(-np.log(pairs[..., 1]))
    return amplitude * np.exp(1j * phase)
