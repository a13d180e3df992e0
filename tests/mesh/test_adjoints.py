# SPDX-License-Identifier: GPL-3.0-or-later
"""Adjoints by dot products, <J u, v> = <u, J^T v>, and slopes by central differences."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mesh_cases import SHAPES, operands, region_bounds

from jerald_tools.mesh.fields import c2r, convolve, finite_difference, r2c, region_sums
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.paint import (
    density,
    density_on_the_way,
    move_along_gradient,
    paint,
    readout,
    readout_gradient,
)
from jerald_tools.mesh.ranks import Ranks

# name -> (function of mesh and the one operand that it is linear in, given the others; the name
# of that operand)
LINEAR = {
    "paint, weights": (lambda mesh, u, a: paint(mesh, a.positions, u), "weights"),
    "density, weights over their sum": (
        lambda mesh, u, a: density(mesh, a.positions, u) * jnp.sum(u),
        "weights",
    ),
    "readout, field": (lambda mesh, u, a: readout(mesh, u, a.positions), "field"),
    "r2c": (lambda mesh, u, a: r2c(mesh, u), "field"),
    "c2r": (lambda mesh, u, a: c2r(mesh, u), "spectrum"),
    "convolve, field": (lambda mesh, u, a: convolve(mesh, u, a.kernel), "field"),
    "convolve, kernel": (lambda mesh, u, a: convolve(mesh, a.field, u), "kernel"),
    "region_sums": (lambda mesh, u, a: region_sums(mesh, u, *region_bounds(mesh)), "field"),
    "move_along_gradient, field": (
        lambda mesh, u, a: move_along_gradient(mesh, u, a.positions, 6) - a.positions,
        "field",
    ),
}
for _order in (4, 6):
    LINEAR[f"readout_gradient {_order}, field"] = (
        lambda mesh, u, a, order=_order: readout_gradient(mesh, u, a.positions, order),
        "field",
    )
    for _axis in range(3):
        LINEAR[f"finite_difference {_order} {'xyz'[_axis]}"] = (
            lambda mesh, u, a, axis=_axis, order=_order: finite_difference(mesh, u, axis, order),
            "field",
        )

# name -> function of mesh and positions, given the others
OF_POSITIONS = {
    "paint": lambda mesh, x, a: paint(mesh, x),
    "paint weighted": lambda mesh, x, a: paint(mesh, x, a.weights),
    "density": lambda mesh, x, a: density(mesh, x),
    "readout": lambda mesh, x, a: readout(mesh, a.field, x),
    "readout_gradient 4": lambda mesh, x, a: readout_gradient(mesh, a.field, x, 4),
    "readout_gradient 6": lambda mesh, x, a: readout_gradient(mesh, a.field, x, 6),
    "density on the way": lambda mesh, x, a: jnp.concatenate(
        [jnp.ravel(result) for result in density_on_the_way(mesh, x)]
    ),
    "move_along_gradient": lambda mesh, x, a: move_along_gradient(mesh, a.field, x, 6),
}


@functools.cache
def case(shape: str, backend: str, precision: str = "double"):
    mesh = make_mesh(*SHAPES[shape], precision, Ranks(), backend)
    return mesh, operands(mesh, number=200)


def random_like(array, random):
    """Random numbers of the array's shape and type; complex ones without Hermitian symmetry."""
    values = random.normal(size=array.shape)
    if np.iscomplexobj(array):
        values = values + 1j * random.normal(size=array.shape)
    return values.astype(array.dtype)


def pairing(first, second) -> float:
    """JAX pairs a complex array with its cotangent without conjugation."""
    first, second = (np.asarray(x).astype(np.complex128) for x in (first, second))
    return float(np.sum(first * second).real)


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("backend", ["native", "cuda", "jax"])
@pytest.mark.parametrize("shape", ["rectangle", "six planes", "four planes"])
def test_linear(shape, backend, name):
    mesh, arrays = case(shape, backend)
    function, operand = LINEAR[name]
    random = np.random.default_rng(3)
    tangent = random_like(getattr(arrays, operand), random)
    value, adjoint = jax.vjp(lambda u: function(mesh, u, arrays), tangent)
    cotangent = random_like(value, random)
    (pulled_back,) = adjoint(jnp.asarray(cotangent))
    assert pulled_back.shape == tangent.shape
    assert pulled_back.dtype == tangent.dtype
    forward, backward = pairing(value, cotangent), pairing(tangent, pulled_back)
    scale = np.linalg.norm(value) * np.linalg.norm(cotangent)
    assert abs(forward - backward) <= 1e-14 * scale


@pytest.mark.parametrize("name", OF_POSITIONS)
@pytest.mark.parametrize("backend", ["native", "cuda", "jax"])
@pytest.mark.parametrize("shape", ["rectangle", "six planes"])
def test_positions(shape, backend, name):
    mesh, arrays = case(shape, backend)
    random = np.random.default_rng(4)
    # A tenth of a cell away from all edges, where the interpolant has kinks.
    cells = np.array(mesh.cell_size)
    places = random.integers(-5, 30, (200, 3)) + random.uniform(0.1, 0.9, (200, 3))
    positions = places * cells
    directions = random.normal(size=positions.shape) * cells
    directions /= np.abs(directions / cells).max()
    value, adjoint = jax.vjp(lambda x: OF_POSITIONS[name](mesh, x, arrays), positions)
    cotangent = random.normal(size=value.shape)
    (pulled_back,) = adjoint(jnp.asarray(cotangent))

    def along(step):
        moved = OF_POSITIONS[name](mesh, positions + step * directions, arrays)
        return float(np.sum(np.asarray(moved) * cotangent))

    # Along a line the interpolant is a cubic in each cell: Richardson's combination is exact.
    step = 0.05
    near, far = ((along(h) - along(-h)) / (2 * h) for h in (step, step / 2))
    slope = (4 * far - near) / 3
    assert float(np.sum(np.asarray(pulled_back) * directions)) == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("backend", ["native", "cuda", "jax"])
def test_single_precision_types(backend):
    """Cotangents come in the type of what they belong to."""
    mesh, arrays = case("six planes", backend, "single")

    def loss(positions, kernel, weights):
        field = convolve(mesh, density(mesh, positions, weights), kernel)
        return jnp.sum(readout_gradient(mesh, field, positions, 6) ** 2)

    gradients = jax.grad(loss, argnums=(0, 1, 2))(
        arrays.positions, arrays.kernel.astype(np.float64), arrays.weights
    )
    assert [g.dtype for g in gradients] == [np.float32, np.float64, np.float32]
    assert all(np.isfinite(g).all() for g in gradients)
