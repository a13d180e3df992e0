# SPDX-License-Identifier: GPL-3.0-or-later
"""Displacement layers: particles follow the gradient of an effective potential."""

from jerald_tools.mesh.convolve import convolve
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.readout_gradient import readout_gradient
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.model.parameters import ALPHA_UNIT, Layer
from jerald_tools.model.power_law import EMPTY_CELL, power_law

# The original's central difference has an error of sixth order in the cell size.
GRADIENT_ORDER = 6


def potential(mesh: Mesh, layer: Layer, alpha_unit: float, greens_function, source):
    """Source alpha G * f(d) of equation (2), the potential whose gradient displaces the particles.

    Args:
        mesh: the mesh.
        layer: the layer's parameters.
        alpha_unit: what the stored alpha is a multiple of.
        greens_function: G as a function of (k, k_h, k_l, nu).
        source: positive field, density or stellar mass over its mean, (nx_local, ny, nz).

    Returns:
        This rank's slab of the potential [(Mpc/h)^2].
    """
    kernel = greens_function(wavenumber_table(mesh), layer.k_h, layer.k_l, layer.nu)
    return convolve(mesh, power_law(source, layer.gamma), alpha_unit * layer.alpha * kernel)


def displace(mesh: Mesh, positions, potential_field):
    """Move particles along the gradient of a potential (equation (1)).

    Args:
        mesh: the mesh.
        positions: this rank's particles, (n, 3) [Mpc/h].
        potential_field: this rank's slab [(Mpc/h)^2].

    Returns:
        New positions (n, 3) [Mpc/h], not wrapped into the box.
    """
    return positions + readout_gradient(mesh, potential_field, positions, GRADIENT_ORDER)


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
        source = (start_density if known else density(mesh, positions)) + EMPTY_CELL
        field = potential(mesh, layer, ALPHA_UNIT, greens_function, source)
        positions = displace(mesh, positions, field)
    return positions
