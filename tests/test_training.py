# SPDX-License-Identifier: GPL-3.0-or-later
"""The split, the losses, the schedule, the optimisers and the fit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from model_cases import model_case

from jerald_tools.errors import RunFailed
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.chain import predict
from jerald_tools.model.parameters import (
    default_start,
    from_dictionary,
    parameter_names,
    to_dictionary,
)
from jerald_tools.training import split
from jerald_tools.training.adam import learning_rate
from jerald_tools.training.fit import OPTIMISERS, fit_parameters
from jerald_tools.training.losses import PaperLoss
from jerald_tools.training.search_space import SearchSpace
from jerald_tools.training.starts import Start, add_random_starts, original_start
from jerald_tools.training.transform_first import start_from_transform


def test_table_one_counts():
    counts = [
        [len(parameter_names(default_start(quantity, layers))) for layers in (0, 1, 2, 3)]
        for quantity in ("dark-matter", "stellar-mass", "neutral-hydrogen")
    ]
    assert counts == [[0, 5, 10, 15], [3, 8, 13, 18], [11, 21, 31, 41]]


@pytest.mark.parametrize("quantity", ["dark-matter", "stellar-mass", "neutral-hydrogen"])
def test_parameters_survive_a_dictionary(quantity):
    start = add_random_starts([original_start(quantity, 2)], 2, 8)[1].parameters
    assert from_dictionary(quantity, to_dictionary(start)) == start


def test_split_is_half_training_and_eight_percent_test():
    mesh = make_mesh(100, 1.0, ranks=ONE_PROCESS, backend="jax")
    assert split.region_sizes(mesh) == (500_000, 500_000 - 43**3, 43**3)


def test_region_means_of_an_odd_rectangular_mesh():
    mesh = make_mesh((5, 6, 7), 1.0, "double", ONE_PROCESS, "jax")
    field = np.random.default_rng(0).normal(size=mesh.shape)
    x, y, z = np.indices(mesh.shape)
    train = z >= 7 / 2
    test = (x < int(0.43 * 5)) & (y < int(0.43 * 6)) & (z < int(0.43 * 7))
    expected = [field[mask].mean() for mask in (train, ~train & ~test, test)]
    np.testing.assert_allclose(split.region_means(mesh, field), expected, rtol=1e-13)


def test_smoothing_weighs_a_plane_wave_and_keeps_the_mean():
    mesh = make_mesh(8, 2 * np.pi, "double", ONE_PROCESS, "jax")
    wave = 3 + jnp.cos(2 * jnp.arange(8) * 2 * jnp.pi / 8)[:, None, None] * jnp.ones(mesh.shape)
    losses = PaperLoss(1, smoothing=0.7)(mesh, wave, jnp.zeros(mesh.shape))
    # O_s is 1 at k = 0 and 1 + 2^-0.7 at k = 2: all values stay positive.
    assert losses.train == pytest.approx(3, rel=1e-13)
    squared = PaperLoss(2, smoothing=0.7)(mesh, wave, jnp.zeros(mesh.shape))
    assert squared.train == pytest.approx(9 + (1 + 2**-0.7) ** 2 / 2, rel=1e-13)


def test_learning_rate_of_equation_16():
    assert learning_rate(0) == pytest.approx(0.002)
    assert learning_rate(100) == pytest.approx(0.002 + 0.018 * (2 / (np.exp(-1) + 1) - 1))
    assert learning_rate(1e5) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("optimiser", "evaluations", "tolerance"),
    [("bfgs", 150, 1e-6), ("lbfgsb", 150, 1e-6), ("adam", 1500, 0.05)],
)
def test_optimisers_respect_bounds(optimiser, evaluations, tolerance):
    """Rosenbrock's valley, cut off by a bound: the solution lies on it, x = 1.2."""
    best = [np.inf, None]

    def objective(vector):
        assert vector[0] >= 1.2
        loss = scipy.optimize.rosen(vector)
        if loss < best[0]:
            best[:] = loss, vector
        return loss, scipy.optimize.rosen_der(vector)

    space = SearchSpace(np.array([1.2, -np.inf]), np.full(2, np.inf), np.ones(2))
    OPTIMISERS[optimiser](objective, np.array([1.5, 0.0]), space, evaluations)
    np.testing.assert_allclose(best[1], [1.2, 1.44], atol=tolerance)


