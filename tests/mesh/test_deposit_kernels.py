# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles with the extent of their kernels: against a sum over all pairs, on any ranks."""

import itertools

import numpy as np
import pytest
from small_universe import cloud_in_cell

from jerald_tools.mesh.deposit import NARROW, cubic_spline, deposit_kernels, kernel_pairs
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import gather

SHAPE = (12, 8, 10)
CELL = 0.5
BOX = tuple(CELL * nodes for nodes in SHAPE)


def particles(number=60):
    """Positions, weights, and radii from a fifth of a cell to most of the box."""
    generator = np.random.default_rng(4)
    radii = np.concatenate([generator.uniform(0.1, 2.2, number - 2), [NARROW * CELL, 3.9]])
    return generator.random((number, 3)) * BOX, generator.random(number), radii


def brute_force(positions, weights, radii):
    """Every node of the box and of its neighbours, for every particle."""
    nodes = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1) * CELL
    field = np.zeros(SHAPE)
    for where, weight, radius in zip(positions, weights, radii, strict=True):
        if radius < NARROW * CELL:
            field += cloud_in_cell(where[None], weight, SHAPE, BOX)
            continue
        share = np.zeros(SHAPE)
        for image in itertools.product((-1, 0, 1), repeat=3):
            q = np.linalg.norm(nodes + np.array(image) * BOX - where, axis=-1) / radius
            inner = 1 - 6 * q**2 + 6 * q**3
            share += np.where(q < 0.5, inner, np.where(q < 1, 2 * (1 - q) ** 3, 0))
        field += weight * share / share.sum()
    return field


@pytest.mark.ranks
def test_the_sum_over_all_pairs():
    mesh = make_mesh(SHAPE, BOX, "double")
    ranks = mesh.ranks
    positions, weights, radii = particles()
    # Any rank has any particles; the last of several has none.
    owner = np.arange(len(radii)) % max(1, ranks.size - 1)
    own = owner == ranks.rank
    slab = deposit_kernels(mesh, positions[own], weights[own], radii[own])
    field = np.concatenate(gather(ranks, slab))
    np.testing.assert_allclose(field, brute_force(positions, weights, radii), rtol=0, atol=1e-14)
    assert field.sum() == pytest.approx(weights.sum(), rel=1e-14)


def test_the_kernel_is_the_cubic_spline():
    q = np.linspace(0, 1, 100001)
    # 8 / pi times it integrates to one over the ball.
    volume = 4 * np.pi * np.trapezoid(q**2 * 8 / np.pi * cubic_spline(q), q)
    assert volume == pytest.approx(1, rel=1e-9)
    assert cubic_spline(np.array([0, 0.5, 1, 2])).tolist() == [1, 0.25, 0, 0]


def test_pairs_are_counted_for_the_estimate_of_time():
    assert kernel_pairs(np.array([0.1, CELL * 2.5]), CELL) == 6**3
