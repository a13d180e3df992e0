# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh operations in C++, in one process or over MPI ranks.

Same functions and arguments as :mod:`jerald_tools.mesh.reference`, without derivatives; the public
operations beside this file add them. Particles may be anywhere: over ranks each operation finds
out which planes of the mesh its particles touch, and exchanges those with the ranks that have them.
"""

import dataclasses
import hashlib
import os
import pathlib

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from jerald_tools.mesh import _native
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.native_call import call
from jerald_tools.mesh.native_powers import (
    filtered_powers as filtered_powers,
)
from jerald_tools.mesh.native_powers import (
    filtered_powers_adjoint as filtered_powers_adjoint,
)
from jerald_tools.mesh.native_powers import (
    scaled_power as scaled_power,
)
from jerald_tools.mesh.native_powers import (
    scaled_power_adjoint as scaled_power_adjoint,
)
from jerald_tools.mesh.operands import field_of, optional, real, spectrum_of
from jerald_tools.mesh.ranks import Ranks
from jerald_tools.mesh.restrict import refined
from jerald_tools.mesh.wavenumbers import mode_index_axes, wavenumber_table
from jerald_tools.process import launched_size


def set_threads(number: int) -> None:
    """Set the threads of FFTW and of the loops over particles and modes, at least 1.

    Paint and readout do not depend on it to the last bit; transforms do, through FFTW's plans.
    """
    _native.set_threads(number)


def threads() -> int:
    """The threads in use."""
    return _native.threads()


def release_scratch() -> None:
    """Give back the memory that operations keep for their next call, up to 12 bytes a cell."""
    _native.release_scratch()


def _default_threads() -> int:
    """OMP_NUM_THREADS, else every core for a process alone and one for a rank."""
    number = os.environ.get("OMP_NUM_THREADS", "")
    if number.isdigit():
        return int(number)
    return len(os.sched_getaffinity(0)) if launched_size() == 1 else 1


def _default_wisdom_directory() -> pathlib.Path:
    """Where FFTW's wisdom is kept: JERALD_WISDOM, else in the user's cache."""
    chosen = os.environ.get("JERALD_WISDOM")
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path("~/.cache").expanduser()
    return pathlib.Path(chosen or pathlib.Path(cache, "jerald-tools"))


set_threads(_default_threads())
_native.set_wisdom_directory(str(_default_wisdom_directory()))


def wisdom_digest(ranks: Ranks) -> str:
    """The sha256 of the FFTW wisdom that these ranks' transforms use; empty before the first.

    The same on every rank. Results are equal bit for bit only where it is equal.
    """
    texts = sorted(_native.wisdom(ranks.size).items())
    return hashlib.sha256(repr(texts).encode()).hexdigest() if texts else ""


def paint(
    mesh: Mesh, positions: Float[AnyArray, "n 3"], weights: Float[AnyArray, " n"] | None = None
) -> Float[Array, "x y z"]:
    """Cloud-in-cell sum of weights, 1 for each particle without them."""
    operands = (real(mesh, positions), optional(mesh, weights))
    return call(mesh, "paint", [field_of(mesh)], *operands)[0]


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
    result = (positions.shape, mesh.dtype)
    operands = (real(mesh, field), real(mesh, positions), optional(mesh, onto))
    return call(mesh, "readout_gradient", [result], *operands, order=np.int64(order))[0]


def readout_gradient_field_bar(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    order: int,
    cotangent: Float[AnyArray, "n 3"],
) -> Float[Array, "x y z"]:
    """Cotangent of the field from that of :func:`readout_gradient`'s result."""
    operands = (real(mesh, positions), real(mesh, cotangent))
    name = "readout_gradient_field_bar"
    return call(mesh, name, [field_of(mesh)], *operands, order=np.int64(order))[0]


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
    result = (positions.shape, mesh.dtype)
    name = "readout_gradient_positions_bar"
    return call(mesh, name, [result], *operands, order=np.int64(order))[0]


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
    """Cotangents of potential and positions from that of positions moved by the gradient.

    The second takes the place of ``moved_bar``, if nobody needs it any longer.
    """
    operands = (real(mesh, array) for array in (potential, positions, moved_bar))
    results = [field_of(mesh), (positions.shape, mesh.dtype)]
    potential_bar, positions_bar = call(
        mesh, "move_adjoint", results, *operands, in_place={2: 1}, order=np.int64(order)
    )
    return potential_bar, positions_bar


def restrict(
    mesh: Mesh, factor: int, field: Float[AnyArray, "fine_x fine_y fine_z"]
) -> Float[Array, "x y z"]:
    """Means with weights (R - |j|) / R^2, |j| < R, along each axis, R = ``factor``.

    Each fine node is painted as a particle.
    """
    weights = jnp.ravel(field) / jnp.asarray(factor**3, mesh.dtype)
    return paint(_unit_cells(mesh), _fine_nodes(mesh, factor), weights)


