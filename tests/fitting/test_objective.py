# SPDX-License-Identifier: GPL-3.0-or-later
"""The objective of a fit: compiled once for fits of one kind, a wall where it is not finite."""

import numpy as np

from jerald_tools.fitting.fit import Search, fit_parameters
from jerald_tools.fitting.objective import PreparedSimulation, RecordedObjective, compiled_for
from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.search import choose_starts
from jerald_tools.fitting.search_space import Knots, SearchSpace


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
