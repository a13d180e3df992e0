# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits: the parameters that they recover, and which evaluation and which start they keep."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from jerald_tools.errors import RunFailed
from jerald_tools.fitting.fit import FittedStart, Search, best_start, fit_parameters
from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.model.layer_starts import Start
from jerald_tools.model.parameters import to_dictionary
from jerald_tools.model.power_law import Transform


def test_fit_recovers_the_parameters_of_its_own_map(stellar_map):
    start = Start("original", stellar_map.quantity.original_parameters(1))
    fit = fit_parameters(stellar_map.task(PaperLoss(2)), [start], Search())
    transform = to_dictionary(fit.best.parameters)["transform"]
    assert transform == pytest.approx({"w": 0.8, "mu": 1.2, "b": 0.3}, abs=2e-3)
    assert fit.best.losses.validation < 1e-5 * fit.best.history[0].validation
    best = min(losses.validation for losses in fit.best.history)
    assert fit.best.losses.validation == best
    np.testing.assert_allclose(fit.predicted, [stellar_map.target], atol=0.05)


@pytest.mark.parametrize("region", ["train", "validation"])
def test_the_best_evaluation_is_selected_on_a_region(stellar_map, region):
    target = stellar_map.target
    noisy = target * np.random.default_rng(2).lognormal(sigma=0.5, size=target.shape)
    task = stellar_map.task(PaperLoss(1), jnp.asarray(noisy))
    start = stellar_map.quantity.transform_starts()[0]
    best = fit_parameters(task, [start], Search(evaluations=30, select_on=region)).best
    losses = [getattr(losses, region) for losses in best.history]
    assert best.best_number == np.argmin(losses)
    assert getattr(best.losses, region) == min(losses)


def test_two_simulations_are_fitted_by_their_mean_loss(stellar_map):
    """The same one twice changes nothing; another one pulls the parameters to a middle."""
    mesh, target = stellar_map.mesh, stellar_map.target
    start = stellar_map.quantity.transform_starts()[0]
    one, brighter = target, 2 * target

    def fitted(*targets):
        task = stellar_map.task(PaperLoss(2), *targets)
        return fit_parameters(task, [start], Search(evaluations=40))

    alone, twice, both = fitted(one), fitted(one, one), fitted(one, brighter)
    assert twice.best.losses == pytest.approx(alone.best.losses, rel=1e-6)
    assert twice.best.curvature_maps == 2 * alone.best.curvature_maps
    bright, mean = jnp.mean(brighter), jnp.mean(target)
    assert mean < jnp.mean(both.predicted[0]) < bright
    np.testing.assert_array_equal(both.predicted[0], both.predicted[1])
    losses = [PaperLoss(2)(mesh, both.predicted[0], part * target) for part in (1, 2)]
    assert both.best.losses == pytest.approx(np.mean(losses, axis=0), rel=1e-9)


def test_starts_with_equal_validation_losses_are_ranked_by_their_training_losses():
    def fitted(name, train, validation):
        losses = Regions(train, validation, 0.0)
        return FittedStart(Start(name, None), None, losses, 0, [losses], 0, True)

    worse = fitted("worse", 0.1, 1.02)
    alike = [fitted("least", 0.5, 1.0), fitted("alike", 0.4, 1.004)]
    assert best_start([worse, *alike], "validation").start.name == "alike"
    assert best_start([worse, alike[0]], "validation").start.name == "least"


def test_fit_of_a_start_in_the_floor_fails(stellar_map):
    floor = dataclasses.replace(
        stellar_map.quantity.original_parameters(1), transform=Transform(w=1e-5, mu=0.1, b=5.0)
    )
    task = stellar_map.task(PaperLoss(1))
    with pytest.raises(RunFailed, match="zero"):
        fit_parameters(task, [Start("floor", floor)], Search(evaluations=30))
