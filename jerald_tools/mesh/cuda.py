# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh operations on a GPU, in CUDA where XLA's own are slow or take much memory.

Same functions and arguments as :mod:`jerald_tools.mesh.reference`, without derivatives; one
process. What is here is ``native/device/`` called from JAX; powers of fields and sums over regions
are XLA's own. Sums over particles depend on the order in which the GPU adds, so the same call
twice differs in its last bits. On a CPU the same loops run one after the other, for tests.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from jerald_tools.mesh.device_call import call, workspace
from jerald_tools.mesh.mesh import AnyArray, Mesh, PowerTerm
from jerald_tools.mesh.operands import field_of, optional, real, spectrum_of
from jerald_tools.mesh.reference import c2r as xla_c2r
from jerald_tools.mesh.reference import power_of
from jerald_tools.mesh.reference import (
    r2c as r2c,
)
from jerald_tools.mesh.reference import (
    region_sums as region_sums,
)
from jerald_tools.mesh.reference import (
    restrict as restrict,
)
from jerald_tools.mesh.reference import (
    restrict_adjoint as restrict_adjoint,
)
from jerald_tools.mesh.reference import (
    scaled_power as scaled_power,
)
from jerald_tools.mesh.reference import (
    scaled_power_adjoint as scaled_power_adjoint,
)
from jerald_tools.mesh.wavenumbers import mode_index_axes, wavenumber_table


def paint(
    mesh: Mesh, positions: Float[AnyArray, "n 3"], weights: Float[AnyArray, " n"] | None = None
) -> Float[Array, "x y z"]:
    """Cloud-in-cell sum of weights, 1 for each particle without them."""
    operands = (real(mesh, positions), optional(mesh, weights))
    return call(mesh, "paint", [field_of(mesh), workspace(mesh)], *operands)[0]


def readout(
    mesh: Mesh, field: Float[AnyArray, "x y z"], positions: Float[AnyArray, "n 3"]
) -> Float[Array, " n"]:
    """Cloud-in-cell interpolation of a field."""
    result = (positions.shape[:1], mesh.dtype)
    return call(mesh, "readout", [result], real(mesh, field), real(mesh, positions))[0]


