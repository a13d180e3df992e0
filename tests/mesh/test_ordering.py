# SPDX-License-Identifier: GPL-3.0-or-later
"""Collectives inside jit meet in the same order on all ranks, in every kind of program.

XLA runs independent calls concurrently; without an order these tests end in wrong numbers, a
crash or a deadlock. Sums differ in length, so that two that cross cannot pass unnoticed.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mesh_cases import SHAPES, local_operands, operands

from jerald_tools.mesh.fields import convolve
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.paint import paint, readout
from jerald_tools.mesh.ranks import Ranks, on_root, spread, sum_over_ranks, world

pytestmark = pytest.mark.ranks

NUMBER = 12
LENGTHS = [1 + 37 * n for n in range(NUMBER)]


def parts(rank: int) -> list[np.ndarray]:
    """What a rank adds to each of the twelve sums."""
    return [(rank + 1.0) * (n + 1) * np.ones(length) for n, length in enumerate(LENGTHS)]


def totals() -> list[np.ndarray]:
    return [np.sum(terms, axis=0) for terms in zip(*map(parts, range(world().size)), strict=True)]


def twelve_sums(arrays):
    return [sum_over_ranks(world(), array) for array in arrays]


def assert_equal(results, expected):
    for result, value in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, value)


def test_jit():
    function = jax.jit(twelve_sums)
    # Results are not awaited: runs follow each other asynchronously.
    for results in [function(parts(world().rank)) for _ in range(30)]:
        assert_equal(results, totals())


def test_grad():
    @jax.jit
    def loss(parameter, arrays):
        parameter = spread(world(), parameter)
        return sum(jnp.sum(total**2) for total in twelve_sums([parameter * a for a in arrays]))

    own = parts(world().rank)
    expected = sum(float(np.sum(total**2)) for total in totals())
    for _ in range(10):
        value, slope = jax.value_and_grad(loss)(3.0, own)
        assert float(value) == pytest.approx(9 * expected, rel=1e-14)
        assert float(slope) == pytest.approx(6 * expected, rel=1e-14)


def test_scan():
    @jax.jit
    def repeated(arrays):
        def step(carry, _):
            return [total / world().size for total in twelve_sums(carry)], carry[0][0]

        return jax.lax.scan(step, arrays, length=20)[0]

    expected = [total / world().size for total in totals()]
    for result, value in zip(repeated(parts(world().rank)), expected, strict=True):
        np.testing.assert_allclose(result, value, rtol=1e-13)


@pytest.mark.parametrize("choice", [True, False])
def test_cond(choice):
    @jax.jit
    def either(choice, arrays):
        return jax.lax.cond(
            choice,
            twelve_sums,
            lambda arrays: [2 * a for a in twelve_sums(arrays[::-1])[::-1]],
            arrays,
        )

    factor = 1 if choice else 2
    results = either(choice, parts(world().rank))
    assert_equal(results, [factor * total for total in totals()])


def test_rematerialisation():
    @jax.jit
    @jax.grad
    def slope(parameter, arrays):
        @jax.checkpoint
        def loss(parameter):
            totals = twelve_sums([spread(world(), parameter) * a for a in arrays])
            return sum(jnp.sum(total**2) for total in totals)

        return loss(parameter)

    expected = 2 * sum(float(np.sum(total**2)) for total in totals())
    assert float(slope(1.0, parts(world().rank))) == pytest.approx(expected, rel=1e-14)


def mixed(mesh, positions, field, kernel):
    """Independent mesh operations and sums side by side, then their gradient under a scan."""

    def loss(kernel):
        kernel = spread(mesh.ranks, kernel)
        terms = [
            jnp.sum(paint(mesh, positions) * convolve(mesh, field, kernel)),
            jnp.sum(readout(mesh, convolve(mesh, field**2, kernel), positions)),
            jnp.sum(convolve(mesh, paint(mesh, positions + 0.1), kernel**2) ** 2),
        ]
        return sum(sum_over_ranks(mesh.ranks, term) for term in terms)

    def step(kernel, _):
        value, slope = jax.value_and_grad(loss)(kernel)
        return kernel - 1e-9 * slope, value

    return jax.lax.scan(step, kernel, length=3)


def test_mesh_operations_among_sums():
    shared = make_mesh(*SHAPES["six planes"], "double", world(), "native")
    alone = make_mesh(*SHAPES["six planes"], "double", Ranks(), "native")
    whole = operands(alone)
    part = local_operands(shared, whole)

    def run(mesh, arrays):
        function = jax.jit(mixed, static_argnums=0)
        return jax.device_get(function(mesh, arrays.positions, arrays.field, arrays.kernel))

    expected = on_root(shared.ranks, run, alone, whole)
    for result, value in zip(run(shared, part), expected, strict=True):
        np.testing.assert_allclose(result, value, rtol=1e-12, atol=1e-12)
