# SPDX-License-Identifier: GPL-3.0-or-later
"""Stellar mass: displacement layers on the improved dark matter, then a threshold power law."""

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.layers import (
    EMPTY_CELL,
    displace_by_layers,
    gaussian_greens_function,
    power_law,
    rectify,
)
from jerald_tools.model.parameters import StellarParameters


def displace_stellar_mass(mesh: Mesh, parameters: StellarParameters, positions, start_density=None):
    """Apply all layers, equations (1), (2) and (6).

    Args:
        mesh: the mesh.
        parameters: of the stellar mass.
        positions: this rank's particles after the dark-matter layers, (n, 3) [Mpc/h].
        start_density: 1 + d of these positions if it is known already.

    Returns:
        Positions (n, 3) [Mpc/h] whose density the stars follow.
    """
    return displace_by_layers(
        mesh, parameters.layers, gaussian_greens_function, positions, start_density
    )


def stellar_transform(mesh: Mesh, parameters: StellarParameters, displaced_density):
    """F = ReLU(w (1 + d)^mu - b), equation (8).

    Args:
        mesh: the mesh.
        parameters: of the stellar mass.
        displaced_density: 1 + d of the displaced particles, this rank's slab.

    Returns:
        This rank's slab (nx_local, ny, nz), over the mean of the map that was trained on.
    """
    transform = parameters.transform
    power = power_law(displaced_density + EMPTY_CELL, transform.mu)
    w, b = (value.astype(mesh.dtype) for value in (transform.w, transform.b))
    return rectify(w * power - b)
