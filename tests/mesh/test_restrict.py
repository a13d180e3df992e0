# SPDX-License-Identifier: GPL-3.0-or-later
"""Means on a coarser mesh against their formula, on any number of ranks, and their adjoint."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mesh_cases import SHAPES, restricted

from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import Ranks, gather, world
from jerald_tools.mesh.restrict import refined, restrict

TOLERANCE = {"single": 1e-6, "double": 1e-14}


def a_field(mesh, factor, seed=4):
    return np.random.default_rng(seed).normal(size=refined(mesh, factor).shape).astype(mesh.dtype)


@pytest.mark.parametrize("backend", ["native", "cuda", "jax"])
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("shape", ["cube", "rectangle"])
@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_means_are_those_of_the_formula(factor, shape, precision, backend):
    mesh = make_mesh(*SHAPES[shape], precision, Ranks(), backend)
    field = a_field(mesh, factor)
    found = restrict(mesh, factor, jnp.asarray(field))
    assert found.dtype == mesh.dtype
    expected = restricted(field.astype(np.float64), factor)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[precision])
    assert np.mean(found, dtype=np.float64) == pytest.approx(
        np.mean(field, dtype=np.float64), abs=TOLERANCE[precision]
    )


def test_a_quarter_a_half_and_a_quarter():
    mesh = make_mesh(4, 4.0, "double", Ranks())
    field = np.zeros((8, 8, 8))
    field[2], field[3] = 1.0, 10.0
    found = restrict(mesh, 2, jnp.asarray(field))
    np.testing.assert_array_equal(found[:, 0, 0], [0.0, 0.5 + 2.5, 2.5, 0.0])


@pytest.mark.ranks
@pytest.mark.parametrize(
    ("shape", "factor", "precision"),
    [
        ("cube", 2, "single"),
        ("rectangle", 2, "double"),
        ("six planes", 2, "double"),
        ("four planes", 3, "double"),
    ],
)
def test_any_number_of_ranks_gives_the_same(shape, factor, precision):
    mesh = make_mesh(*SHAPES[shape], precision, world(), "native")
    fine, field = refined(mesh, factor), a_field(mesh, factor)
    cotangent = np.random.default_rng(5).normal(size=mesh.shape).astype(mesh.dtype)

    @jax.jit
    def both_ways(part, cotangent):
        result, pull_back = jax.vjp(functools.partial(restrict, mesh, factor), part)
        return result, *pull_back(cotangent)

    own = slice(mesh.x_start, mesh.x_stop)
    part = field[fine.x_start : fine.x_stop]
    result, pulled_back = both_ways(part, cotangent[own])
    expected = restricted(field.astype(np.float64), factor)[own]
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE[precision])
    # The dot-product test of the adjoint: <restrict f, c> = <f, adjoint c>.
    products = (np.vdot(result, cotangent[own]), np.vdot(part, pulled_back))
    forward, backward = np.sum(gather(mesh.ranks, products), axis=0)
    assert forward == pytest.approx(backward, abs=100 * TOLERANCE[precision])
