# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectrum of a catalogue of particles: window, interlacing, compensation (Sefusatti et al. 2016).

The options have the meaning that they have in nbodykit (Hand et al. 2018).
"""

import itertools
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import gather
from jerald_tools.mesh.wavenumbers import wavevectors

Window = Literal["cic", "tsc"]
"""Shape of a particle: cloud in cell, or triangular-shaped cloud."""

WINDOW_ORDER = {"cic": 2, "tsc": 3}


def catalogue_spectrum(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    weights: Float[AnyArray, " n"] | None = None,
    window: Window = "cic",
    interlace: bool = False,
    compensate: bool = False,
) -> Complex[Array, "kx ky kz"]:
    """Spectrum of 1 + d of a catalogue.

    Args:
        mesh: the mesh.
        positions: this rank's particles [Mpc/h].
        weights: of the particles; None for one each. Padding has weight 0.
        window: shape of a particle.
        interlace: average with a painting half a cell aside, which removes the odd images.
        compensate: divide by the window, see :func:`window_correction`.

    Returns:
        This rank's part of the spectrum, ``mesh.spectrum_shape``, dimensionless.
    """
    positions = jnp.asarray(positions, mesh.dtype)
    if weights is None:
        weights = jnp.ones(positions.shape[0], mesh.dtype)
    weights = jnp.asarray(weights, mesh.dtype)
    spectrum = r2c(mesh, painted_overdensity(mesh, positions, weights, window))
    if interlace:
        aside = positions + jnp.asarray(mesh.cell_size, mesh.dtype) / 2
        shifted = r2c(mesh, painted_overdensity(mesh, aside, weights, window))
        phase = sum(k * cell for k, cell in zip(wavevectors(mesh), mesh.cell_size, strict=True)) / 2
        spectrum = (spectrum + shifted * np.exp(1j * phase).astype(mesh.complex_dtype)) / 2
    if compensate:
        spectrum = spectrum / window_correction(mesh, window, interlace).astype(mesh.dtype)
    return spectrum


def painted_overdensity(
    mesh: Mesh, positions: Float[AnyArray, "n 3"], weights: Float[AnyArray, " n"], window: Window
) -> Float[Array, "x y z"]:
    """Density of particles over its mean, this rank's slab.

    Args:
        mesh: the mesh.
        positions: this rank's particles [Mpc/h].
        weights: of the particles; padding has weight 0.
        window: shape of a particle.
    """
    if window == "tsc":
        positions, weights = split_for_tsc(mesh, positions, weights)
    return density(mesh, positions, weights)


def split_for_tsc(
    mesh: Mesh, positions: Float[AnyArray, "n 3"], weights: Float[AnyArray, " n"]
) -> tuple[Float[Array, "8*n 3"], Float[Array, " 8*n"]]:
    """Eight cloud-in-cell particles for each particle; together they are a triangular-shaped cloud.

    Along one axis TSC gives a, b, c to the nodes i-1, i, i+1. A particle of weight a + b/2 between
    the first two nodes and one of weight b/2 + c between the last two, placed at their centres of
    mass, give the same by CIC. So every CIC painting, over ranks too, can paint TSC.

    Args:
        mesh: the mesh.
        positions: this rank's particles [Mpc/h].
        weights: of the particles.

    Returns:
        Positions [Mpc/h] and weights of the cloud-in-cell particles.
    """
    positions, weights = jnp.asarray(positions), jnp.asarray(weights)
    cells = jnp.asarray(mesh.cell_size, positions.dtype)
    nearest = jnp.round(positions / cells)
    offset = positions / cells - nearest
    below, middle, above = (0.5 - offset) ** 2 / 2, 0.75 - offset**2, (0.5 + offset) ** 2 / 2
    lower, upper = below + middle / 2, middle / 2 + above
    halves = (
        (lower, nearest - 1 + middle / 2 / lower),
        (upper, nearest + above / upper),
    )
    all_positions, all_weights = [], []
    for choice in itertools.product(range(2), repeat=3):
        shares = [halves[half][0][:, axis] for axis, half in enumerate(choice)]
        places = [halves[half][1][:, axis] for axis, half in enumerate(choice)]
        all_positions.append(jnp.stack(places, axis=1) * cells)
        all_weights.append(weights * shares[0] * shares[1] * shares[2])
    return jnp.concatenate(all_positions), jnp.concatenate(all_weights)


def window_correction(
    mesh: Mesh, window: Window, interlaced: bool
) -> Float[np.ndarray, "kx ky kz"]:
    """The divisor of a painted catalogue's spectrum, shape ``mesh.spectrum_shape``.

    Interlaced: the window itself, prod sinc(k h / 2)^p. Otherwise its aliased shot noise (Jing
    2005), prod sqrt(1 - 2/3 s) for CIC, prod sqrt(1 - s + 2/15 s^2) for TSC, s = sin^2(k h / 2).
    """
    correction = np.ones(mesh.spectrum_shape)
    for wavevector, cell in zip(wavevectors(mesh), mesh.cell_size, strict=True):
        half_phase = wavevector * cell / 2
        square = np.sin(half_phase) ** 2
        if interlaced:
            factor = np.sinc(half_phase / np.pi) ** WINDOW_ORDER[window]
        elif window == "cic":
            factor = np.sqrt(1 - 2 / 3 * square)
        else:
            factor = np.sqrt(1 - square + 2 / 15 * square**2)
        correction = correction * factor
    return correction


def shot_noise(mesh: Mesh, weights: Float[AnyArray, " n"]) -> float:
    """Poisson noise of a catalogue, V sum(w^2) / sum(w)^2 [(Mpc/h)^3], over all ranks.

    Args:
        mesh: the mesh.
        weights: of this rank's particles; padding has weight 0.
    """
    weights = np.asarray(weights, np.float64)
    sums = gather(mesh.ranks, (weights.sum(), (weights**2).sum()))
    total, squares = (sum(column) for column in zip(*sums, strict=True))
    return float(mesh.volume * squares / total**2)
