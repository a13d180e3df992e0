# SPDX-License-Identifier: GPL-3.0-or-later
"""The source of a displacement: a power of a field, filtered (G * f of equation (2))."""

import functools

import jax

from jerald_tools.mesh.convolve import convolve, convolve_adjoint
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.power_law import computed_late, power_law, power_law_adjoint


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 4))
def filtered_power_law(mesh: Mesh, field, exponent, kernel, offset: float = 0.0):
    """Convolve (field + offset)^exponent with an isotropic kernel.

    As one operation, so that its adjoint can compute the power again: between the passes it keeps
    nothing but the field.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz), positive with the offset.
        exponent: scalar.
        kernel: table as for :func:`jerald_tools.mesh.convolve.convolve`.
        offset: constant added to the field.

    Returns:
        This rank's slab of the filtered power.
    """
    return convolve(mesh, power_law(field + offset, exponent), kernel)


def _forward(mesh, field, exponent, kernel, offset):
    return filtered_power_law(mesh, field, exponent, kernel, offset), (field, exponent, kernel)


def _adjoint(mesh, offset, operands, result_bar):
    field, exponent, kernel = operands
    exponent = computed_late(exponent, result_bar)
    power = power_law(field + offset, exponent)
    power_bar, kernel_bar = convolve_adjoint(mesh, power, kernel, result_bar)
    field_bar, exponent_bar = power_law_adjoint(field + offset, exponent, power, power_bar)
    return field_bar, exponent_bar, kernel_bar


filtered_power_law.defvjp(_forward, _adjoint)
