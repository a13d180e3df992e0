# SPDX-License-Identifier: GPL-3.0-or-later
"""The linear overdensity, recovered from the displacements of initial conditions."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jerald_tools.cosmology import Cosmology, growth
from jerald_tools.gravity.lpt import (
    inverse_laplacian,
    second_order_scale,
    second_order_source,
)
from jerald_tools.mesh.fields import c2r, r2c
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.wavenumbers import integer_wavevectors, wavevectors
from jerald_tools.targets.lattice import LatticeDisplacements

# Each round shrinks the error of the second order by the size of the displacements' gradients.
SECOND_ORDER_ROUNDS = 8


def recovered_linear_field(
    mesh: Mesh,
    species: Sequence[LatticeDisplacements],
    a: float,
    cosmology: Cosmology,
    order: int,
    second_order: str = "exact",
    omega_r: float = 0.0,
) -> Float[Array, "x y z"]:
    """Invert Lagrangian perturbation theory, -div psi = D1 delta + D2 s(delta), for delta at z = 0.

    s is :func:`jerald_tools.gravity.lpt.second_order_source`. Species count by their mass, so that
    the field is that of all matter; its mean is 0. Modes at a Nyquist frequency are zero: a lattice
    does not determine their derivative.

    Args:
        mesh: its nodes are the lattice points; in double precision.
        species: the displacements psi of each.
        a: scale factor at the time of the displacements.
        cosmology: which gives D1 and D2.
        order: of the theory that made them, 1 (Zel'dovich) or 2.
        second_order: how D2 grows in it, one of :data:`jerald_tools.gravity.lpt.SECOND_ORDERS`.
        omega_r: radiation today in the background of the code that made them.
    """
    total = sum(each.mass for each in species)
    spectrum = sum(each.mass / total * _divergence(mesh, each) for each in species)
    at = growth(a, cosmology, omega_r)
    contraction = c2r(mesh, jnp.asarray(-spectrum)) / float(at.first)
    field = contraction
    if order == 2:
        scale = second_order_scale(cosmology, second_order)
        second_over_first = scale * float(at.second / at.first)
        for _ in range(SECOND_ORDER_ROUNDS):
            source = second_order_source(mesh, inverse_laplacian(mesh, field))
            source = c2r(mesh, r2c(mesh, source) * _recoverable(mesh))
            field = contraction - second_over_first * source
    return field


def _divergence(mesh: Mesh, species: LatticeDisplacements) -> np.ndarray:
    """Spectrum of div psi from psi on a lattice that begins at an offset."""
    waves = wavevectors(mesh)
    phase = sum(wave * start for wave, start in zip(waves, species.offset, strict=True))
    divergence = sum(
        1j * wave * np.asarray(r2c(mesh, jnp.asarray(species.displacements[..., axis])))
        for axis, wave in enumerate(waves)
    )
    return divergence * np.exp(-1j * phase) * _recoverable(mesh)


def _recoverable(mesh: Mesh) -> np.ndarray:
    """Which of this rank's modes are below every Nyquist frequency, and not k = 0."""
    x, y, z = integer_wavevectors(mesh)
    below = [2 * np.abs(n) < nodes for n, nodes in zip((x, y, z), mesh.shape, strict=True)]
    return below[0] & below[1] & below[2] & ((x != 0) | (y != 0) | (z != 0))
