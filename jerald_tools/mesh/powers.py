# SPDX-License-Identifier: GPL-3.0-or-later
"""Powers of fields, and sums of them, each convolved with a kernel: the potentials of layers.

Each is one operation with its adjoint, which computes the powers again: they are not kept between
the passes. A sum transforms forward once for each field and back once; the spectra are kept.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jerald_tools.mesh.mesh import Mesh, PowerTerm, raw_operations, with_adjoint


@with_adjoint()
def scaled_power(
    mesh: Mesh, field: Float[Array, "x y z"], factor: ArrayLike, exponent: ArrayLike
) -> Float[Array, "x y z"]:
    """Factor times a power of a field.

    Args:
        mesh: of the field.
        field: positive values, this rank's slab.
        factor: scalar. Over ranks its cotangent and the exponent's, accumulated in float64, hold
            this rank's part, see :func:`jerald_tools.mesh.ranks.spread`.
        exponent: scalar.
    """
    return raw_operations(mesh).scaled_power(mesh, field, factor, exponent)


def _scaled_forward(mesh, field, factor, exponent):
    values = (field.value, jnp.asarray(factor.value), jnp.asarray(exponent.value))
    needs = field.value if field.perturbed else None
    return scaled_power(mesh, *values), (values, needs)


def _scaled_adjoint(mesh, kept, result_bar):
    values, needs = kept
    raw = raw_operations(mesh)
    return raw.scaled_power_adjoint(mesh, *values, result_bar, needs is not None)


scaled_power.defvjp(_scaled_forward, _scaled_adjoint, symbolic_zeros=True)


@with_adjoint(static=(0, 2))
def filtered_powers(
    mesh: Mesh, terms: Sequence[PowerTerm], offsets: tuple[float, ...]
) -> Float[Array, "x y z"]:
    """Sum over the terms of (field + offset)^exponent convolved with the kernel.

    Args:
        mesh: of the fields.
        terms: fields, positive with their offsets; exponents; kernels as for
            :func:`jerald_tools.mesh.fields.convolve`. Over ranks the cotangents of exponents and
            kernels hold this rank's part, see :func:`jerald_tools.mesh.ranks.spread`.
        offsets: constants added to the fields, one for each term.

    Returns:
        This rank's slab of the sum.
    """
    return raw_operations(mesh).filtered_powers(mesh, terms, offsets, False)[0]


def _forward(mesh, terms, offsets):
    values = [PowerTerm(*(operand.value for operand in term)) for term in terms]
    result, spectra = raw_operations(mesh).filtered_powers(mesh, values, offsets, True)
    needs = [term.field.value if term.field.perturbed else None for term in terms]
    return result, (values, spectra, needs)


def _adjoint(mesh, offsets, kept, result_bar):
    terms, spectra, needs = kept
    wanted = [field is not None for field in needs]
    raw = raw_operations(mesh)
    return (raw.filtered_powers_adjoint(mesh, terms, offsets, spectra, wanted, result_bar),)


filtered_powers.defvjp(_forward, _adjoint, symbolic_zeros=True)
