# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimisers on functions whose minimum is known: bounds, kinks, steps and their number."""

import numpy as np
import pytest
import scipy.optimize

from jerald_tools.fitting.optimisers import OPTIMISERS, learning_rate
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.search_space import SearchSpace


def test_learning_rate_of_equation_16():
    assert learning_rate(0) == pytest.approx(0.002)
    assert learning_rate(100) == pytest.approx(0.002 + 0.018 * (2 / (np.exp(-1) + 1) - 1))
    assert learning_rate(1e5) == pytest.approx(0.02)


class Recorder:
    """An objective with a given loss and a given estimate of its second derivatives."""

    def __init__(self, loss_and_gradient, curvature):
        self.loss_and_gradient, self.matrix = loss_and_gradient, np.asarray(curvature)
        self.vectors, self.losses, self.curvatures = [], [], 0

    def __call__(self, vector):
        loss, gradient = self.loss_and_gradient(vector)
        self.vectors.append(np.array(vector))
        self.losses.append(loss)
        return loss, gradient

    def curvature(self, vector):
        self.curvatures += 1
        return self.matrix

    @property
    def best(self):
        return self.vectors[int(np.argmin(self.losses))]


def unbounded(size: int) -> SearchSpace:
    return SearchSpace(np.full(size, -np.inf), np.full(size, np.inf), np.ones(size))


@pytest.mark.parametrize(
    ("optimiser", "evaluations", "tolerance"),
    [("bfgs", 150, 1e-6), ("lbfgsb", 150, 1e-6), ("adam", 1500, 0.05)],
)
def test_optimisers_respect_bounds(optimiser, evaluations, tolerance):
    """Rosenbrock's valley, cut off by a bound: the solution lies on it, x = 1.2."""
    objective = Recorder(
        lambda vector: (scipy.optimize.rosen(vector), scipy.optimize.rosen_der(vector)), np.eye(2)
    )
    space = SearchSpace(np.array([1.2, -np.inf]), np.full(2, np.inf), np.ones(2))
    OPTIMISERS[optimiser](objective, np.array([1.5, 0.0]), space, evaluations)
    assert min(vector[0] for vector in objective.vectors) >= 1.2
    np.testing.assert_allclose(objective.best, [1.2, 1.44], atol=tolerance)


def test_bfgs_leaves_a_bound_that_it_met():
    """A first step that is far too long ends on a bound; the solution is inside."""
    space = SearchSpace(np.array([-1.0, -1.0]), np.array([0.5, 1.0]), np.ones(2))

    def quartic(vector):
        offset = vector - [0.3, -0.2]
        return float(np.sum(offset**4 + offset**2)), 4 * offset**3 + 2 * offset

    objective = Recorder(quartic, 1e-3 * np.eye(2))
    OPTIMISERS["bfgs"](objective, np.array([-0.9, 0.9]), space, 60)
    assert np.all(np.array(objective.vectors) <= space.upper)
    assert objective.vectors[1][0] == 0.5
    np.testing.assert_allclose(objective.best, [0.3, -0.2], atol=1e-4)


def kinked_valley(vector):
    """|x2 - x1^2| + (1 - x1)^2 / 4: gradient methods stop in the kinked valley."""
    x, y = vector
    kink = np.sign(y - x * x)
    return abs(y - x * x) + (1 - x) ** 2 / 4, np.array([-2 * x * kink - (1 - x) / 2, kink])


def test_bfgs_goes_on_along_a_kink():
    objective = Recorder(kinked_valley, np.eye(2))
    OPTIMISERS["bfgs"](objective, np.array([-1.2, 1.0]), unbounded(2), 300)
    assert min(objective.losses) < 1e-6
    assert len(objective.losses) <= 300


def test_bfgs_fits_kinked_power_laws_in_few_evaluations():
    """A small L1 fit of w x^mu - b above a floor: within 40 evaluations to 1 % of the start."""
    x = np.random.default_rng(1).lognormal(0, 1, 4000)

    def model(vector):
        w, mu, b = vector
        return np.maximum(w * x**mu - b, 0), np.stack([x**mu, w * x**mu * np.log(x), -0 * x - 1])

    target, _ = model([0.8, 1.3, 1.5])

    def loss_and_gradient(vector):
        value, slopes = model(vector)
        residual = value - target
        return np.abs(residual).mean(), (slopes * (value > 0)) @ np.sign(residual) / len(x)

    start = np.array([1.0, 1.0, 0.1])
    value, slopes = model(start)
    slopes = slopes * (value > 0)
    residual = value - target
    weights = PaperLoss(1).curvature(residual, np.abs(residual).mean())
    objective = Recorder(loss_and_gradient, (slopes * weights) @ slopes.T / len(x))
    OPTIMISERS["bfgs"](objective, start, unbounded(3), 40)
    assert min(objective.losses) < 0.01 * objective.losses[0]


def test_bfgs_takes_one_step_to_the_minimum_of_a_parabola_whose_curvature_it_knows():
    matrix = np.array([[2.0, 1.9], [1.9, 2.0]])
    objective = Recorder(lambda v: (float(v @ matrix @ v) / 2, matrix @ v), matrix)
    OPTIMISERS["bfgs"](objective, np.array([0.5, 0.4]), unbounded(2), 2)
    # But for the damping, a thousandth of the largest eigenvalue against the smallest, 0.1.
    assert objective.losses[1] < 3e-3 * objective.losses[0]


@pytest.mark.parametrize("curvature", [np.zeros((2, 2)), np.full((2, 2), np.nan)])
def test_bfgs_goes_down_the_gradient_where_no_curvature_is_known(curvature):
    objective = Recorder(lambda v: (float(v @ v), 2 * v), curvature)
    OPTIMISERS["bfgs"](objective, np.array([3.0, -4.0]), unbounded(2), 60)
    np.testing.assert_allclose(objective.vectors[1], [2.94, -3.92], rtol=1e-12)
    assert min(objective.losses) < 1e-6


def test_bfgs_stops_when_evaluations_gain_nothing():
    """|x| and a plateau: it neither uses all evaluations up nor asks for curvature forever."""
    objective = Recorder(lambda v: (1 + abs(v[0]), np.sign(v)), np.eye(1))
    OPTIMISERS["bfgs"](objective, np.array([0.7]), unbounded(1), 1000)
    assert len(objective.losses) < 100
    assert objective.curvatures < 5


def test_adam_takes_the_steps_of_its_paper():
    """Three steps of Kingma & Ba's algorithm 1, by hand, on a quadratic."""
    visited = []

    def objective(vector):
        visited.append(vector.copy())
        return float(vector @ vector), 2 * vector

    OPTIMISERS["adam"](objective, np.array([1.0, -2.0]), unbounded(2), 4)
    vector, first, second = np.array([1.0, -2.0]), 0.0, 0.0
    for step in range(3):
        gradient = 2 * vector
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        corrected = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.999 ** (step + 1))
        vector = vector - learning_rate(step) * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
        np.testing.assert_allclose(visited[step + 1], vector, rtol=1e-10)
