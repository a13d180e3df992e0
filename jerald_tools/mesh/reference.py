# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh operations in pure JAX: the readable reference, one process, any device.

Same functions and arguments as :mod:`jerald_tools.mesh.native`, without derivatives; the public
operations beside this file add them.
"""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from jerald_tools.mesh.mesh import AnyArray, Mesh, PowerTerm
from jerald_tools.mesh.wavenumbers import hermitian_weights, mode_index_axes, wavenumber_table

# Coefficients of f(x + m h) - f(x - m h), m = 1, 2, 3, times 1/h, by the order of the error.
STENCILS = {4: (8 / 12, -1 / 12), 6: (45 / 60, -9 / 60, 1 / 60)}

CORNERS = tuple(itertools.product((0, 1), repeat=3))


def _cells_and_offsets(mesh: Mesh, positions):
    """Cell of each particle, (n, 3) int, and its offset in it in units of the cell, in [0, 1]."""
    box = jnp.asarray(mesh.box_size, mesh.dtype)
    cell_size = jnp.asarray(mesh.cell_size, mesh.dtype)
    scaled = (positions - box * jnp.floor(positions / box)) / cell_size
    cells = scaled.astype(jnp.int32)
    return cells, scaled - cells.astype(mesh.dtype)


def _corner_nodes(mesh: Mesh, cells, corner):
    """Indices (x, y, z) of one corner of the particles' cells, wrapped."""
    return tuple((cells[:, axis] + corner[axis]) % mesh.shape[axis] for axis in range(3))


def _axis_weights(offsets, corner):
    """Cloud-in-cell weight along each axis for one corner: 1 - d or d."""
    return [offsets[:, a] if corner[a] else 1 - offsets[:, a] for a in range(3)]


def paint(
    mesh: Mesh, positions: Float[AnyArray, "n 3"], weights: Float[AnyArray, " n"] | None = None
) -> Float[Array, "x y z"]:
    """Cloud-in-cell sum of weights, 1 for each particle without them."""
    cells, offsets = _cells_and_offsets(mesh, positions)
    weights = jnp.ones((), mesh.dtype) if weights is None else weights
    field = jnp.zeros(mesh.shape, mesh.dtype)
    for corner in CORNERS:
        wx, wy, wz = _axis_weights(offsets, corner)
        field = field.at[_corner_nodes(mesh, cells, corner)].add(weights * wx * wy * wz)
    return field


def readout(
    mesh: Mesh, field: Float[AnyArray, "x y z"], positions: Float[AnyArray, "n 3"]
) -> Float[Array, " n"]:
    """Cloud-in-cell interpolation of a field."""
    cells, offsets = _cells_and_offsets(mesh, positions)
    values = jnp.zeros(positions.shape[0], mesh.dtype)
    for corner in CORNERS:
        wx, wy, wz = _axis_weights(offsets, corner)
        values += wx * wy * wz * field[_corner_nodes(mesh, cells, corner)]
    return values


