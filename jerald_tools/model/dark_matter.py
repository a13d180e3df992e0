# SPDX-License-Identifier: GPL-3.0-or-later
"""Dark matter: displacement layers that restore the power FastPM loses on small scales.

Its map is the density of the displaced particles, F = 1 + d (equation (9)).
"""

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.layers import displace_by_layers, exponential_greens_function
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
