# SPDX-License-Identifier: GPL-3.0-or-later
"""Universes that benchmarks start from; importing this sets nothing in the process."""

import numpy as np
from shipped import ROOT

from jerald_tools.gravity.linear_power import read_linear_power
from jerald_tools.gravity.lpt import linear_field
from jerald_tools.gravity.white_noise import noise_of_field
from jerald_tools.mesh.mesh import Mesh, make_mesh

CELL = 20 / 48
"""Side of a cell of the bundled reference [Mpc/h]."""


def reference_mesh(side: int, precision: str, backend: str | None = None) -> Mesh:
    """A cube with the cells of the bundled reference."""
    return make_mesh(side, side * CELL, precision, backend=backend)


def gaussian_density(mesh: Mesh) -> np.ndarray:
    """A linear overdensity at z = 0 with the bundled power spectrum, this rank's slab."""
    white = np.random.default_rng(mesh.x_start).normal(size=mesh.local_shape)
    noise = noise_of_field(mesh, white.astype(mesh.dtype))
    power = read_linear_power(ROOT / "data" / "linear_power.txt")
    return np.asarray(linear_field(mesh, noise, power))


def lognormal_map(linear_density: np.ndarray, strength: float) -> np.ndarray:
    """exp(strength x linear density) over its mean: a positive map, clustered as a density is."""
    field = np.exp(strength * linear_density.astype(np.float64))
    return field / field.mean()
