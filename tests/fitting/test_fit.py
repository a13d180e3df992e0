# SPDX-License-Identifier: GPL-3.0-or-later
"""The split, the losses, the schedule, the optimisers and the fit."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from model_cases import model_case

from jerald_tools.errors import RunFailed
from jerald_tools.fitting import objective as gauss_newton
from jerald_tools.fitting import regions as split
from jerald_tools.fitting.fit import OPTIMISERS, FittedStart, _best, fit_parameters
from jerald_tools.fitting.losses import PaperLoss
from jerald_tools.fitting.objective import (
    GaussNewton,
    PreparedSimulation,
    RecordedObjective,
    make_evaluate,
    make_sampled_residual,
    programs,
)
from jerald_tools.fitting.optimisers import learning_rate
from jerald_tools.fitting.problem import Simulation
from jerald_tools.fitting.search import find_starts
from jerald_tools.fitting.search_space import Nodes, SearchSpace, ravel_parameters, search_space
from jerald_tools.fitting.starts import (
    Start,
    choose_starts,
    dark_matter_start,
    layered_starts,
    original_start,
    transform_starts,
)
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.chain import predict
from jerald_tools.model.parameters import (
    Transform,
    default_start,
    from_dictionary,
    parameter_names,
    to_dictionary,
)


def test_table_one_counts():
    counts = [
        [len(parameter_names(default_start(quantity, layers))) for layers in (0, 1, 2, 3)]
        for quantity in ("dark-matter", "stellar-mass", "neutral-hydrogen")
    ]
    assert counts == [[0, 5, 10, 15], [3, 8, 13, 18], [11, 21, 31, 41]]


@pytest.mark.parametrize("quantity", ["dark-matter", "stellar-mass", "neutral-hydrogen"])
def test_parameters_survive_a_dictionary(quantity):
    start = choose_starts([original_start(quantity, 2)], 2, 8)[1].parameters
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


class Recorder:
    """A loss of one's own for an optimiser, its second derivatives estimated by a given matrix."""

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
        mesh,
        "stellar-mass",
        [Simulation(inputs, target)],
        PaperLoss(2),
        [original_start("stellar-mass", 1)],
    )
    transform = to_dictionary(fit.best.parameters)["transform"]
    assert transform == pytest.approx({"w": 0.8, "mu": 1.2, "b": 0.3}, abs=2e-3)
    assert fit.best.losses.validation < 1e-5 * fit.best.history[0].validation
    best = min(losses.validation for losses in fit.best.history)
    assert fit.best.losses.validation == best
    np.testing.assert_allclose(fit.predicted, [target], atol=0.05)


def test_fits_of_one_kind_are_compiled_once(stellar_problem):
    mesh, inputs, target = stellar_problem
    task = (mesh, "stellar-mass", [Simulation(inputs, target)], PaperLoss(2, 0.7))
    before = programs.cache_info().misses
    for start in transform_starts("stellar-mass")[:2]:
        fit_parameters(*task, [start], evaluations=2)
    assert programs.cache_info().misses == before + 1
    assert programs(mesh, "stellar-mass", PaperLoss(2, 0.7), 0, 0.0).evaluate._cache_size() == 1


@pytest.mark.parametrize("judge", ["train", "validation"])
def test_the_judge_says_which_evaluation_is_kept(stellar_problem, judge):
    mesh, inputs, target = stellar_problem
    noisy = target * np.random.default_rng(2).lognormal(sigma=0.5, size=target.shape)
    task = (mesh, "stellar-mass", [Simulation(inputs, jnp.asarray(noisy))], PaperLoss(1))
    start = transform_starts("stellar-mass")[0]
    best = fit_parameters(*task, [start], evaluations=30, judge=judge).best
    losses = [getattr(losses, judge) for losses in best.history]
    assert best.best_number == np.argmin(losses)
    assert getattr(best.losses, judge) == min(losses)


