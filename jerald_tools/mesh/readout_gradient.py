# SPDX-License-Identifier: GPL-3.0-or-later
"""The gradient of a field at the particles: a finite-difference stencil and one readout."""

import functools

import jax

from jerald_tools.mesh.backends import raw_operations
from jerald_tools.mesh.mesh import Mesh


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 3))
def readout_gradient(mesh: Mesh, field, positions, order: int = 6):
    """Finite-difference gradient of a field, interpolated at particles (cloud-in-cell).

    Equal to multiplying the field's spectrum by i D(k) for each axis and reading out three
    inverse transforms, with D = (45 sin kh - 9 sin 2kh + sin 3kh)/(30 h) for order 6 (equation (2))
    and (8 sin kh - sin 2kh)/(6 h) for order 4 (FastPM): the stencil needs one.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        positions: this rank's particles, (n, 3) [Mpc/h], anywhere.
        order: order of the stencil's error, 4 or 6.

    Returns:
        Gradients (n, 3), field units per Mpc/h.
    """
    return raw_operations(mesh).readout_gradient(mesh, field, positions, order)


def _adjoint(mesh, order, operands, gradients_bar):
    field, positions = operands
    raw = raw_operations(mesh)
    # Two calls, so that in one process XLA leaves out the one whose result nobody uses.
    return (
        raw.readout_gradient_field_bar(mesh, positions, order, gradients_bar),
        raw.readout_gradient_positions_bar(mesh, field, positions, order, gradients_bar),
    )


readout_gradient.defvjp(
    lambda mesh, field, positions, order: (
        readout_gradient(mesh, field, positions, order),
        (field, positions),
    ),
    _adjoint,
)
