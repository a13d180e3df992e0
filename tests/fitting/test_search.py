# SPDX-License-Identifier: GPL-3.0-or-later
"""The starting points of fits: named ones, random ones, and those of another fit."""

import jax
import numpy as np
import pytest
from model_cases import model_case
from small_universe import untrained_fit

from jerald_tools.errors import BadInput
from jerald_tools.fitting.fit import Search, fit_parameters
from jerald_tools.fitting.problem import Simulation, Task
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.search import (
    choose_starts,
    find_starts,
    start_from_fit,
    starting_points,
)
from jerald_tools.fitting.search_space import ravel_parameters, search_space
from jerald_tools.io.sealed_json import sealed
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.model.parameters import to_dictionary
from jerald_tools.quantities import NAMES, quantity_named


def named_starts(quantity, layers):
    """All starts of a quantity that have names."""
    if not (transforms := quantity.transform_starts()):
        return quantity.layered_starts(None, layers)
    if not layers:
        return transforms
    return [
        start
        for transform in transforms
        for start in quantity.layered_starts(transform.parameters, layers)
    ]


def test_layers_start_from_a_screened_fit_of_the_transform(stellar_map):
    task = stellar_map.task(PaperLoss(1))
    starts, (short, long) = find_starts(task, Search(evaluations=60, starts=3, random_seed=1), 2)
    assert len(short.tried) == 3
    assert max(len(tried.history) for tried in short.tried) <= 25
    assert long.best.start.parameters == short.best.parameters
    assert long.best.losses.validation <= short.best.losses.validation
    assert [len(start.parameters.layers) for start in starts] == [2, 2, 2]
    transforms = {start.parameters.transform for start in starts}
    assert transforms == {jax.tree.map(float, long.best.parameters.transform)}
    fit = fit_parameters(task, starts, Search(evaluations=40))
    weak = fit.tried[1]
    assert weak.start.name == "weak layers"
    assert weak.history[0].train < 1.1 * long.best.losses.train
    assert fit.best.losses.validation < long.best.losses.validation


@pytest.mark.parametrize(
    ("name", "layers", "first"),
    [
        ("dark-matter", 2, "opposed layers"),
        ("stellar-mass", 0, "threshold"),
        ("gas", 0, "dark matter"),
    ],
)
def test_starts_without_a_transform_or_layers_need_no_fit(stellar_map, name, layers, first):
    simulations = stellar_map.task(PaperLoss(1)).simulations
    task = Task(stellar_map.mesh, quantity_named(name), simulations, PaperLoss(1))
    starts, fits = find_starts(task, Search(evaluations=9, starts=2, random_seed=5), layers)
    assert fits == []
    assert [start.name for start in starts] == [first, "random 1 of seed 5"]


def test_starts_are_named_ones_first_and_scatter_by_their_seed_alone():
    quantity = quantity_named("neutral-hydrogen")
    transform = quantity.transform_starts()[0].parameters
    named = quantity.layered_starts(transform, 2)

    def chosen(number, seed):
        return choose_starts(named, Search(starts=number, random_seed=seed))

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


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_named_starts_lie_within_the_bounds(name, layers):
    for start in named_starts(quantity_named(name), layers):
        assert len(start.parameters.layers) == layers
        vector, space = ravel_parameters(start.parameters), search_space(start.parameters)
        assert np.all((space.lower <= vector) & (vector <= space.upper))


@pytest.mark.parametrize("name", NAMES)
def test_random_starts_lie_within_the_bounds_of_the_search(name):
    """Not those of one side alone: some starts are at an upper bound, where the scatter ended."""
    for start in named_starts(quantity_named(name), 2):
        space = search_space(start.parameters)
        vectors = np.array(
            [
                ravel_parameters(random.parameters)
                for seed in range(100)
                for random in choose_starts([start], Search(starts=4, random_seed=seed))[1:]
            ]
        )
        assert np.all((space.lower <= vectors) & (vectors <= space.upper))
        assert np.any(vectors == space.upper)


def test_the_scatter_of_a_start_is_as_wide_as_declared():
    """The logarithm of k_h by 0.7, nu by 0.4, alpha by 0.7 of itself; of 2000 starts each."""
    (start,) = quantity_named("dark-matter").layered_starts(None, 1)
    (layer,) = start.parameters.layers
    chosen = choose_starts([start], Search(starts=2001, random_seed=3))[1:]
    drawn = [random.parameters.layers[0] for random in chosen]
    k_h = np.log([each.k_h / layer.k_h for each in drawn])
    alpha = np.array([each.alpha / layer.alpha - 1 for each in drawn])
    nu = np.array([each.nu - layer.nu for each in drawn])
    # The upper bound of nu cuts its scatter above: the lower half has all of it.
    for deviations, spread in ((k_h, 0.7), (alpha, 0.7), (nu, 0.4)):
        below = deviations[deviations < 0]
        assert np.sqrt(np.mean(below**2)) == pytest.approx(spread, rel=0.1)
        assert below.size == pytest.approx(1000, rel=0.1)


def test_a_fit_is_the_start_of_another():
    content = sealed(untrained_fit("stellar-mass", layers=2))
    start = start_from_fit(FittedModel(content, "stars.json"), 2)
    assert start.name == "fit stars.json"
    assert to_dictionary(start.parameters) == content["parameters"]
    with pytest.raises(BadInput, match=r"stars\.json: has 2 layers: give --layers 2"):
        start_from_fit(FittedModel(content, "stars.json"), 1)
    knots = [{"redshift": redshift, **content["parameters"]} for redshift in (5.0, 2.0)]
    evolving = FittedModel({**content, "parameters": knots}, "stars.json")
    with pytest.raises(BadInput, match=r"stars\.json: is a fit over redshifts: give one of a"):
        start_from_fit(evolving, 2)


def test_dark_matter_without_layers_has_nothing_to_search_for(stellar_map):
    """Its map is the density of the particles; the baselines compare with it."""
    quantity = quantity_named("dark-matter")
    inputs, _ = model_case(stellar_map.mesh, "dark-matter", 1728)
    simulation = Simulation(inputs, stellar_map.target)
    task = Task(stellar_map.mesh, quantity, [simulation], PaperLoss(2))
    search = Search(evaluations=3, starts=2)
    fit = fit_parameters(task, starting_points(task, search, layers=0), search)
    assert fit.best.parameters == quantity.original_parameters(0)
    np.testing.assert_allclose(np.mean(fit.predicted[0]), 1, rtol=1e-6)
