# SPDX-License-Identifier: GPL-3.0-or-later
"""The curvature by Gauss and Newton: against second derivatives, on a lattice, within bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jerald_tools.fitting import gauss_newton
from jerald_tools.fitting.gauss_newton import GaussNewton, make_sampled_residual
from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.search_space import ravel_parameters, search_space
from jerald_tools.fitting.statistics_loss import StatisticsLoss
from jerald_tools.model.model import predict
from jerald_tools.model.power_law import Transform
from jerald_tools.model.stellar_mass import StellarParameters

WITHOUT_LAYERS = StellarParameters((), Transform(w=0.8, mu=1.2, b=0.3))


def own_map(stellar_map):
    """The map of these very parameters: residual and penalties vanish there."""
    parameters = jax.tree.map(jnp.float64, WITHOUT_LAYERS)
    return predict(stellar_map.mesh, stellar_map.quantity, parameters, stellar_map.inputs)


def test_gauss_newton_is_the_second_derivative_of_a_squared_residual(stellar_map):
    """Where the residual vanishes J^T W J is the Hessian: against differences of the gradient."""
    mesh, quantity, inputs = stellar_map.mesh, stellar_map.quantity, stellar_map.inputs
    vector, space = ravel_parameters(WITHOUT_LAYERS), search_space(WITHOUT_LAYERS)
    loss, target = PaperLoss(2, 1.0), own_map(stellar_map)
    residual = make_sampled_residual(mesh, quantity, loss, layers=0)
    matrix = GaussNewton(mesh, residual, loss.curvature, space, inputs, target)(vector)
    evaluate = make_evaluate(mesh, quantity, loss, layers=0)
    for number, column in enumerate(matrix.T):
        step = np.zeros(3)
        step[number] = 1e-4
        ahead, behind = (evaluate(vector + way * step, inputs, target)[1] for way in (1, -1))
        np.testing.assert_allclose(column, (ahead - behind) / 2e-4, rtol=0.05)


def test_gauss_newton_has_the_curvature_of_the_penalties(stellar_map):
    """Where residual and penalties vanish it is the Hessian: against differences of gradients."""
    mesh, quantity, inputs = stellar_map.mesh, stellar_map.quantity, stellar_map.inputs
    loss, target = StatisticsLoss(PaperLoss(2), 0.3, 0.0, 1.0, 0.0), own_map(stellar_map)
    vector, space = ravel_parameters(WITHOUT_LAYERS), search_space(WITHOUT_LAYERS)
    residual = make_sampled_residual(mesh, quantity, loss, layers=0)
    reference = jax.jit(loss.reference, static_argnums=0)(mesh, target)
    matrix = GaussNewton(mesh, residual, loss.curvature, space, inputs, reference)(vector)
    evaluate = make_evaluate(mesh, quantity, loss, layers=0)
    for number, column in enumerate(matrix.T):
        step = np.zeros(3)
        step[number] = 1e-4
        ahead, behind = (evaluate(vector + way * step, inputs, reference)[1] for way in (1, -1))
        np.testing.assert_allclose(column, (ahead - behind) / 2e-4, rtol=0.05)
    samples, penalties = residual(vector + np.array([0.1, 0.0, 0.0]), inputs, reference)
    losses = evaluate(vector + np.array([0.1, 0.0, 0.0]), inputs, reference)[0][1]
    assert float(jnp.mean(samples**2) + jnp.sum(penalties**2)) == pytest.approx(
        float(losses.train), rel=1e-10
    )


def test_the_curvature_on_a_lattice_is_that_on_all_nodes(stellar_map, monkeypatch):
    mesh, quantity, inputs = stellar_map.mesh, stellar_map.quantity, stellar_map.inputs
    start = quantity.transform_starts()[0].parameters
    vector, space, loss = ravel_parameters(start), search_space(start), PaperLoss(1)

    def curvature():
        residual = make_sampled_residual(mesh, quantity, loss, layers=0)
        size = residual(vector, inputs, stellar_map.target)[0].size
        estimate = GaussNewton(mesh, residual, loss.curvature, space, inputs, stellar_map.target)
        return estimate(vector), size

    whole, nodes = curvature()
    monkeypatch.setattr(gauss_newton, "NODES", mesh.size // 16)
    sampled, fewer = curvature()
    assert (nodes, fewer) == (mesh.size // 2, mesh.size // 16)
    np.testing.assert_allclose(sampled, whole, rtol=0.5)


def test_a_difference_quotient_stays_within_the_bounds(stellar_map):
    mesh, inputs, target = stellar_map.mesh, stellar_map.inputs, stellar_map.target
    start = stellar_map.quantity.transform_starts()[0].parameters
    space = search_space(start)
    at_bound = np.where(np.isfinite(space.upper), space.upper, ravel_parameters(start))
    seen = []

    def residual(vector, inputs, target):
        seen.append(np.array(vector))
        return jnp.asarray(vector).sum()[None], jnp.zeros(0)

    GaussNewton(mesh, residual, PaperLoss(2).curvature, space, inputs, target)(at_bound)
    assert len(seen) == 4
    assert np.all(np.array(seen) <= space.upper)
