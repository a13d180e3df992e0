# SPDX-License-Identifier: GPL-3.0-or-later
"""The native library's powers of fields, see :mod:`jerald_tools.mesh.native`."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from jerald_tools.mesh.mesh import AnyArray, Mesh, PowerTerm
from jerald_tools.mesh.native_call import call
from jerald_tools.mesh.operands import field_of, real, spectrum_of
from jerald_tools.mesh.wavenumbers import mode_index_axes


def scaled_power(
    mesh: Mesh, field: Float[AnyArray, "x y z"], factor, exponent
) -> Float[Array, "x y z"]:
    """Factor times a power of a positive field."""
    operands = (real(mesh, field), _pair(factor, exponent))
    return call(mesh, "power", [field_of(mesh)], *operands)[0]


def scaled_power_adjoint(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    factor,
    exponent,
    cotangent: Float[AnyArray, "x y z"],
    wanted: bool,
):
    """Cotangents of field, None unless ``wanted``, factor and exponent.

    The last two sum over this rank's part.
    """
    operands = (real(mesh, field), _pair(factor, exponent), real(mesh, cotangent))
    of_field = field_of(mesh) if wanted else ((0,), mesh.dtype)
    results = [of_field, ((2,), np.dtype(np.float64))]
    field_bar, bars = call(mesh, "power_adjoint", results, *operands)
    factor_bar, exponent_bar = bars
    return (
        field_bar if wanted else None,
        factor_bar.astype(factor.dtype),
        exponent_bar.astype(exponent.dtype),
    )


def _pair(first, second):
    return jnp.stack([jnp.asarray(first, jnp.float64), jnp.asarray(second, jnp.float64)])


def filtered_powers(
    mesh: Mesh, terms: Sequence[PowerTerm], offsets: Sequence[float], keep_spectra: bool
) -> tuple[Float[Array, "x y z"], list[Complex[Array, "kx ky kz"]]]:
    """Sum of the terms' powers of (field + offset), each convolved with its kernel.

    Their spectra, over the number of nodes, are kept for the adjoint on request.
    """
    operands = [operand for term in terms for operand in _term(mesh, term)]
    results = [field_of(mesh)] + [spectrum_of(mesh)] * (len(terms) if keep_spectra else 0)
    attributes = {
        "offsets": np.asarray(offsets, np.float64),
        "keep_spectra": np.int64(keep_spectra),
    }
    operands = (*operands, *mode_index_axes(mesh))
    result, *spectra = call(mesh, "filtered_powers", results, *operands, **attributes)
    return result, spectra


def filtered_powers_adjoint(
    mesh: Mesh,
    terms: Sequence[PowerTerm],
    offsets: Sequence[float],
    spectra: Sequence[Complex[AnyArray, "kx ky kz"]],
    wanted: Sequence[bool],
    cotangent: Float[AnyArray, "x y z"],
) -> list[PowerTerm]:
    """Cotangents of all terms from that of their sum, of the fields where ``wanted``.

    Those of the exponents and kernels sum over this rank's own part.
    """
    operands, results = [real(mesh, cotangent)], []
    for term, spectrum, is_wanted in zip(terms, spectra, wanted, strict=True):
        operands += [*_term(mesh, term), spectrum]
        results += [
            field_of(mesh) if is_wanted else ((0,), mesh.dtype),
            ((1,), np.dtype(np.float64)),
            (term.kernel.shape, mesh.dtype),
        ]
    operands = (*operands, *mode_index_axes(mesh))
    added = np.asarray(offsets, np.float64)
    found = call(mesh, "filtered_powers_adjoint", results, *operands, offsets=added)
    bars = []
    for number, (term, is_wanted) in enumerate(zip(terms, wanted, strict=True)):
        field, exponent, kernel = found[3 * number : 3 * number + 3]
        bars.append(
            PowerTerm(
                field if is_wanted else None,
                exponent[0].astype(term.exponent.dtype),
                kernel.astype(term.kernel.dtype),
            )
        )
    return bars


def _term(mesh: Mesh, term: PowerTerm):
    exponent = jnp.asarray(term.exponent, jnp.float64).reshape(1)
    return real(mesh, term.field), exponent, real(mesh, term.kernel)
