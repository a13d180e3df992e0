# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes, particles and raw operations that several test files share."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.mesh import Mesh, PowerTerm
from jerald_tools.mesh.ranks import sum_over_ranks
from jerald_tools.mesh.wavenumbers import wavenumber_table

# Cells are powers of two, so that particles on their edges are so exactly on every backend. On
# four ranks the first has slabs of 4 planes, the second 2, 2, 2 and none, the third of 1.
SHAPES = {
    "cube": ((16, 16, 16), (8.0, 8.0, 8.0)),
    "rectangle": ((16, 12, 20), (8.0, 3.0, 20.0)),
    "six planes": ((6, 5, 8), (3.0, 1.25, 8.0)),
    "four planes": ((4, 3, 7), (2.0, 3.0, 1.75)),
}


@dataclasses.dataclass(frozen=True)
class Operands:
    """What the operations work on: the whole of it, or a rank's part (see :func:`local_part`)."""

    positions: np.ndarray
    weights: np.ndarray
    vectors: np.ndarray
    field: np.ndarray
    other_field: np.ndarray
    spectrum: np.ndarray
    kernel: np.ndarray


def particles(shape, box_size, number: int, random) -> np.ndarray:
    """Positions (number, 3): most in the box, some far outside, many on edges of cells and box."""
    nodes, box_size = np.array(shape), np.array(box_size)
    positions = random.uniform(0, 1, (number, 3)) * box_size
    positions[: number // 4] += box_size * random.integers(-3, 4, (number // 4, 3))
    on_edges = positions[number // 4 : number // 2]
    on_edges[...] = box_size / nodes * random.integers(-nodes, 2 * nodes, on_edges.shape)
    corners = np.array([[0, 0, 0], [1, 1, 1], [-1, 0, 1], [0, 1, 0]]) * box_size
    positions[number // 2 : number // 2 + 4] = corners
    return positions


def operands(mesh: Mesh, number: int = 600, seed: int = 1) -> Operands:
    """Random operands for the whole mesh, in its precision."""
    random = np.random.default_rng(seed)
    field, other_field = random.normal(size=(2, *mesh.shape)).astype(mesh.dtype)
    spectrum = np.fft.rfftn(random.normal(size=mesh.shape)) / mesh.size
    return Operands(
        particles(mesh.shape, mesh.box_size, number, random).astype(mesh.dtype),
        random.normal(size=number).astype(mesh.dtype),
        random.normal(size=(number, 3)).astype(mesh.dtype),
        field,
        other_field,
        spectrum.astype(mesh.complex_dtype),
        random.normal(size=len(wavenumber_table(mesh))).astype(mesh.dtype),
    )


def own_particles(mesh: Mesh, number: int) -> np.ndarray:
    """Which particles this rank holds: any, far from its slab; the last of several ranks none."""
    holders = max(mesh.ranks.size - 1, 1)
    return np.flatnonzero(np.arange(number) % holders == mesh.ranks.rank)


def local_part(mesh: Mesh, whole: np.ndarray, kind: str) -> np.ndarray:
    """This rank's part of a field, a spectrum or an array over particles; a table is whole."""
    if kind == "field":
        return whole[mesh.x_start : mesh.x_stop]
    if kind == "spectrum":
        start, stop = mesh.y_slices[mesh.ranks.rank]
        return whole[:, start:stop]
    return whole[own_particles(mesh, len(whole))] if kind == "particles" else whole


KINDS = {
    "positions": "particles",
    "weights": "particles",
    "vectors": "particles",
    "field": "field",
    "other_field": "field",
    "spectrum": "spectrum",
    "kernel": "table",
}


def local_operands(mesh: Mesh, whole: Operands) -> Operands:
    """This rank's part of all operands."""
    return Operands(
        **{name: local_part(mesh, getattr(whole, name), kind) for name, kind in KINDS.items()}
    )


def restricted(field, factor):
    """Sums over |j| < R of (R - |j|) / R^2 along each axis, periodic."""
    for axis in range(3):
        shifts = range(1 - factor, factor)
        field = sum((factor - abs(j)) / factor**2 * np.roll(field, -j, axis) for j in shifts)
    return field[::factor, ::factor, ::factor]


def region_bounds(mesh: Mesh) -> tuple[int, tuple[int, int, int]]:
    """Where an upper region begins and a corner ends, no two alike."""
    nx, ny, nz = mesh.shape
    return nz - nz // 3, (nx // 2, ny - 1, nz // 2)


EXPONENTS = (np.float64(0.6), np.float64(-1.3))
OFFSETS = (0.25, 0.0)


def positive(field):
    """A field of positive numbers, from any."""
    return abs(field) + field.dtype.type(0.1)


def power_terms(a: Operands) -> list[PowerTerm]:
    """Two terms of fields that differ, with exponents and kernels that do."""
    fields, kernels = (positive(a.field), positive(a.other_field)), (a.kernel, a.kernel[::-1])
    terms = zip(fields, EXPONENTS, kernels, strict=True)
    return [PowerTerm(*term) for term in terms]


def powers_adjoint(raw, mesh: Mesh, a: Operands) -> list[PowerTerm]:
    """Cotangents of two terms, of the second one's field alone."""
    terms = power_terms(a)
    _, spectra = raw.filtered_powers(mesh, terms, OFFSETS, True)
    wanted = (False, True)
    return raw.filtered_powers_adjoint(mesh, terms, OFFSETS, spectra, wanted, a.other_field)


def scaled_adjoint(raw, mesh: Mesh, a: Operands):
    """Cotangents of a scaled power."""
    factor, exponent = EXPONENTS
    return raw.scaled_power_adjoint(mesh, positive(a.field), factor, exponent, a.other_field, True)


# Every raw operation: name -> (kind of its result, function of backend, mesh and operands).
OPERATIONS = {
    "paint": ("field", lambda raw, mesh, a: raw.paint(mesh, a.positions)),
    "paint weighted": ("field", lambda raw, mesh, a: raw.paint(mesh, a.positions, a.weights)),
    "readout": ("particles", lambda raw, mesh, a: raw.readout(mesh, a.field, a.positions)),
    "readout_slope": (
        "particles",
        lambda raw, mesh, a: raw.readout_slope(mesh, a.field, a.positions),
    ),
    "readout_slope, added": (
        "particles",
        lambda raw, mesh, a: raw.readout_slope(mesh, a.field, a.positions, a.vectors),
    ),
    "paint_adjoint": (
        "particles",
        lambda raw, mesh, a: raw.paint_adjoint(mesh, a.positions, a.field),
    ),
    "paint_adjoint, added": (
        "particles",
        lambda raw, mesh, a: raw.paint_adjoint(mesh, a.positions, a.field, a.vectors),
    ),
    "move_adjoint, field": (
        "field",
        lambda raw, mesh, a: raw.move_adjoint(mesh, a.field, a.positions, 6, a.vectors)[0],
    ),
    "move_adjoint, positions": (
        "particles",
        lambda raw, mesh, a: raw.move_adjoint(mesh, a.field, a.positions, 6, a.vectors)[1],
    ),
    "r2c": ("spectrum", lambda raw, mesh, a: raw.r2c(mesh, a.field)),
    "c2r": ("field", lambda raw, mesh, a: raw.c2r(mesh, a.spectrum)),
    "convolve": ("field", lambda raw, mesh, a: raw.convolve(mesh, a.field, a.kernel)),
    "convolve_adjoint, field": (
        "field",
        lambda raw, mesh, a: raw.convolve_adjoint(mesh, a.field, a.kernel, a.other_field)[0],
    ),
    "convolve_adjoint, kernel": (
        "table",
        lambda raw, mesh, a: sum_over_ranks(
            mesh.ranks, raw.convolve_adjoint(mesh, a.field, a.kernel, a.other_field)[1]
        ),
    ),
    "convolve_kernel_bar": (
        "table",
        lambda raw, mesh, a: sum_over_ranks(
            mesh.ranks, raw.convolve_kernel_bar(mesh, a.field, a.other_field)
        ),
    ),
    "filtered_powers": (
        "field",
        lambda raw, mesh, a: raw.filtered_powers(mesh, power_terms(a), OFFSETS, False)[0],
    ),
    "filtered_powers, one": (
        "field",
        lambda raw, mesh, a: raw.filtered_powers(mesh, power_terms(a)[:1], OFFSETS[:1], True)[0],
    ),
    "filtered_powers, spectrum": (
        "spectrum",
        lambda raw, mesh, a: raw.filtered_powers(mesh, power_terms(a), OFFSETS, True)[1][1],
    ),
    "filtered_powers_adjoint, field": (
        "field",
        lambda raw, mesh, a: powers_adjoint(raw, mesh, a)[1].field,
    ),
    "filtered_powers_adjoint, exponents": (
        "table",
        lambda raw, mesh, a: sum_over_ranks(
            mesh.ranks, jnp.stack([bar.exponent for bar in powers_adjoint(raw, mesh, a)])
        ),
    ),
    "filtered_powers_adjoint, kernel": (
        "table",
        lambda raw, mesh, a: sum_over_ranks(mesh.ranks, powers_adjoint(raw, mesh, a)[0].kernel),
    ),
    "scaled_power": (
        "field",
        lambda raw, mesh, a: raw.scaled_power(mesh, positive(a.field), *EXPONENTS),
    ),
    "scaled_power_adjoint, field": (
        "field",
        lambda raw, mesh, a: scaled_adjoint(raw, mesh, a)[0],
    ),
    "scaled_power_adjoint, numbers": (
        "table",
        lambda raw, mesh, a: sum_over_ranks(
            mesh.ranks, jnp.stack(scaled_adjoint(raw, mesh, a)[1:])
        ),
    ),
    "region_sums": (
        "table",
        lambda raw, mesh, a: sum_over_ranks(
            mesh.ranks, raw.region_sums(mesh, a.field, *region_bounds(mesh))
        ),
    ),
}
for _order in (4, 6):
    OPERATIONS |= {
        f"readout_gradient {_order}": (
            "particles",
            lambda raw, mesh, a, order=_order: raw.readout_gradient(
                mesh, a.field, a.positions, order
            ),
        ),
        f"readout_gradient {_order}, added": (
            "particles",
            lambda raw, mesh, a, order=_order: raw.readout_gradient(
                mesh, a.field, a.positions, order, a.vectors
            ),
        ),
        f"readout_gradient_field_bar {_order}": (
            "field",
            lambda raw, mesh, a, order=_order: raw.readout_gradient_field_bar(
                mesh, a.positions, order, a.vectors
            ),
        ),
        f"readout_gradient_positions_bar {_order}": (
            "particles",
            lambda raw, mesh, a, order=_order: raw.readout_gradient_positions_bar(
                mesh, a.field, a.positions, order, a.vectors
            ),
        ),
        f"readout_gradient_positions_bar {_order}, added": (
            "particles",
            lambda raw, mesh, a, order=_order: raw.readout_gradient_positions_bar(
                mesh, a.field, a.positions, order, a.vectors, a.vectors
            ),
        ),
    } | {
        f"finite_difference {_order} {'xyz'[_axis]}": (
            "field",
            lambda raw, mesh, a, axis=_axis, order=_order: raw.finite_difference(
                mesh, a.field, axis, order
            ),
        )
        for _axis in range(3)
    }