def readout_slope(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Derivative of the interpolation by the position, field units per Mpc/h, added to ``onto``."""
    result = (positions.shape, mesh.dtype)
    operands = (real(mesh, field), real(mesh, positions), optional(mesh, onto))
    return call(mesh, "readout_slope", [result], *operands)[0]


def finite_difference(
    mesh: Mesh, field: Float[AnyArray, "x y z"], axis: int, order: int
) -> Float[Array, "x y z"]:
    """Central finite difference along an axis, of fourth or sixth order, field units per Mpc/h."""
    attributes = {"axis": np.int64(axis), "order": np.int64(order)}
    return call(mesh, "finite_difference", [field_of(mesh)], real(mesh, field), **attributes)[0]


def readout_gradient(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    order: int,
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Finite-difference gradient of a field read out at particles, added to ``onto``."""
    results = [(positions.shape, mesh.dtype), workspace(mesh)]
    operands = (real(mesh, field), real(mesh, positions), optional(mesh, onto))
    return call(mesh, "readout_gradient", results, *operands, order=np.int64(order))[0]


def readout_gradient_field_bar(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    order: int,
    cotangent: Float[AnyArray, "n 3"],
) -> Float[Array, "x y z"]:
    """Cotangent of the field from that of :func:`readout_gradient`'s result."""
    operands = (real(mesh, positions), real(mesh, cotangent))
    results = [field_of(mesh), workspace(mesh)]
    name = "readout_gradient_field_bar"
    return call(mesh, name, results, *operands, order=np.int64(order))[0]


def readout_gradient_positions_bar(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    order: int,
    cotangent: Float[AnyArray, "n 3"],
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Cotangent of the positions from that of :func:`readout_gradient`, added to ``onto``."""
    arrays = (real(mesh, array) for array in (field, positions, cotangent))
    operands = (*arrays, optional(mesh, onto))
    results = [(positions.shape, mesh.dtype), workspace(mesh)]
    name = "readout_gradient_positions_bar"
    return call(mesh, name, results, *operands, order=np.int64(order))[0]


def paint_adjoint(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    field_bar: Float[AnyArray, "x y z"],
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Cotangent of the positions from that of the painted field, added to ``onto``.

    It takes the place of ``onto``, or of the positions, if nobody needs them any longer.
    """
    result = (positions.shape, mesh.dtype)
    operands = (real(mesh, field_bar), real(mesh, positions), optional(mesh, onto))
    in_place = {1 if onto is None else 2: 0}
    return call(mesh, "readout_slope", [result], *operands, in_place=in_place)[0]


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


def c2r(mesh: Mesh, spectrum: Complex[AnyArray, "kx ky kz"]) -> Float[Array, "x y z"]:
    """Real field of a half spectrum, not normalised."""
    if jax.default_backend() != "gpu":
        return xla_c2r(mesh, spectrum)
    spectrum = jnp.asarray(spectrum, mesh.complex_dtype)
    results = [field_of(mesh), spectrum_of(mesh)]
    return call(mesh, "c2r", results, spectrum, in_place={0: 1})[0]


def _forward(mesh: Mesh, field) -> Array:
    """Half spectrum of a real field, not normalised."""
    return jnp.fft.rfftn(real(mesh, field))


def _filtered(mesh: Mesh, spectrum, kernel, onto=None) -> Array:
    """A spectrum of :func:`_forward` times a kernel's table, over the number of nodes.

    It is added to ``onto``, whose memory it takes.
    """
    none = jnp.zeros(0, mesh.complex_dtype)
    return call(
        mesh,
        "multiply_by_kernel",
        [spectrum_of(mesh)],
        spectrum,
        real(mesh, kernel),
        *mode_index_axes(mesh),
        none if onto is None else onto,
        in_place=None if onto is None else {5: 0},
        factor=np.float64(1 / mesh.size),
    )[0]


def _kernel_bar(mesh: Mesh, first, second) -> Array:
    """The kernel table's cotangent, from spectra of field and cotangent of :func:`_forward`."""
    entries = wavenumber_table(mesh).shape
    operands = (first, second, *mode_index_axes(mesh))
    sums = call(mesh, "sum_products", [(entries, np.dtype(np.float64))], *operands)[0]
    return (sums / mesh.size).astype(mesh.dtype)


def convolve(
    mesh: Mesh, field: Float[AnyArray, "x y z"], kernel: Float[AnyArray, " k"]
) -> Float[Array, "x y z"]:
    """Field convolved with an isotropic kernel, given by its table."""
    return c2r(mesh, _filtered(mesh, _forward(mesh, field), kernel))


def convolve_adjoint(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    kernel: Float[AnyArray, " k"],
    cotangent: Float[AnyArray, "x y z"],
) -> tuple[Float[Array, "x y z"], Float[Array, " k"]]:
    """Cotangents of field and kernel table from that of the convolved field."""
    of_cotangent = _forward(mesh, cotangent)
    kernel_bar = _kernel_bar(mesh, _forward(mesh, field), of_cotangent).astype(kernel.dtype)
    return c2r(mesh, _filtered(mesh, of_cotangent, kernel)), kernel_bar


def convolve_kernel_bar(
    mesh: Mesh, field: Float[AnyArray, "x y z"], cotangent: Float[AnyArray, "x y z"]
) -> Float[Array, " k"]:
    """The kernel table's cotangent of :func:`convolve_adjoint` alone, in the mesh's precision."""
    return _kernel_bar(mesh, _forward(mesh, field), _forward(mesh, cotangent))


def filtered_powers(
    mesh: Mesh, terms: Sequence[PowerTerm], offsets: Sequence[float], keep_spectra: bool
) -> tuple[Float[Array, "x y z"], list[Complex[Array, "kx ky kz"]]]:
    """Sum of the terms' powers of (field + offset), each convolved with its kernel.

    No spectra are kept for the adjoint: memory is scarcer on a GPU than transforms are slow.
    """
    total: Array | None = None
    for term, offset in zip(terms, offsets, strict=True):
        total = _filtered(mesh, _forward(mesh, power_of(term, offset)), term.kernel, onto=total)
    assert total is not None
    return c2r(mesh, total), []


def filtered_powers_adjoint(
    mesh: Mesh,
    terms: Sequence[PowerTerm],
    offsets: Sequence[float],
    spectra: Sequence[Complex[AnyArray, "kx ky kz"]],
    wanted: Sequence[bool],
    cotangent: Float[AnyArray, "x y z"],
) -> list[PowerTerm]:
    """Cotangents of all terms from that of their sum, of the fields where ``wanted``."""
    of_cotangent = _forward(mesh, cotangent)
    bars = []
    for term, offset, is_wanted in zip(terms, offsets, wanted, strict=True):
        power = power_of(term, offset)
        kernel_bar = _kernel_bar(mesh, _forward(mesh, power), of_cotangent)
        weighted = c2r(mesh, _filtered(mesh, of_cotangent, term.kernel)) * power
        field = term.field + jnp.asarray(offset, mesh.dtype)
        exponent_bar = jnp.sum(weighted * jnp.log(field), dtype=jnp.float64)
        field_bar = jnp.asarray(term.exponent, mesh.dtype) * weighted / field
        bars.append(
            PowerTerm(
                field_bar if is_wanted else None,
                exponent_bar.astype(term.exponent.dtype),
                kernel_bar.astype(term.kernel.dtype),
            )
        )
    return bars
