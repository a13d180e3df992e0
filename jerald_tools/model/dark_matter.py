# SPDX-License-Identifier: GPL-3.0-or-later
"""Dark matter: displacement layers that restore the power FastPM loses on small scales."""

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.model.displacement import displace_by_layers
from jerald_tools.model.greens_functions import exponential_greens_function
from jerald_tools.model.parameters import DarkMatterParameters


def displace_dark_matter(
    mesh: Mesh, parameters: DarkMatterParameters, positions, start_density=None
):
    """Apply all layers, equations (1), (2) and (7).

    Args:
        mesh: the mesh.
        parameters: of the dark matter.
        positions: this rank's particles, (n, 3) [Mpc/h].
        start_density: 1 + d of these positions if it is known already.

    Returns:
        The improved positions (n, 3) [Mpc/h].
    """
    return displace_by_layers(
        mesh, parameters.layers, exponential_greens_function, positions, start_density
    )


def dark_matter_map(mesh: Mesh, parameters: DarkMatterParameters, positions, start_density=None):
    """Density over its mean of the improved particles (equation (9)).

    Arguments as :func:`displace_dark_matter`; returns this rank's slab (nx_local, ny, nz).
    """
    return density(mesh, displace_dark_matter(mesh, parameters, positions, start_density))
