# SPDX-License-Identifier: GPL-3.0-or-later
"""Lagrangian perturbation theory to second order: displacements from a linear field."""

import functools

import jax

from jerald_tools.gravity.potential import GRADIENT_ORDER, inverse_laplacian
from jerald_tools.mesh.finite_difference import finite_difference
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.readout_gradient import readout_gradient


@functools.partial(jax.jit, static_argnums=0)
def displacements(mesh: Mesh, linear_density, lattice_positions):
    """Displacements of first and second order at z = 0, to be scaled by D1 and D2.

    With u_k = delta_k / k^2 the first is psi1 = grad u, so that delta = -div psi1. The second is
    the same of 3/7 sum_{i<j} (u_ii u_jj - u_ij^2). Derivatives are 4th-order central differences.

    Args:
        mesh: the mesh of the linear field.
        linear_density: linear overdensity at z = 0, this rank's slab (nx_local, ny, nz).
        lattice_positions: this rank's lattice points, (n, 3) [Mpc/h].

    Returns:
        Two arrays (n, 3) [Mpc/h].
    """
    potential = inverse_laplacian(mesh, linear_density)
    first = readout_gradient(mesh, potential, lattice_positions, GRADIENT_ORDER)
    source = second_order_source(mesh, potential)
    second_potential = inverse_laplacian(mesh, source)
    second = readout_gradient(mesh, second_potential, lattice_positions, GRADIENT_ORDER)
    return first, second


def second_order_source(mesh: Mesh, potential):
    """Source of the second-order displacement, 3/7 sum_{i<j} (u_ii u_jj - u_ij^2).

    Args:
        mesh: the mesh.
        potential: u, this rank's slab [(Mpc/h)^2].

    Returns:
        This rank's slab, dimensionless.
    """

    def second_derivative(first_derivative, axis):
        return finite_difference(mesh, first_derivative, axis, GRADIENT_ORDER)

    along_x, along_y, along_z = (second_derivative(potential, axis) for axis in range(3))
    xx, xy = second_derivative(along_x, 0), second_derivative(along_x, 1)
    yy, yz = second_derivative(along_y, 1), second_derivative(along_y, 2)
    zz, zx = second_derivative(along_z, 2), second_derivative(along_z, 0)
    return (3 / 7) * (xx * yy + yy * zz + zz * xx - xy**2 - yz**2 - zx**2)