def test_two_simulations_are_fitted_by_their_mean_loss(stellar_problem):
    """The same one twice changes nothing; another one pulls the parameters to a middle."""
    mesh, inputs, target = stellar_problem
    start = dataclasses.replace(transform_starts("stellar-mass")[0])
    one, brighter = Simulation(inputs, target), Simulation(inputs, 2 * target)

    def fitted(*simulations):
        task = (mesh, "stellar-mass", simulations, PaperLoss(2), [start])
        return fit_parameters(*task, evaluations=40)

    alone, twice, both = fitted(one), fitted(one, one), fitted(one, brighter)
    assert twice.best.losses == pytest.approx(alone.best.losses, rel=1e-6)
    assert twice.best.curvature_maps == 2 * alone.best.curvature_maps
    bright, mean = jnp.mean(2 * target), jnp.mean(target)
    assert mean < jnp.mean(both.predicted[0]) < bright
    np.testing.assert_array_equal(both.predicted[0], both.predicted[1])
    losses = [PaperLoss(2)(mesh, both.predicted[0], part * target) for part in (1, 2)]
    assert both.best.losses == pytest.approx(np.mean(losses, axis=0), rel=1e-9)


def test_starts_that_validate_alike_are_told_apart_by_their_training():
    def fitted(name, train, validation):
        losses = split.Regions(train, validation, 0.0)
        return FittedStart(Start(name, None), None, losses, 0, [losses], 0, True)

    worse = fitted("worse", 0.1, 1.02)
    alike = [fitted("least", 0.5, 1.0), fitted("alike", 0.4, 1.004)]
    assert _best([worse, *alike], "validation").start.name == "alike"
    assert _best([worse, alike[0]], "validation").start.name == "least"


def test_fit_of_a_start_in_the_floor_fails(stellar_problem):
    mesh, inputs, target = stellar_problem
    floor = to_dictionary(default_start("stellar-mass", 1))
    floor["transform"] = {"w": 1e-5, "mu": 0.1, "b": 5.0}
    starts = [Start("floor", from_dictionary("stellar-mass", floor))]
    with pytest.raises(RunFailed, match="zero"):
        fit_parameters(
            mesh,
            "stellar-mass",
            [Simulation(inputs, target)],
            PaperLoss(1),
            starts,
            evaluations=30,
        )


def test_layers_start_from_a_screened_fit_of_the_transform(stellar_problem):
    mesh, inputs, target = stellar_problem
    task = (mesh, "stellar-mass", [Simulation(inputs, target)], PaperLoss(1))
    starts, (short, long) = find_starts(*task, 2, 3, 1, evaluations=60)
    assert len(short.tried) == 3
    assert max(len(tried.history) for tried in short.tried) <= 25
    assert long.best.start.parameters == short.best.parameters
    assert long.best.losses.validation <= short.best.losses.validation
    assert [len(start.parameters.layers) for start in starts] == [2, 2, 2]
    transforms = {start.parameters.transform for start in starts}
    assert transforms == {jax.tree.map(float, long.best.parameters.transform)}
    fit = fit_parameters(*task, starts, evaluations=40)
    weak = fit.tried[1]
    assert weak.start.name == "weak layers"
    assert weak.history[0].train < 1.1 * long.best.losses.train
    assert fit.best.losses.validation < long.best.losses.validation


def test_starts_without_a_transform_or_layers_need_no_fit(stellar_problem):
    mesh, inputs, target = stellar_problem
    task = ([Simulation(inputs, target)], PaperLoss(1))
    for quantity, layers, name in (
        ("dark-matter", 2, "opposed layers"),
        ("stellar-mass", 0, "thr"),
    ):
        starts, fits = find_starts(mesh, quantity, *task, layers, 2, 5, evaluations=9)
        assert fits == []
        assert starts[0].name.startswith(name)
        assert starts[1].name == "random 1 of seed 5"


def test_gauss_newton_is_the_second_derivative_of_a_squared_residual(stellar_problem):
    """Where the residual vanishes J^T W J is the Hessian: against differences of the gradient."""
    mesh, inputs, _ = stellar_problem
    start = transform_starts("stellar-mass")[0].parameters
    start = dataclasses.replace(start, transform=Transform(w=0.8, mu=1.2, b=0.3))
    vector, space, loss = ravel_parameters(start), search_space(start), PaperLoss(2, 1.0)
    arrays = jax.tree.map(jnp.float64, start)
    target = predict(mesh, "stellar-mass", arrays, inputs)
    residual = make_sampled_residual(mesh, "stellar-mass", loss, start)
    matrix = GaussNewton(mesh, residual, loss.curvature, space, inputs, target)(vector)
    evaluate = make_evaluate(mesh, "stellar-mass", loss, start)
    for number, column in enumerate(matrix.T):
        step = np.zeros(3)
        step[number] = 1e-4
        ahead, behind = (evaluate(vector + way * step, inputs, target)[1] for way in (1, -1))
        np.testing.assert_allclose(column, (ahead - behind) / 2e-4, rtol=0.05)