def restrict_adjoint(
    mesh: Mesh, factor: int, coarse_bar: Float[AnyArray, "x y z"]
) -> Float[Array, "fine_x fine_y fine_z"]:
    """Cotangent of the finer field from that of the means."""
    values = readout(_unit_cells(mesh), coarse_bar, _fine_nodes(mesh, factor))
    values /= jnp.asarray(factor**3, mesh.dtype)
    return values.reshape(refined(mesh, factor).local_shape)


def _unit_cells(mesh: Mesh) -> Mesh:
    """The mesh with cells of length 1, on which the weights of even factors are exact."""
    nx, ny, nz = map(float, mesh.shape)
    return dataclasses.replace(mesh, box_size=(nx, ny, nz))


def _fine_nodes(mesh: Mesh, factor: int) -> Array:
    """This rank's nodes of the finer mesh, (n, 3) in cells of the coarser one."""
    fine = refined(mesh, factor)
    x = jnp.arange(fine.x_start, fine.x_stop, dtype=mesh.dtype)
    y, z = (jnp.arange(nodes, dtype=mesh.dtype) for nodes in fine.shape[1:])
    nodes = jnp.stack(jnp.meshgrid(x, y, z, indexing="ij"), axis=-1)
    return nodes.reshape(-1, 3) / jnp.asarray(factor, mesh.dtype)


def region_sums(
    mesh: Mesh, field: Float[AnyArray, "x y z"], upper_start: int, corner: tuple[int, int, int]
) -> Float[Array, "3"]:
    """Sums of this rank's nodes in three regions, (3,) float64."""
    attributes = {"upper_start": np.int64(upper_start), "corner": np.asarray(corner, np.int64)}
    result = ((3,), np.dtype(np.float64))
    return call(mesh, "region_sums", [result], real(mesh, field), **attributes)[0]


def r2c(mesh: Mesh, field: Float[AnyArray, "x y z"]) -> Complex[Array, "kx ky kz"]:
    """Half spectrum of a real field, sum over nodes / number of nodes."""
    return call(mesh, "r2c", [spectrum_of(mesh)], real(mesh, field))[0]


def c2r(mesh: Mesh, spectrum: Complex[AnyArray, "kx ky kz"]) -> Float[Array, "x y z"]:
    """Real field of a half spectrum, not normalised."""
    spectrum = jnp.asarray(spectrum, mesh.complex_dtype)
    return call(mesh, "c2r", [field_of(mesh)], spectrum)[0]


def convolve(
    mesh: Mesh, field: Float[AnyArray, "x y z"], kernel: Float[AnyArray, " k"]
) -> Float[Array, "x y z"]:
    """Field convolved with an isotropic kernel, given by its table."""
    operands = (real(mesh, field), real(mesh, kernel), *mode_index_axes(mesh))
    return call(mesh, "convolve", [field_of(mesh)], *operands)[0]


def convolve_adjoint(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    kernel: Float[AnyArray, " k"],
    cotangent: Float[AnyArray, "x y z"],
) -> tuple[Float[Array, "x y z"], Float[Array, " k"]]:
    """Cotangents of field and kernel table from that of the convolved field.

    The kernel's cotangent sums over this rank's own modes.
    """
    arrays = (real(mesh, array) for array in (field, kernel, cotangent))
    results = [field_of(mesh), (kernel.shape, mesh.dtype)]
    field_bar, kernel_bar = call(mesh, "convolve_adjoint", results, *arrays, *mode_index_axes(mesh))
    return field_bar, kernel_bar.astype(kernel.dtype)


def convolve_kernel_bar(
    mesh: Mesh, field: Float[AnyArray, "x y z"], cotangent: Float[AnyArray, "x y z"]
) -> Float[Array, " k"]:
    """The kernel table's cotangent of :func:`convolve_adjoint` alone, in the mesh's precision."""
    operands = (real(mesh, field), real(mesh, cotangent), *mode_index_axes(mesh))
    result = (wavenumber_table(mesh).shape, mesh.dtype)
    return call(mesh, "convolve_kernel_bar", [result], *operands)[0]


def draw_uniforms(seed: int, count: int) -> Float[np.ndarray, " {count}"]:
    """The first ``count`` numbers in [0, 1) of GSL's ranlxd1 with a seed (0 is 1), float64."""
    uniforms = np.empty(count)
    _native.draw_uniforms(int(seed), uniforms)
    return uniforms


def draw_columns(seeds: Int[np.ndarray, " n"], count: int) -> Float[np.ndarray, "n {count} 2"]:
    """Pairs of uniform numbers from a fresh generator for each seed, float64.

    The first of a pair lies in [0, 1), the second in (0, 1).
    """
    pairs = np.empty((len(seeds), count, 2))
    _native.draw_columns(np.ascontiguousarray(seeds, np.int64), pairs)
    return pairs
