# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh operations in C++, in one process or over MPI ranks.

Same functions and arguments as :mod:`jerald_tools.mesh.reference`, without derivatives; the public
operations beside this file add them. Particles may be anywhere: over ranks each operation finds
out which planes of the mesh its particles touch, and exchanges those with the ranks that have them.
"""

import functools
import hashlib
import os
import pathlib
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from jerald_tools.errors import BadInput
from jerald_tools.mesh import _native
from jerald_tools.mesh.mesh import AnyArray, Mesh, PowerTerm
from jerald_tools.mesh.ranks import Ranks, mpi
from jerald_tools.mesh.wavenumbers import mode_index_axes, wavenumber_table
from jerald_tools.process import launched_size

for _name, _handler in _native.handlers().items():
    jax.ffi.register_ffi_target(f"jerald_{_name}", _handler, platform="cpu")


def set_threads(number: int) -> None:
    """Set the threads of FFTW and of the loops over particles and modes, at least 1.

    Paint and readout do not depend on it to the last bit; transforms do, through FFTW's plans.
    """
    _native.set_threads(number)


def threads() -> int:
    """The threads in use."""
    return _native.threads()


def release_scratch() -> None:
    """Give back the memory that operations keep for their next call, up to 20 bytes a cell."""
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


@functools.cache
def _communicator(ranks: Ranks) -> int:
    """The number by which the library knows these ranks; 0 is a process alone.

    Raises:
        BadInput: the library was built without MPI, or with another MPI than mpi4py.
    """
    if ranks.size == 1:
        return 0
    if not _native.with_mpi:
        raise BadInput(
            f"{ranks.size} ranks need the native library built with MPI, which this one lacks: "
            "install MPI and FFTW for MPI, then install jerald-tools again"
        )
    library, python = _native.mpi_library_version(), mpi().library_version()
    if library.strip("\0 \n") != python.strip("\0 \n"):
        raise BadInput(
            f"the native library was built with {library.split(',')[0]}, mpi4py with "
            f"{python.split(',')[0]}: install one of them again with the other's MPI"
        )
    return _native.register_communicator(mpi().native_communicator())


def _call(mesh: Mesh, name: str, results, *operands, in_place=None, **attributes):
    """Call an operation of the library; over ranks, in the one order of all such calls.

    ``results`` are (shape, type) pairs; ``in_place`` says which results, by number, may take the
    memory of which operands: pages that are new to the process cost time.
    """
    results = [jax.ShapeDtypeStruct(*result) for result in results]
    attributes |= {
        "nodes": np.asarray(mesh.shape, np.int64),
        "cell": np.asarray(mesh.cell_size, np.float64),
        "communicator": np.int64(_communicator(mesh.ranks)),
    }
    if mesh.ranks.size == 1:
        target = f"jerald_{name}"
        call = jax.ffi.ffi_call(target, results, input_output_aliases=in_place)
        return call(*operands, **attributes)
    return mpi().ordered_call(f"jerald_{name}", results, *operands, **attributes)


def _real(mesh: Mesh, array):
    return jnp.asarray(array, mesh.dtype)


def _optional(mesh: Mesh, array):
    """An operand of the library that may be left out, which it knows by having no entries."""
    return jnp.zeros(0, mesh.dtype) if array is None else _real(mesh, array)


def _field(mesh: Mesh):
    return (mesh.local_shape, mesh.dtype)


def _spectrum(mesh: Mesh):
    return (mesh.spectrum_shape, mesh.complex_dtype)


def paint(
    mesh: Mesh, positions: Float[AnyArray, "n 3"], weights: Float[AnyArray, " n"] | None = None
) -> Float[Array, "x y z"]:
    """Cloud-in-cell sum of weights, 1 for each particle without them."""
    operands = (_real(mesh, positions), _optional(mesh, weights))
    return _call(mesh, "paint", [_field(mesh)], *operands)[0]


def readout(
    mesh: Mesh, field: Float[AnyArray, "x y z"], positions: Float[AnyArray, "n 3"]
) -> Float[Array, " n"]:
    """Cloud-in-cell interpolation of a field."""
    result = (positions.shape[:1], mesh.dtype)
    return _call(mesh, "readout", [result], _real(mesh, field), _real(mesh, positions))[0]


def readout_slope(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Derivative of the interpolation by the position, field units per Mpc/h, added to ``onto``."""
    result = (positions.shape, mesh.dtype)
    operands = (_real(mesh, field), _real(mesh, positions), _optional(mesh, onto))
    return _call(mesh, "readout_slope", [result], *operands)[0]


def finite_difference(
    mesh: Mesh, field: Float[AnyArray, "x y z"], axis: int, order: int
) -> Float[Array, "x y z"]:
    """Central finite difference along an axis, of fourth or sixth order, field units per Mpc/h."""
    attributes = {"axis": np.int64(axis), "order": np.int64(order)}
    return _call(mesh, "finite_difference", [_field(mesh)], _real(mesh, field), **attributes)[0]


