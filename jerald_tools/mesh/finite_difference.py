# SPDX-License-Identifier: GPL-3.0-or-later
"""Derivatives on the mesh: central finite differences."""

import functools

import jax

from jerald_tools.mesh.backends import raw_operations
from jerald_tools.mesh.mesh import Mesh


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 2, 3))
def finite_difference(mesh: Mesh, field, axis: int, order: int):
    """Central finite difference of a field along one axis.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        axis: 0, 1 or 2 for x, y or z.
        order: order of the error, 4 (eight and one twelfths) or 6.

    Returns:
        This rank's slab of the derivative, field units per Mpc/h.
    """
    return raw_operations(mesh).finite_difference(mesh, field, axis, order)


finite_difference.defvjp(
    lambda mesh, field, axis, order: (finite_difference(mesh, field, axis, order), None),
    # A central difference is antisymmetric.
    lambda mesh, axis, order, _, bar: (
        -raw_operations(mesh).finite_difference(mesh, bar, axis, order),
    ),
)