def readout_slope(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Derivative of the interpolation by the position, field units per Mpc/h, added to ``onto``."""
    cells, offsets = _cells_and_offsets(mesh, positions)
    slopes = jnp.zeros((3, positions.shape[0]), mesh.dtype)
    for corner in CORNERS:
        wx, wy, wz = _axis_weights(offsets, corner)
        sx, sy, sz = (1 if upper else -1 for upper in corner)
        value = field[_corner_nodes(mesh, cells, corner)]
        slopes += value * jnp.stack([sx * wy * wz, wx * sy * wz, wx * wy * sz])
    slopes = slopes.T / jnp.asarray(mesh.cell_size, mesh.dtype)
    return slopes if onto is None else jnp.asarray(onto) + slopes


def finite_difference(
    mesh: Mesh, field: Float[AnyArray, "x y z"], axis: int, order: int
) -> Float[Array, "x y z"]:
    """Central finite difference along an axis, of fourth or sixth order, field units per Mpc/h."""
    result = jnp.zeros_like(field)
    for reach, coefficient in enumerate(STENCILS[order], start=1):
        difference = jnp.roll(field, -reach, axis) - jnp.roll(field, reach, axis)
        result += np.asarray(coefficient / mesh.cell_size[axis], mesh.dtype) * difference
    return result


def readout_gradient(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    order: int,
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Finite-difference gradient of a field read out at particles, added to ``onto``."""
    slopes = [finite_difference(mesh, field, axis, order) for axis in range(3)]
    gradients = jnp.stack([readout(mesh, slope, positions) for slope in slopes], axis=1)
    return gradients if onto is None else jnp.asarray(onto) + gradients


def readout_gradient_field_bar(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    order: int,
    cotangent: Float[AnyArray, "n 3"],
) -> Float[Array, "x y z"]:
    """Cotangent of the field from that of :func:`readout_gradient`'s result."""
    # A central difference is antisymmetric.
    painted = [paint(mesh, positions, cotangent[:, axis]) for axis in range(3)]
    slopes = (finite_difference(mesh, painted[axis], axis, order) for axis in range(3))
    return -sum(slopes, start=jnp.zeros((), mesh.dtype))


def readout_gradient_positions_bar(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    order: int,
    cotangent: Float[AnyArray, "n 3"],
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Cotangent of the positions from that of :func:`readout_gradient`, added to ``onto``."""
    positions_bar = jnp.zeros_like(positions) if onto is None else jnp.asarray(onto)
    for axis in range(3):
        slope = readout_slope(mesh, finite_difference(mesh, field, axis, order), positions)
        positions_bar += cotangent[:, axis, None] * slope
    return positions_bar


def paint_adjoint(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    field_bar: Float[AnyArray, "x y z"],
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Cotangent of the positions from that of the painted field, added to ``onto``."""
    return readout_slope(mesh, field_bar, positions, onto)


def move_adjoint(
    mesh: Mesh,
    potential: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    order: int,
    moved_bar: Float[AnyArray, "n 3"],
) -> tuple[Float[Array, "x y z"], Float[Array, "n 3"]]:
    """Cotangents of potential and positions from that of positions moved by the gradient."""
    return (
        readout_gradient_field_bar(mesh, positions, order, moved_bar),
        readout_gradient_positions_bar(mesh, potential, positions, order, moved_bar, moved_bar),
    )


def region_sums(
    mesh: Mesh, field: Float[AnyArray, "x y z"], upper_start: int, corner: tuple[int, int, int]
) -> Float[Array, "3"]:
    """Sums of all nodes in three regions, (3,) float64."""

    def total(part):
        return jnp.sum(part, dtype=jnp.float64)

    x, y, z = corner
    in_corner = total(field[:x, :y, :z])
    below = total(field[:, :, :upper_start])
    return jnp.stack([total(field[:, :, upper_start:]), below - in_corner, in_corner])


def restrict(
    mesh: Mesh, factor: int, field: Float[AnyArray, "fine_x fine_y fine_z"]
) -> Float[Array, "x y z"]:
    """Means with weights (R - |j|) / R^2, |j| < R, along each axis, R = ``factor``."""
    result = jnp.asarray(field, mesh.dtype)
    for axis in range(3):
        result = _restrict_axis(result, axis, factor)
    return result


def _restrict_axis(field: Array, axis: int, factor: int) -> Array:
    before, after = field.shape[:axis], field.shape[axis + 1 :]
    groups = field.reshape(*before, -1, factor, *after)
    parts = [jax.lax.index_in_dim(groups, j, axis + 1, keepdims=False) for j in range(factor)]
    result = parts[0] * np.asarray(1 / factor, field.dtype)
    for j in range(1, factor):
        weight = np.asarray((factor - j) / factor**2, field.dtype)
        # Node -j of a group is the last but j - 1 of the group before.
        result += weight * (parts[j] + jnp.roll(parts[factor - j], 1, axis))
    return result


def restrict_adjoint(
    mesh: Mesh, factor: int, coarse_bar: Float[AnyArray, "x y z"]
) -> Float[Array, "fine_x fine_y fine_z"]:
    """Cotangent of the finer field from that of the means."""
    fine = jax.ShapeDtypeStruct(tuple(factor * n for n in mesh.shape), mesh.dtype)
    transposed = jax.linear_transpose(lambda field: restrict(mesh, factor, field), fine)
    return transposed(jnp.asarray(coarse_bar, mesh.dtype))[0]


def r2c(mesh: Mesh, field: Float[AnyArray, "x y z"]) -> Complex[Array, "kx ky kz"]:
    """Half spectrum of a real field, sum over nodes / number of nodes."""
    return (jnp.fft.rfftn(field) / mesh.size).astype(mesh.complex_dtype)


def c2r(mesh: Mesh, spectrum: Complex[AnyArray, "kx ky kz"]) -> Float[Array, "x y z"]:
    """Real field of a half spectrum, not normalised."""
    return jnp.fft.irfftn(spectrum, mesh.shape, norm="forward").astype(mesh.dtype)


def _mode_indices(mesh: Mesh):
    # XLA would add the three at compilation, entry by entry, and keep the result.
    first, second, third = jax.lax.optimization_barrier(mode_index_axes(mesh))
    return first[:, None, None] + second[None, :, None] + third[None, None, :]


def convolve(
    mesh: Mesh, field: Float[AnyArray, "x y z"], kernel: Float[AnyArray, " k"]
) -> Float[Array, "x y z"]:
    """Field convolved with an isotropic kernel, given by its table."""
    return c2r(mesh, r2c(mesh, field) * kernel.astype(mesh.dtype)[_mode_indices(mesh)])


def convolve_adjoint(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    kernel: Float[AnyArray, " k"],
    cotangent: Float[AnyArray, "x y z"],
) -> tuple[Float[Array, "x y z"], Float[Array, " k"]]:
    """Cotangents of field and kernel table from that of the convolved field.

    A real, even kernel is its own adjoint. The kernel's cotangent sums over the rank's own modes.
    """
    field_bar = convolve(mesh, cotangent, kernel)
    return field_bar, convolve_kernel_bar(mesh, field, cotangent).astype(kernel.dtype)


def convolve_kernel_bar(
    mesh: Mesh, field: Float[AnyArray, "x y z"], cotangent: Float[AnyArray, "x y z"]
) -> Float[Array, " k"]:
    """The kernel table's cotangent of :func:`convolve_adjoint` alone, in the mesh's precision."""
    return _mode_sums(mesh, r2c(mesh, field), r2c(mesh, cotangent))


def _mode_sums(mesh: Mesh, first, second):
    """N^3 times the sum of Re(conj(a) b) over all modes of each entry of the table."""
    products = hermitian_weights(mesh) * (
        first.real.astype(jnp.float64) * second.real + first.imag.astype(jnp.float64) * second.imag
    )
    entries = wavenumber_table(mesh).shape
    sums = jnp.zeros(entries, jnp.float64).at[_mode_indices(mesh)].add(products)
    return (mesh.size * sums).astype(mesh.dtype)


def scaled_power(
    mesh: Mesh, field: Float[AnyArray, "x y z"], factor, exponent
) -> Float[Array, "x y z"]:
    """Factor times a power of a positive field."""
    return jnp.asarray(factor, mesh.dtype) * power_of(PowerTerm(field, exponent, None), 0.0)


def scaled_power_adjoint(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    factor,
    exponent,
    cotangent: Float[AnyArray, "x y z"],
    wanted: bool,
):
    """Cotangents of field, None unless ``wanted``, factor and exponent."""
    weighted = cotangent * power_of(PowerTerm(field, exponent, None), 0.0)
    factor_bar = jnp.sum(weighted, dtype=jnp.float64)
    weighted = jnp.asarray(factor, mesh.dtype) * weighted
    exponent_bar = jnp.sum(weighted * jnp.log(field), dtype=jnp.float64)
    field_bar = jnp.asarray(exponent, mesh.dtype) * weighted / field
    return (
        field_bar if wanted else None,
        factor_bar.astype(factor.dtype),
        exponent_bar.astype(exponent.dtype),
    )


def filtered_powers(
    mesh: Mesh, terms: Sequence[PowerTerm], offsets: Sequence[float], keep_spectra: bool
) -> tuple[Float[Array, "x y z"], list[Complex[Array, "kx ky kz"]]]:
    """Sum of the terms' powers of (field + offset), each convolved with its kernel.

    Their spectra, over the number of nodes, are kept for the adjoint on request.
    """
    spectra = [
        r2c(mesh, power_of(term, offset)) for term, offset in zip(terms, offsets, strict=True)
    ]
    filtered = (
        spectrum * term.kernel.astype(mesh.dtype)[_mode_indices(mesh)]
        for term, spectrum in zip(terms, spectra, strict=True)
    )
    zero = jnp.zeros((), mesh.complex_dtype)
    return c2r(mesh, sum(filtered, start=zero)), spectra if keep_spectra else []


def filtered_powers_adjoint(
    mesh: Mesh,
    terms: Sequence[PowerTerm],
    offsets: Sequence[float],
    spectra: Sequence[Complex[AnyArray, "kx ky kz"]],
    wanted: Sequence[bool],
    cotangent: Float[AnyArray, "x y z"],
) -> list[PowerTerm]:
    """Cotangents of all terms from that of their sum, of the fields where ``wanted``."""
    bars = []
    for term, offset, spectrum, is_wanted in zip(terms, offsets, spectra, wanted, strict=True):
        kernel_bar = _mode_sums(mesh, spectrum, r2c(mesh, cotangent)).astype(term.kernel.dtype)
        weighted = convolve(mesh, cotangent, term.kernel) * power_of(term, offset)
        field = term.field + jnp.asarray(offset, mesh.dtype)
        exponent_bar = jnp.sum(weighted * jnp.log(field), dtype=jnp.float64)
        bars.append(
            PowerTerm(
                term.exponent.astype(mesh.dtype) * weighted / field if is_wanted else None,
                exponent_bar.astype(term.exponent.dtype),
                kernel_bar,
            )
        )
    return bars


def power_of(term: PowerTerm, offset: float) -> Float[Array, "x y z"]:
    """(field + offset)^exponent of a term."""
    logarithm = jnp.log(term.field + jnp.asarray(offset, term.field.dtype))
    return jnp.exp(jnp.asarray(term.exponent, term.field.dtype) * logarithm)