def readout_gradient(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    order: int,
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Finite-difference gradient of a field read out at particles, added to ``onto``."""
    result = (positions.shape, mesh.dtype)
    operands = (_real(mesh, field), _real(mesh, positions), _optional(mesh, onto))
    return _call(mesh, "readout_gradient", [result], *operands, order=np.int64(order))[0]


def readout_gradient_field_bar(
    mesh: Mesh,
    positions: Float[AnyArray, "n 3"],
    order: int,
    cotangent: Float[AnyArray, "n 3"],
) -> Float[Array, "x y z"]:
    """Cotangent of the field from that of :func:`readout_gradient`'s result."""
    operands = (_real(mesh, positions), _real(mesh, cotangent))
    name = "readout_gradient_field_bar"
    return _call(mesh, name, [_field(mesh)], *operands, order=np.int64(order))[0]


def readout_gradient_positions_bar(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    positions: Float[AnyArray, "n 3"],
    order: int,
    cotangent: Float[AnyArray, "n 3"],
    onto: Float[AnyArray, "n 3"] | None = None,
) -> Float[Array, "n 3"]:
    """Cotangent of the positions from that of :func:`readout_gradient`, added to ``onto``."""
    arrays = (_real(mesh, array) for array in (field, positions, cotangent))
    operands = (*arrays, _optional(mesh, onto))
    result = (positions.shape, mesh.dtype)
    name = "readout_gradient_positions_bar"
    return _call(mesh, name, [result], *operands, order=np.int64(order))[0]


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
    operands = (_real(mesh, field_bar), _real(mesh, positions), _optional(mesh, onto))
    in_place = {1 if onto is None else 2: 0}
    return _call(mesh, "readout_slope", [result], *operands, in_place=in_place)[0]


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
    operands = (_real(mesh, array) for array in (potential, positions, moved_bar))
    results = [_field(mesh), (positions.shape, mesh.dtype)]
    potential_bar, positions_bar = _call(
        mesh, "move_adjoint", results, *operands, in_place={2: 1}, order=np.int64(order)
    )
    return potential_bar, positions_bar


def region_sums(
    mesh: Mesh, field: Float[AnyArray, "x y z"], upper_start: int, corner: tuple[int, int, int]
) -> Float[Array, "3"]:
    """Sums of this rank's nodes in three regions, (3,) float64."""
    attributes = {"upper_start": np.int64(upper_start), "corner": np.asarray(corner, np.int64)}
    result = ((3,), np.dtype(np.float64))
    return _call(mesh, "region_sums", [result], _real(mesh, field), **attributes)[0]


def r2c(mesh: Mesh, field: Float[AnyArray, "x y z"]) -> Complex[Array, "kx ky kz"]:
    """Half spectrum of a real field, sum over nodes / number of nodes."""
    return _call(mesh, "r2c", [_spectrum(mesh)], _real(mesh, field))[0]


def c2r(mesh: Mesh, spectrum: Complex[AnyArray, "kx ky kz"]) -> Float[Array, "x y z"]:
    """Real field of a half spectrum, not normalised."""
    spectrum = jnp.asarray(spectrum, mesh.complex_dtype)
    return _call(mesh, "c2r", [_field(mesh)], spectrum)[0]


def convolve(
    mesh: Mesh, field: Float[AnyArray, "x y z"], kernel: Float[AnyArray, " k"]
) -> Float[Array, "x y z"]:
    """Field convolved with an isotropic kernel, given by its table."""
    operands = (_real(mesh, field), _real(mesh, kernel), *mode_index_axes(mesh))
    return _call(mesh, "convolve", [_field(mesh)], *operands)[0]


def convolve_adjoint(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    kernel: Float[AnyArray, " k"],
    cotangent: Float[AnyArray, "x y z"],
) -> tuple[Float[Array, "x y z"], Float[Array, " k"]]:
    """Cotangents of field and kernel table from that of the convolved field.

    The kernel's cotangent sums over this rank's own modes.
    """
    arrays = (_real(mesh, array) for array in (field, kernel, cotangent))
    results = [_field(mesh), (kernel.shape, mesh.dtype)]
    field_bar, kernel_bar = _call(
        mesh, "convolve_adjoint", results, *arrays, *mode_index_axes(mesh)
    )
    return field_bar, kernel_bar.astype(kernel.dtype)


def convolve_kernel_bar(
    mesh: Mesh, field: Float[AnyArray, "x y z"], cotangent: Float[AnyArray, "x y z"]
) -> Float[Array, " k"]:
    """The kernel table's cotangent of :func:`convolve_adjoint` alone, in the mesh's precision."""
    operands = (_real(mesh, field), _real(mesh, cotangent), *mode_index_axes(mesh))
    result = (wavenumber_table(mesh).shape, mesh.dtype)
    return _call(mesh, "convolve_kernel_bar", [result], *operands)[0]


def scaled_power(
    mesh: Mesh, field: Float[AnyArray, "x y z"], factor, exponent
) -> Float[Array, "x y z"]:
    """Factor times a power of a positive field."""
    operands = (_real(mesh, field), _pair(factor, exponent))
    return _call(mesh, "power", [_field(mesh)], *operands)[0]


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
    operands = (_real(mesh, field), _pair(factor, exponent), _real(mesh, cotangent))
    of_field = _field(mesh) if wanted else ((0,), mesh.dtype)
    results = [of_field, ((2,), np.dtype(np.float64))]
    field_bar, bars = _call(mesh, "power_adjoint", results, *operands)
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
    results = [_field(mesh)] + [_spectrum(mesh)] * (len(terms) if keep_spectra else 0)
    attributes = {
        "offsets": np.asarray(offsets, np.float64),
        "keep_spectra": np.int64(keep_spectra),
    }
    operands += mode_index_axes(mesh)
    result, *spectra = _call(mesh, "filtered_powers", results, *operands, **attributes)
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
    operands, results = [_real(mesh, cotangent)], []
    for term, spectrum, is_wanted in zip(terms, spectra, wanted, strict=True):
        operands += [*_term(mesh, term), spectrum]
        results += [
            _field(mesh) if is_wanted else ((0,), mesh.dtype),
            ((1,), np.dtype(np.float64)),
            (term.kernel.shape, mesh.dtype),
        ]
    operands += mode_index_axes(mesh)
    added = np.asarray(offsets, np.float64)
    found = _call(mesh, "filtered_powers_adjoint", results, *operands, offsets=added)
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
    return _real(mesh, term.field), exponent, _real(mesh, term.kernel)


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
