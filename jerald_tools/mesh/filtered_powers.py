# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums of powers of fields, each convolved with a kernel of its own: the potentials of layers.

One operation with its adjoint. It transforms forward once for each field and back once; between the
passes it keeps the fields and the spectra of their powers, and no power.
"""

from collections.abc import Sequence

from jaxtyping import Array, Float

from jerald_tools.mesh.mesh import Mesh, PowerTerm, raw_operations, with_adjoint


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
    # Only whether a field needs a cotangent: a number of entries, which is static.
    needs = [term.field.value if term.field.perturbed else None for term in terms]
    return result, (values, spectra, needs)


def _adjoint(mesh, offsets, kept, result_bar):
    terms, spectra, needs = kept
    wanted = [field is not None for field in needs]
    raw = raw_operations(mesh)
    return (raw.filtered_powers_adjoint(mesh, terms, offsets, spectra, wanted, result_bar),)


filtered_powers.defvjp(_forward, _adjoint, symbolic_zeros=True)
