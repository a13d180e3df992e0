# SPDX-License-Identifier: GPL-3.0-or-later
"""Stellar mass: displacement layers on the improved dark matter, then a threshold power law."""

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.model.displacement import displace_by_layers
from jerald_tools.model.greens_functions import gaussian_greens_function
from jerald_tools.model.parameters import StellarParameters
from jerald_tools.model.power_law import EMPTY_CELL, power_law, rectify


def displace_stellar_mass(mesh: Mesh, parameters: StellarParameters, positions, start_density=None):
    """Apply all layers, equations (1), (2) and (6).

    Arguments as :func:`stellar_mass_map`; returns the positions (n, 3) [Mpc/h] whose density the
    stars follow.
    """
    return displace_by_layers(
        mesh, parameters.layers, gaussian_greens_function, positions, start_density
    )


def stellar_mass_map(mesh: Mesh, parameters: StellarParameters, positions, start_density=None):
    """F = ReLU(w (1 + d)^mu - b), equation (8), after the layers of equations (1), (2) and (6).

    Args:
        mesh: the mesh.
        parameters: of the stellar mass.
        positions: this rank's particles after the dark-matter layers, (n, 3) [Mpc/h].
        start_density: 1 + d of these positions if it is known already.

    Returns:
        This rank's slab (nx_local, ny, nz), over the mean of the map that was trained on.
    """
    if parameters.layers or start_density is None:
        positions = displace_stellar_mass(mesh, parameters, positions, start_density)
        start_density = density(mesh, positions)
    transform = parameters.transform
    power = power_law(start_density + EMPTY_CELL, transform.mu)
    w, b = (value.astype(mesh.dtype) for value in (transform.w, transform.b))
    return rectify(w * power - b)
