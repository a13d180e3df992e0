# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations on fields: Fourier transforms, convolution, differences, products of modes, sums.

Each operation is followed by its adjoint.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from jerald_tools.mesh.mesh import AnyArray, Mesh, raw_operations, with_adjoint
from jerald_tools.mesh.ranks import gather
from jerald_tools.mesh.wavenumbers import hermitian_weights


@with_adjoint()
def r2c(mesh: Mesh, field: Float[AnyArray, "x y z"]) -> Complex[Array, "kx ky kz"]:
    """Half spectrum of a real field, c_k = sum_x f(x) exp(-ikx) / N^3, in units of the field.

    N^3 is the number of nodes of the whole mesh.
    """
    return raw_operations(mesh).r2c(mesh, field)


def _r2c_adjoint(mesh, _, spectrum_bar):
    weights = hermitian_weights(mesh).astype(mesh.dtype)
    return (raw_operations(mesh).c2r(mesh, jnp.conj(spectrum_bar) / weights) / mesh.size,)


r2c.defvjp(lambda mesh, field: (r2c(mesh, field), None), _r2c_adjoint)


@with_adjoint()
def c2r(mesh: Mesh, spectrum: Complex[AnyArray, "kx ky kz"]) -> Float[Array, "x y z"]:
    """Real field of a half spectrum, f(x) = sum_k c_k exp(ikx) over all modes, not normalised."""
    return raw_operations(mesh).c2r(mesh, spectrum)


def _c2r_adjoint(mesh, _, field_bar):
    weights = (mesh.size * hermitian_weights(mesh)).astype(mesh.dtype)
    return (weights * jnp.conj(raw_operations(mesh).r2c(mesh, field_bar)),)


c2r.defvjp(lambda mesh, spectrum: (c2r(mesh, spectrum), None), _c2r_adjoint)


@with_adjoint()
def convolve(
    mesh: Mesh, field: Float[AnyArray, "x y z"], kernel: Float[AnyArray, " k"]
) -> Float[Array, "x y z"]:
    """Multiply a field's spectrum by an isotropic function of |k| (equation (5)).

    Args:
        mesh: of the field.
        field: to be filtered.
        kernel: the function at :func:`jerald_tools.mesh.wavenumbers.wavenumber_table`, the same on
            every rank. Its cotangent holds this rank's modes only, see
            :func:`jerald_tools.mesh.ranks.spread`.
    """
    return raw_operations(mesh).convolve(mesh, field, kernel)


def convolve_adjoint(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    kernel: Float[AnyArray, " k"],
    result_bar: Float[AnyArray, "x y z"],
) -> tuple[Float[Array, "x y z"], Float[Array, " k"]]:
    """Cotangents of field and kernel from that of :func:`convolve`'s result.

    The kernel's sums over this rank's modes only.
    """
    return raw_operations(mesh).convolve_adjoint(mesh, field, kernel, result_bar)


def _convolve_forward(mesh, field, kernel):
    result = convolve(mesh, field.value, kernel.value)
    # The field itself is kept, not its spectrum: often it is an input that is kept anyway.
    return result, (
        field.value if kernel.perturbed else None,
        kernel.value if field.perturbed else None,
        jnp.zeros(0, kernel.value.dtype),
    )


def _convolve_backward(mesh, operands, result_bar):
    field, kernel, kernel_type = operands
    raw = raw_operations(mesh)
    if field is None:
        return raw.convolve(mesh, result_bar, kernel), None
    if kernel is None:
        return None, raw.convolve_kernel_bar(mesh, field, result_bar).astype(kernel_type.dtype)
    return convolve_adjoint(mesh, field, kernel, result_bar)


convolve.defvjp(_convolve_forward, _convolve_backward, symbolic_zeros=True)


@with_adjoint(static=(0, 2, 3))
def finite_difference(
    mesh: Mesh, field: Float[AnyArray, "x y z"], axis: int, order: int
) -> Float[Array, "x y z"]:
    """Central finite difference along one axis, in units of the field per Mpc/h.

    Args:
        mesh: of the field.
        field: to be differentiated.
        axis: 0, 1 or 2 for x, y or z.
        order: of the error, 4 (coefficients 8/12 and -1/12) or 6 (45/60, -9/60 and 1/60).
    """
    return raw_operations(mesh).finite_difference(mesh, field, axis, order)


finite_difference.defvjp(
    lambda mesh, field, axis, order: (finite_difference(mesh, field, axis, order), None),
    # A central difference is antisymmetric.
    lambda mesh, axis, order, _, bar: (
        -raw_operations(mesh).finite_difference(mesh, bar, axis, order),
    ),
)


@with_adjoint()
def mode_products(
    mesh: Mesh, first: Float[AnyArray, "x y z"], second: Float[AnyArray, "x y z"]
) -> Float[Array, " k"]:
    """Sum of Re(a conj(b)) over the modes of each |k|, for the spectra a, b of two fields.

    Power spectra are made of these sums. They are those that collect the gradient of an isotropic
    filter, and their own gradient is such a filter.

    Returns:
        A float64 sum over this rank's modes for each entry of
        :func:`jerald_tools.mesh.wavenumbers.wavenumber_table`; modes that stand for their
        conjugates count twice. Sum it over the ranks.
    """
    sums = raw_operations(mesh).convolve_kernel_bar(mesh, first, second)
    return sums.astype(jnp.float64) / mesh.size


def _mode_products_adjoint(mesh, fields, sums_bar):
    first, second = fields
    kernel = (sums_bar / mesh.size).astype(mesh.dtype)
    return convolve(mesh, second, kernel), convolve(mesh, first, kernel)


mode_products.defvjp(
    lambda mesh, first, second: (mode_products(mesh, first, second), (first, second)),
    _mode_products_adjoint,
)


@with_adjoint(static=(0, 2, 3))
def region_sums(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    upper_start: int,
    corner: tuple[int, int, int],
) -> Float[Array, "3"]:
    """Sum a field over three regions that fill the mesh, reading it once, in float64.

    Args:
        mesh: of the field.
        field: to be summed.
        upper_start: nodes of this z-index or more are the upper region.
        corner: nodes whose indices all lie below these, at most ``upper_start`` along z, are the
            corner.

    Returns:
        Sums over this rank's nodes: upper region, the rest, corner.
    """
    return raw_operations(mesh).region_sums(mesh, field, upper_start, corner)


def _region_sums_adjoint(mesh, upper_start, corner, _, sums_bar):
    shape = mesh.local_shape
    x, y, z = (jax.lax.broadcasted_iota(jnp.int32, shape, axis) for axis in range(3))
    in_corner = (x + mesh.x_start < corner[0]) & (y < corner[1]) & (z < corner[2])
    upper, rest, cornered = sums_bar.astype(mesh.dtype)
    return (jnp.where(z >= upper_start, upper, jnp.where(in_corner, cornered, rest)),)


region_sums.defvjp(
    lambda mesh, field, upper_start, corner: (region_sums(mesh, field, upper_start, corner), None),
    _region_sums_adjoint,
)


def mean_square(mesh: Mesh, field: Float[AnyArray, "x y z"]) -> float:
    """Mean of a field's squares over all nodes of all ranks (outside jit)."""
    squares = np.sum(np.square(np.asarray(field, np.float64)))
    return sum(gather(mesh.ranks, squares)) / mesh.size
