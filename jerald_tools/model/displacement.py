# SPDX-License-Identifier: GPL-3.0-or-later
"""Displacement layers: particles follow the gradient of an effective potential."""

from jerald_tools.mesh.displace import displace
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.model.filtered_power_law import filtered_power_law
from jerald_tools.model.parameters import ALPHA_UNIT, Layer
from jerald_tools.model.power_law import EMPTY_CELL

# The original's central difference has an error of sixth order in the cell size.
GRADIENT_ORDER = 6


def potential(
    mesh: Mesh, layer: Layer, alpha_unit: float, greens_function, source, offset: float = 0.0
):
    """Source alpha G * f(d) of equation (2), the potential whose gradient displaces the particles.

    Args:
        mesh: the mesh.
        layer: the layer's parameters.
        alpha_unit: what the stored alpha is a multiple of.
        greens_function: G as a function of (k, k_h, k_l, nu).
        source: density or stellar mass over its mean, (nx_local, ny, nz).
        offset: added to the source, which must then be positive.

    Returns:
        This rank's slab of the potential [(Mpc/h)^2].
    """
    kernel = greens_function(wavenumber_table(mesh), layer.k_h, layer.k_l, layer.nu)
    kernel = alpha_unit * layer.alpha * kernel
    return filtered_power_law(mesh, source, layer.gamma, kernel, offset)


def displace_by_layers(
    mesh: Mesh, layers: tuple[Layer, ...], greens_function, positions, start_density=None
):
    """Apply layers that the particles' own density sources, equations (1) and (2).

    Args:
        mesh: the mesh.
        layers: their parameters, in order.
        greens_function: G as a function of (k, k_h, k_l, nu).
        positions: this rank's particles, (n, 3) [Mpc/h].
        start_density: 1 + d of these positions if it is known already; it never changes while
            parameters are trained.

    Returns:
        New positions (n, 3) [Mpc/h], not wrapped into the box.
    """
    for number, layer in enumerate(layers):
        known = number == 0 and start_density is not None
        source = start_density if known else density(mesh, positions)
        field = potential(mesh, layer, ALPHA_UNIT, greens_function, source, EMPTY_CELL)
        positions = displace(mesh, field, positions, GRADIENT_ORDER)
    return positions
