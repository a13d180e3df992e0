# SPDX-License-Identifier: GPL-3.0-or-later
"""The objective of a fit: compiled once for fits of one kind, a wall where it is not finite."""

import dataclasses

import numpy as np
import pytest

from jerald_tools.fitting.fit import Search, fit_parameters
from jerald_tools.fitting.objective import PreparedSimulation, RecordedObjective, compiled_for
from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.search import choose_starts
from jerald_tools.fitting.search_space import Knots, SearchSpace, search_space
from jerald_tools.model.evolution import EvolvingParameters
from jerald_tools.model.power_law import Transform


def test_fits_of_one_kind_are_compiled_once(stellar_map):
    mesh, quantity = stellar_map.mesh, stellar_map.quantity
    search = Search(evaluations=2, starts=2)
    before = compiled_for.cache_info().misses
    for start in choose_starts(quantity.transform_starts(), search):
        fit_parameters(stellar_map.task(PaperLoss(2, 0.7)), [start], search)
    assert compiled_for.cache_info().misses == before + 1
    assert compiled_for(mesh, quantity, PaperLoss(2, 0.7), 0).evaluate._cache_size() == 1


def test_a_loss_that_is_not_finite_anywhere_is_a_wall(stellar_map):
    """Neither the best nor a crash, though the training half alone would be fine."""
    losses = iter([(2.0, 3.0), (1.0, np.nan), (1.5, 2.0)])

    def evaluate(vector, inputs, target):
        train, validation = next(losses)
        return (train, Regions(train, validation, 1.0)), np.ones(3)

    prepared = PreparedSimulation(
        stellar_map.inputs, stellar_map.target, lambda vector: np.eye(3), np.ones(1)
    )
    knots = Knots(stellar_map.quantity.transform_starts()[0].parameters)
    space = SearchSpace(np.full(3, -np.inf), np.full(3, np.inf), np.ones(3))
    objective = RecordedObjective(stellar_map.mesh, evaluate, [prepared], knots, space)
    assert objective(np.zeros(3))[0] == 2.0
    wall, gradient = objective(np.ones(3))
    assert wall > 2.0
    assert not np.any(gradient)
    objective(np.full(3, 2.0))
    assert objective.best_number == 2


def test_gradients_through_the_knots(stellar_map):
    """Of three redshifts, two knots and the penalty on evolution, by central differences."""
    original = stellar_map.quantity.original_parameters(1)
    first = dataclasses.replace(original, transform=Transform(w=0.7, mu=1.1, b=0.2))
    (layer,) = original.layers
    last = dataclasses.replace(
        original,
        layers=(dataclasses.replace(layer, alpha=0.5),),
        transform=Transform(w=0.9, mu=1.3, b=0.3),
    )
    knots = Knots(EvolvingParameters((5.0, 2.0), (first, last)))
    compiled = compiled_for(stellar_map.mesh, stellar_map.quantity, PaperLoss(2), 1)
    reference = compiled.reference(stellar_map.target)
    simulations = [
        PreparedSimulation(
            stellar_map.inputs, reference, lambda vector: np.eye(8), knots.weights(redshift)
        )
        for redshift in (5.0, 3.0, 2.0)
    ]
    space = knots.tile(search_space(first))
    objective = RecordedObjective(stellar_map.mesh, compiled.evaluate, simulations, knots, space)
    vector = knots.ravel(knots.like)
    # The penalty is in units of the first loss: there is none yet where that is measured.
    objective(vector)
    _, gradient = objective(vector)
    for number, step in enumerate(1e-5 * np.eye(vector.size)):
        later, earlier = (objective(vector + sign * step)[0] for sign in (1, -1))
        expected = (later - earlier) / 2e-5
        assert gradient[number] == pytest.approx(expected, abs=2e-4 * np.abs(gradient).max())
