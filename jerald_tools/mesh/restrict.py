# SPDX-License-Identifier: GPL-3.0-or-later
"""From a mesh to one whose cells are larger by a whole factor: means with cloud-in-cell weights.

Node i of the coarse mesh lies on node R i of the fine one. Along each axis it takes the fine nodes
R i + j with the weights (R - |j|) / R^2, |j| < R, whose sum is 1: a quarter, a half and a quarter
for R = 2. This is what painting gives if each fine node is a particle: its value is conserved.
"""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from jerald_tools.mesh.mesh import AnyArray, Mesh, raw_operations, with_adjoint


def refined(mesh: Mesh, factor: int) -> Mesh:
    """The mesh of the same box with ``factor`` times the nodes along each axis."""
    nx, ny, nz = (factor * nodes for nodes in mesh.shape)
    return dataclasses.replace(mesh, shape=(nx, ny, nz))


def restrict(
    mesh: Mesh, factor: int, field: Float[AnyArray, "fine_x fine_y fine_z"]
) -> Float[Array, "x y z"]:
    """Weighted means of a field on the finer mesh, at the nodes of the coarser one.

    Args:
        mesh: the coarser one.
        factor: R, at least 1; with 1 the field is returned as it is.
        field: this rank's slab on ``refined(mesh, factor)``.

    Returns:
        This rank's slab on ``mesh``, in the units and with the mean of the field.
    """
    return jnp.asarray(field) if factor == 1 else _restrict(mesh, factor, field)


@with_adjoint(static=(0, 1))
def _restrict(mesh: Mesh, factor: int, field) -> Array:
    return raw_operations(mesh).restrict(mesh, factor, field)


_restrict.defvjp(
    lambda mesh, factor, field: (_restrict(mesh, factor, field), None),
    lambda mesh, factor, _, coarse_bar: (
        raw_operations(mesh).restrict_adjoint(mesh, factor, coarse_bar),
    ),
)
