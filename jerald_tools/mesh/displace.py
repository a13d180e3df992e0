# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles moved along the gradient of a field, in one operation (equation (1))."""

import functools

import jax

from jerald_tools.mesh.backends import raw_operations
from jerald_tools.mesh.mesh import Mesh


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 3))
def displace(mesh: Mesh, field, positions, order: int = 6):
    """Positions plus the field's gradient at them, see :func:`readout_gradient`.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz) [(Mpc/h)^2].
        positions: this rank's particles, (n, 3) [Mpc/h], anywhere.
        order: order of the stencil's error, 4 or 6.

    Returns:
        New positions (n, 3) [Mpc/h], not wrapped into the box.
    """
    return raw_operations(mesh).readout_gradient(mesh, field, positions, order, onto=positions)


def _forward(mesh, field, positions, order):
    # Positions that nothing depends on, as those before the first layer, need no cotangent: over
    # ranks XLA could not leave it out.
    operands = field.value if positions.perturbed else None, positions.value
    return displace(mesh, field.value, positions.value, order), operands


def _adjoint(mesh, order, operands, moved_bar):
    field, positions = operands
    raw = raw_operations(mesh)
    field_bar = raw.readout_gradient_field_bar(mesh, positions, order, moved_bar)
    if field is None:
        return field_bar, None
    return field_bar, raw.readout_gradient_positions_bar(
        mesh, field, positions, order, moved_bar, onto=moved_bar
    )


displace.defvjp(_forward, _adjoint, symbolic_zeros=True)
