# SPDX-License-Identifier: GPL-3.0-or-later
"""Gradients of powers of fields, and of their filtered sums, by differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mesh_cases import EXPONENTS, OFFSETS, SHAPES, operands, positive, power_terms

from jerald_tools.mesh.mesh import PowerTerm, make_mesh
from jerald_tools.mesh.powers import filtered_powers, scaled_power
from jerald_tools.mesh.ranks import Ranks


def powers(mesh, variables):
    return filtered_powers(mesh, [PowerTerm(*term) for term in variables], OFFSETS)


def scaled(mesh, variables):
    return scaled_power(mesh, *variables)


def start(name, arrays):
    """The function, and all that it is differentiated by."""
    if name == "scaled_power":
        return scaled, (positive(arrays.field), *EXPONENTS)
    return powers, [tuple(term) for term in power_terms(arrays)]


@pytest.mark.parametrize("name", ["scaled_power", "filtered_powers"])
@pytest.mark.parametrize("backend", ["native", "cuda", "jax"])
@pytest.mark.parametrize("shape", ["rectangle", "four planes"])
def test_gradients(shape, backend, name):
    mesh = make_mesh(*SHAPES[shape], "double", Ranks(), backend)
    function, variables = start(name, operands(mesh))
    random = np.random.default_rng(5)
    value, adjoint = jax.vjp(lambda v: function(mesh, v), variables)
    cotangent = random.normal(size=value.shape)
    (bars,) = adjoint(jnp.asarray(cotangent))
    directions = jax.tree.map(lambda one: 0.1 * one * random.uniform(size=one.shape), variables)

    def along(step):
        moved = jax.tree.map(lambda one, by: one + step * by, variables, directions)
        return float(np.sum(np.asarray(function(mesh, moved)) * cotangent))

    step = 1e-2
    near, far = ((along(h) - along(-h)) / (2 * h) for h in (step / 2, step))
    pairs = zip(jax.tree.leaves(bars), jax.tree.leaves(directions), strict=True)
    slopes = [float(np.sum(np.asarray(bar) * by)) for bar, by in pairs]
    scale = sum(map(abs, slopes))
    assert sum(slopes) == pytest.approx((4 * near - far) / 3, rel=1e-9, abs=1e-9 * scale)


@pytest.mark.parametrize("backend", ["native", "cuda", "jax"])
def test_fields_that_stay_have_no_cotangent(backend):
    """The gradient by the exponents alone is the same, in their type."""
    mesh = make_mesh(*SHAPES["rectangle"], "single", Ranks(), backend)
    variables = [tuple(term) for term in power_terms(operands(mesh))]

    def loss(exponents, fields):
        terms = [
            PowerTerm(field, exponent, kernel)
            for (_, _, kernel), field, exponent in zip(variables, fields, exponents, strict=True)
        ]
        return jnp.sum(filtered_powers(mesh, terms, OFFSETS) ** 2)

    fields, exponents, _ = zip(*variables, strict=True)
    alone = jax.grad(loss)(exponents, fields)
    with_fields, field_bars = jax.grad(loss, argnums=(0, 1))(exponents, fields)
    assert [bar.dtype for bar in alone] == [np.float64] * 2
    assert [bar.dtype for bar in field_bars] == [np.float32] * 2
    np.testing.assert_allclose(alone, with_fields, rtol=1e-6)
