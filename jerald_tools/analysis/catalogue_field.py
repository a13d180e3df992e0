# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectrum of a catalogue of particles: window, interlacing, compensation (Sefusatti et al. 2016).

The options mean what they mean in nbodykit (Hand et al. 2018).
"""

import itertools

import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import gather
from jerald_tools.mesh.wavenumbers import wavevectors

WINDOW_ORDER = {"cic": 2, "tsc": 3}


def split_for_tsc(mesh: Mesh, positions, weights):
    """Eight cloud-in-cell particles for each, that together paint a triangular-shaped cloud.

    Along one axis TSC gives a, b, c to the nodes i-1, i, i+1. A particle of weight a + b/2 between
    the first two nodes and one of weight b/2 + c between the last two, placed at their centres of
    mass, give the same by CIC. So whatever paints CIC, over ranks too, paints TSC.

    Args:
        mesh: the mesh.
        positions: (n, 3) [Mpc/h].
        weights: (n,).

    Returns:
        Positions (8 n, 3) [Mpc/h] and weights (8 n,).
    """
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


def painted_overdensity(mesh: Mesh, positions, weights, window: str):
    """Density over its mean, (nx_local, ny, nz), painted with "cic" or "tsc"."""
    if window == "tsc":
        positions, weights = split_for_tsc(mesh, positions, weights)
    return density(mesh, positions, weights)


def window_correction(mesh: Mesh, window: str, interlaced: bool) -> np.ndarray:
    """What the spectrum of a painted catalogue is divided by, shape ``mesh.spectrum_shape``.

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


def catalogue_spectrum(
    mesh: Mesh,
    positions,
    weights=None,
    window: str = "cic",
    interlace: bool = False,
    compensate: bool = False,
):
    """Spectrum of 1 + d of a catalogue.

    Args:
        mesh: the mesh.
        positions: this rank's particles, (n, 3) [Mpc/h].
        weights: (n,); None for one each. Padding has weight 0.
        window: "cic" or "tsc".
        interlace: average with a painting half a cell aside, which removes the odd images.
        compensate: divide by the window, see :func:`window_correction`.

    Returns:
        This rank's part of the spectrum, ``mesh.spectrum_shape``, dimensionless.
    """
    positions = jnp.asarray(positions, mesh.dtype)
    weights = jnp.ones(positions.shape[0], mesh.dtype) if weights is None else weights
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


def shot_noise(mesh: Mesh, weights) -> float:
    """Poisson noise of a catalogue, V sum(w^2) / sum(w)^2 [(Mpc/h)^3], over all ranks.

    Args:
        mesh: the mesh.
        weights: (n,) of this rank's particles; padding has weight 0.
    """
    weights = np.asarray(weights, np.float64)
    sums = gather(mesh.ranks, (weights.sum(), (weights**2).sum()))
    total, squares = (sum(column) for column in zip(*sums, strict=True))
    return float(mesh.volume * squares / total**2)
