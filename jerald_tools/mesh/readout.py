# SPDX-License-Identifier: GPL-3.0-or-later
"""A field at the particles: cloud-in-cell interpolation."""

import functools

import jax

from jerald_tools.mesh.backends import raw_operations
from jerald_tools.mesh.mesh import Mesh


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def readout(mesh: Mesh, field, positions):
    """Interpolate a field at particles with the cloud-in-cell weights of painting.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        positions: this rank's particles, (n, 3) [Mpc/h], anywhere.

    Returns:
        Values (n,) in units of the field.
    """
    return raw_operations(mesh).readout(mesh, field, positions)


def _adjoint(mesh, operands, values_bar):
    field, positions = operands
    slopes = raw_operations(mesh).readout_slope(mesh, field, positions)
    field_bar = raw_operations(mesh).paint(mesh, positions, values_bar)
    return field_bar, values_bar[:, None] * slopes


readout.defvjp(
    lambda mesh, field, positions: (readout(mesh, field, positions), (field, positions)), _adjoint
)
