# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums of a field over regions that are ranges of indices, read once."""

import functools

import jax
import jax.numpy as jnp

from jerald_tools.mesh.backends import raw_operations
from jerald_tools.mesh.mesh import Mesh


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 2, 3))
def region_sums(mesh: Mesh, field, upper_start: int, corner: tuple[int, int, int]):
    """Sum a field over three regions that fill the mesh, accumulated in float64.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        upper_start: nodes of this z-index or more are the upper region.
        corner: nodes whose indices all lie below these, at most ``upper_start`` along z, are the
            corner.

    Returns:
        Sums (3,) float64 over this rank's nodes: upper region, the rest, corner.
    """
    return raw_operations(mesh).region_sums(mesh, field, upper_start, corner)


def _adjoint(mesh, upper_start, corner, _, sums_bar):
    shape = mesh.local_shape
    x, y, z = (jax.lax.broadcasted_iota(jnp.int32, shape, axis) for axis in range(3))
    in_corner = (x + mesh.x_start < corner[0]) & (y < corner[1]) & (z < corner[2])
    upper, rest, cornered = sums_bar.astype(mesh.dtype)
    return (jnp.where(z >= upper_start, upper, jnp.where(in_corner, cornered, rest)),)


region_sums.defvjp(
    lambda mesh, field, upper_start, corner: (region_sums(mesh, field, upper_start, corner), None),
    _adjoint,
)
