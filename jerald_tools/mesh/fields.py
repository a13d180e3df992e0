# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations on fields: Fourier transforms, convolution, differences, products of modes, sums."""

import functools

import jax
import jax.numpy as jnp

from jerald_tools.mesh.mesh import Mesh, raw_operations
from jerald_tools.mesh.wavenumbers import hermitian_weights

# Fourier transforms of real fields over all ranks.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def r2c(mesh: Mesh, field):
    """Half spectrum of a real field: sum of f exp(-ikx) over the nodes, over their number.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).

    Returns:
        This rank's part of the spectrum, ``mesh.spectrum_shape``, in units of the field.
    """
    return raw_operations(mesh).r2c(mesh, field)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def c2r(mesh: Mesh, spectrum):
    """Real field of a half spectrum: sum of c exp(ikx) over all modes, not normalised.

    Args:
        mesh: the mesh.
        spectrum: this rank's part, ``mesh.spectrum_shape``.

    Returns:
        This rank's slab (nx_local, ny, nz), in units of the spectrum.
    """
    return raw_operations(mesh).c2r(mesh, spectrum)


def _r2c_adjoint(mesh, _, spectrum_bar):
    weights = hermitian_weights(mesh).astype(mesh.dtype)
    return (raw_operations(mesh).c2r(mesh, jnp.conj(spectrum_bar) / weights) / mesh.size,)


def _c2r_adjoint(mesh, _, field_bar):
    weights = (mesh.size * hermitian_weights(mesh)).astype(mesh.dtype)
    return (weights * jnp.conj(raw_operations(mesh).r2c(mesh, field_bar)),)


r2c.defvjp(lambda mesh, field: (r2c(mesh, field), None), _r2c_adjoint)
c2r.defvjp(lambda mesh, spectrum: (c2r(mesh, spectrum), None), _c2r_adjoint)


# Isotropic filters: convolution with a kernel given by its Fourier transform.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def convolve(mesh: Mesh, field, kernel):
    """Multiply a field's spectrum by an isotropic function of k (equation (5)).

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        kernel: the function's values at :func:`jerald_tools.mesh.wavenumbers.wavenumber_table`,
            (entries,), the same on every rank.

    Returns:
        This rank's slab of the filtered field. Under differentiation the kernel's cotangent holds
        this rank's modes only (see :func:`jerald_tools.mesh.ranks.spread`).
    """
    return raw_operations(mesh).convolve(mesh, field, kernel)


def convolve_adjoint(mesh: Mesh, field, kernel, result_bar):
    """Cotangents of field and kernel from that of :func:`convolve`'s result.

    The kernel's sums over this rank's modes only.
    """
    return raw_operations(mesh).convolve_adjoint(mesh, field, kernel, result_bar)


def _forward(mesh, field, kernel):
    result = convolve(mesh, field.value, kernel.value)
    # The field itself is kept, not its spectrum: often it is an input that is kept anyway.
    return result, (
        field.value if kernel.perturbed else None,
        kernel.value if field.perturbed else None,
        jnp.zeros(0, kernel.value.dtype),
    )


def _adjoint(mesh, operands, result_bar):
    field, kernel, kernel_type = operands
    raw = raw_operations(mesh)
    if field is None:
        return raw.convolve(mesh, result_bar, kernel), None
    if kernel is None:
        return None, raw.convolve_kernel_bar(mesh, field, result_bar).astype(kernel_type.dtype)
    return convolve_adjoint(mesh, field, kernel, result_bar)


convolve.defvjp(_forward, _adjoint, symbolic_zeros=True)


# Derivatives on the mesh: central finite differences.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 2, 3))
def finite_difference(mesh: Mesh, field, axis: int, order: int):
    """Central finite difference of a field along one axis.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        axis: 0, 1 or 2 for x, y or z.
        order: order of the error, 4 (eight and one twelfths) or 6.

    Returns:
        This rank's slab of the derivative, field units per Mpc/h.
    """
    return raw_operations(mesh).finite_difference(mesh, field, axis, order)


finite_difference.defvjp(
    lambda mesh, field, axis, order: (finite_difference(mesh, field, axis, order), None),
    # A central difference is antisymmetric.
    lambda mesh, axis, order, _, bar: (
        -raw_operations(mesh).finite_difference(mesh, bar, axis, order),
    ),
)


# Products of two fields' modes, summed over all modes of one |k|: what power spectra are made of.
#
# These are the sums that collect the gradient of an isotropic filter, and their own gradient is
# such a filter.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def mode_products(mesh: Mesh, first, second):
    """Sum of Re(a conj(b)) over the modes of each |k|, differentiable.

    Args:
        mesh: the mesh.
        first: this rank's slab (nx_local, ny, nz) of the field with modes a, as of
            :func:`jerald_tools.mesh.fields.r2c`.
        second: that of the field with modes b, the same.

    Returns:
        One float64 sum over this rank's modes for each entry of
        :func:`jerald_tools.mesh.wavenumbers.wavenumber_table`, (entries,); modes that stand for
        their conjugates count twice. Sum it over the ranks.
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


# Sums of a field over regions that are ranges of indices, read once.


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