def test_the_lattice_of_the_curvature_says_what_all_nodes_say(stellar_problem, monkeypatch):
    mesh, inputs, target = stellar_problem
    start = transform_starts("stellar-mass")[0].parameters
    vector, space, loss = ravel_parameters(start), search_space(start), PaperLoss(1)

    def curvature():
        residual = make_sampled_residual(mesh, "stellar-mass", loss, start)
        size = residual(vector, inputs, target)[0].size
        return GaussNewton(mesh, residual, loss.curvature, space, inputs, target)(vector), size

    whole, nodes = curvature()
    monkeypatch.setattr(gauss_newton, "NODES", mesh.size // 16)
    sampled, fewer = curvature()
    assert (nodes, fewer) == (mesh.size // 2, mesh.size // 16)
    np.testing.assert_allclose(sampled, whole, rtol=0.5)


def test_a_difference_quotient_stays_within_the_bounds(stellar_problem):
    mesh, inputs, target = stellar_problem
    start = transform_starts("stellar-mass")[0].parameters
    space = search_space(start)
    at_bound = np.where(np.isfinite(space.upper), space.upper, ravel_parameters(start))
    seen = []

    def residual(vector, inputs, target):
        seen.append(np.array(vector))
        return jnp.asarray(vector).sum()[None], jnp.zeros(0)

    GaussNewton(mesh, residual, PaperLoss(2).curvature, space, inputs, target)(at_bound)
    assert len(seen) == 4
    assert np.all(np.array(seen) <= space.upper)


def test_a_loss_that_is_not_finite_anywhere_is_a_wall(stellar_problem):
    """Neither the best nor a crash, though the training half alone would be fine."""
    mesh, inputs, target = stellar_problem
    losses = iter([(2.0, 3.0), (1.0, np.nan), (1.5, 2.0)])

    def evaluate(vector, inputs, target):
        train, validation = next(losses)
        return (train, split.Regions(train, validation, 1.0)), np.ones(3)

    prepared = PreparedSimulation(inputs, target, lambda vector: np.eye(3), np.ones(1))
    nodes = Nodes(transform_starts("stellar-mass")[0].parameters)
    objective = RecordedObjective(mesh, evaluate, [prepared], nodes, unbounded(3))
    assert objective(np.zeros(3))[0] == 2.0
    wall, gradient = objective(np.ones(3))
    assert wall > 2.0
    assert not np.any(gradient)
    objective(np.full(3, 2.0))
    assert objective.best_number == 2


def test_starts_are_named_ones_first_and_scatter_by_their_seed_alone():
    transform = transform_starts("neutral-hydrogen")[0].parameters
    named = layered_starts("neutral-hydrogen", transform, 2)

    def chosen(number, seed):
        return choose_starts(named, number, seed)

    assert [start.name for start in chosen(4, 1)] == [
        "opposed layers",
        "weak layers",
        "pulling layers",
        "random 1 of seed 1",
    ]
    assert chosen(1, 1) == named[:1]
    assert chosen(4, 1) == chosen(4, 1)
    assert chosen(4, 1)[3] != chosen(4, 2)[3]
    # Around a fitted transform the layers alone scatter.
    assert chosen(4, 1)[3].parameters.transform == transform.transform


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_starts_lie_within_the_bounds(layers):
    starts = [dark_matter_start(layers)]
    for quantity in ("stellar-mass", "neutral-hydrogen"):
        for start in transform_starts(quantity):
            starts += layered_starts(quantity, start.parameters, layers) if layers else [start]
    for start in starts:
        assert len(start.parameters.layers) == layers
        vector, space = ravel_parameters(start.parameters), search_space(start.parameters)
        assert np.all((space.lower <= vector) & (vector <= space.upper))
