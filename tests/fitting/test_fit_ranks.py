# SPDX-License-Identifier: GPL-3.0-or-later
"""Curvature and fits over MPI ranks: those of one process, and the same bits on every rank."""

import jax
import numpy as np
import pytest
from model_cases import generic_parameters, model_case

from jerald_tools.fitting import gauss_newton
from jerald_tools.fitting.fit import Search, fit_parameters
from jerald_tools.fitting.gauss_newton import GaussNewton, make_sampled_residual
from jerald_tools.fitting.problem import Simulation, Task
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.search_space import ravel_parameters, search_space
from jerald_tools.fitting.statistics_loss import loss_named
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, gather, on_root, world
from jerald_tools.model.layer_starts import Start
from jerald_tools.quantities import quantity_named

pytestmark = pytest.mark.ranks

# On four ranks: slabs of 2, 2, 2 and none.
SHAPE, BOX_SIZE = (6, 6, 8), (3.0, 3.0, 4.0)
STARS = quantity_named("stellar-mass")


def curvature(mesh, loss):
    inputs, target = model_case(mesh, "stellar-mass")
    parameters = generic_parameters("stellar-mass", 1)
    residual = make_sampled_residual(mesh, STARS, loss, layers=1)
    reference = jax.jit(loss.reference, static_argnums=0)(mesh, target)
    estimate = GaussNewton(
        mesh, residual, loss.curvature, search_space(parameters), inputs, reference
    )
    return estimate(ravel_parameters(parameters))


@pytest.mark.parametrize(
    ("loss", "spacing"),
    [
        (PaperLoss(1, 1.0), 1),
        (PaperLoss(2, 1.0), 2),
        (loss_named("statistics", STARS, 1.0), 1),
    ],
)
def test_curvature(loss, spacing, monkeypatch):
    ranks = world()
    monkeypatch.setattr(gauss_newton, "NODES", np.prod(SHAPE) // 2 // spacing**3)
    alone = make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS, "native")
    expected = on_root(ranks, curvature, alone, loss)
    found = curvature(make_mesh(SHAPE, BOX_SIZE, "double", ranks, "native"), loss)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * np.abs(expected).max())
    assert all(np.array_equal(found, other) for other in gather(ranks, found))


def best_of_a_fit(mesh):
    inputs, target = model_case(mesh, "stellar-mass")
    start = Start("generic", generic_parameters("stellar-mass", 1))
    task = Task(mesh, STARS, [Simulation(inputs, target)], PaperLoss(1))
    fit = fit_parameters(task, [start], Search(evaluations=8))
    return ravel_parameters(fit.best.parameters), fit.best.history


def test_fit():
    ranks = world()
    alone = make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS, "native")
    expected, _ = on_root(ranks, best_of_a_fit, alone)
    found, history = best_of_a_fit(make_mesh(SHAPE, BOX_SIZE, "double", ranks, "native"))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert history[-1].train < history[0].train
    for other, its_history in gather(ranks, (found, history)):
        assert np.array_equal(found, other)
        assert history == its_history