def test_bfgs_goes_on_along_a_kink():
    """|x2 - x1^2| + (1 - x1)^2 / 4: gradient methods stop in the kinked valley."""
    seen = []

    def objective(vector):
        x, y = vector
        kink = np.sign(y - x * x)
        loss = abs(y - x * x) + (1 - x) ** 2 / 4
        seen.append(loss)
        return loss, np.array([-2 * x * kink - (1 - x) / 2, kink])

    space = SearchSpace(np.full(2, -np.inf), np.full(2, np.inf), np.ones(2))
    OPTIMISERS["bfgs"](objective, np.array([-1.2, 1.0]), space, 300)
    assert min(seen) < 1e-6
    assert len(seen) <= 300


def test_adam_takes_the_steps_of_its_paper():
    """Three steps of Kingma & Ba's algorithm 1, by hand, on a quadratic."""
    visited = []

    def objective(vector):
        visited.append(vector.copy())
        return float(vector @ vector), 2 * vector

    space = SearchSpace(np.full(2, -np.inf), np.full(2, np.inf), np.ones(2))
    OPTIMISERS["adam"](objective, np.array([1.0, -2.0]), space, 4)
    vector, first, second = np.array([1.0, -2.0]), 0.0, 0.0
    for step in range(3):
        gradient = 2 * vector
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        corrected = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.999 ** (step + 1))
        vector = vector - learning_rate(step) * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
        np.testing.assert_allclose(visited[step + 1], vector, rtol=1e-10)


@pytest.fixture(scope="module")
def stellar_problem():
    """A stellar map that the model itself made, from the default parameters but w, mu and b."""
    mesh = make_mesh(12, 6.0, "double", ONE_PROCESS, "native")
    inputs, _ = model_case(mesh, "stellar-mass", 1728)
    truth = to_dictionary(default_start("stellar-mass", 1))
    truth["transform"] = {"w": 0.8, "mu": 1.2, "b": 0.3}
    parameters = jax.tree.map(jnp.float64, from_dictionary("stellar-mass", truth))
    return mesh, inputs, predict(mesh, "stellar-mass", parameters, inputs)


def test_fit_recovers_the_parameters_of_its_own_map(stellar_problem):
    mesh, inputs, target = stellar_problem
    fit = fit_parameters(
        mesh, "stellar-mass", inputs, target, PaperLoss(2), [original_start("stellar-mass", 1)]
    )
    transform = to_dictionary(fit.best.parameters)["transform"]
    assert transform == pytest.approx({"w": 0.8, "mu": 1.2, "b": 0.3}, abs=2e-3)
    assert fit.best.losses.validation < 1e-5 * fit.best.history[0].validation
    best = min(losses.validation for losses in fit.best.history)
    assert fit.best.losses.validation == best
    np.testing.assert_allclose(fit.predicted, target, atol=0.05)


def test_fit_of_a_start_in_the_floor_fails(stellar_problem):
    mesh, inputs, target = stellar_problem
    floor = to_dictionary(default_start("stellar-mass", 1))
    floor["transform"] = {"w": 1e-5, "mu": 0.1, "b": 5.0}
    starts = [Start("floor", from_dictionary("stellar-mass", floor))]
    with pytest.raises(RunFailed, match="zero"):
        fit_parameters(mesh, "stellar-mass", inputs, target, PaperLoss(1), starts, evaluations=30)


def test_transform_first_starts_near_the_map_without_layers(stellar_problem):
    mesh, inputs, target = stellar_problem
    loss = PaperLoss(1)
    start = start_from_transform(
        mesh, "stellar-mass", inputs, target, loss, 2, 1, 1, optimiser="bfgs", evaluations=60
    )
    bare = [Start("bare", default_start("stellar-mass", 0))]
    without = fit_parameters(mesh, "stellar-mass", inputs, target, loss, bare, evaluations=60)
    with_layers = fit_parameters(
        mesh, "stellar-mass", inputs, target, loss, [start], evaluations=40
    )
    assert len(start.parameters.layers) == 2
    assert with_layers.best.history[0].train < 1.1 * without.best.losses.train
    assert with_layers.best.losses.train < without.best.losses.train


def test_random_starts_depend_on_their_seed_alone():
    def random(seed):
        return add_random_starts([original_start("neutral-hydrogen", 2)], 3, seed)

    assert random(1) == random(1)
    assert random(1)[1] != random(2)[1]
    assert random(1)[0].name == "default"
