# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a quantity's parameters to a target map, from one or several starting points."""

import dataclasses
import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.errors import RunFailed
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather
from jerald_tools.model.chain import ModelInputs, predict
from jerald_tools.model.power_law import FLOOR
from jerald_tools.training.adam import minimise_with_adam
from jerald_tools.training.gauss_newton import GaussNewton, make_sampled_residual
from jerald_tools.training.journal import Journal
from jerald_tools.training.lbfgsb import minimise_with_lbfgsb
from jerald_tools.training.nonsmooth_bfgs import minimise_with_bfgs
from jerald_tools.training.objective import (
    RecordedObjective,
    make_evaluate,
    ravel_parameters,
    unravel_parameters,
)
from jerald_tools.training.search_space import search_space
from jerald_tools.training.split import Regions
from jerald_tools.training.starts import Start

OPTIMISERS = {
    "bfgs": minimise_with_bfgs,
    "lbfgsb": minimise_with_lbfgsb,
    "adam": minimise_with_adam,
}


@dataclasses.dataclass(frozen=True)
class FittedStart:
    """What one starting point led to.

    Attributes:
        start: where it began.
        parameters: those of the least validation loss.
        losses: theirs, in each region.
        best_number: number of that evaluation, from 0.
        history: losses of every evaluation.
        curvature_maps: how many maps were made besides, for estimates of the curvature.
    """

    start: Start
    parameters: typing.Any
    losses: Regions
    best_number: int
    history: list[Regions]
    curvature_maps: int


@dataclasses.dataclass(frozen=True)
class Fit:
    """A finished fit.

    Attributes:
        best: the start with the least validation loss, among those with a usable map.
        predicted: its map of each simulation, this rank's slabs, over the targets' mean.
        tried: all starts that met a finite loss.
    """

    best: FittedStart
    predicted: list[jax.Array]
    tried: list[FittedStart]


def fit_parameters(
    mesh: Mesh,
    quantity: str,
    inputs: ModelInputs,
    target,
    loss,
    starts: list[Start],
    optimiser: str = "bfgs",
    evaluations: int = 500,
    shift: float = 0.0,
    others: typing.Sequence[tuple[ModelInputs, jax.Array]] = (),
    on_evaluation: typing.Callable[[str, int, Regions], None] = lambda start, number, losses: None,
    journal: Journal | None = None,
) -> Fit:
    """Minimise the training loss from every start and keep the least validation loss.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        inputs: from :func:`jerald_tools.model.chain.model_inputs`.
        target: this rank's slab of the target over its mean.
        loss: a :class:`jerald_tools.training.losses.Loss`.
        starts: at least one.
        optimiser: "bfgs", "lbfgsb" or "adam".
        evaluations: at most so many from each start.
        shift: constant of the neutral hydrogen's transform.
        others: inputs and targets of more simulations on the same mesh, all over one mean; what is
            minimised is the mean of their losses, each in its own regions.
        on_evaluation: called with the start's name, the evaluation's number and its losses.
        journal: what was answered before an interruption; by default none is kept.

    Returns:
        The fit, the same on every rank.

    Raises:
        RunFailed: if every start ended in a map that is all floor, whose gradient vanishes, or met
            no finite loss.
    """
    evaluate = make_evaluate(mesh, quantity, loss, starts[0].parameters, shift)
    unravel = unravel_parameters(starts[0].parameters)
    space = search_space(starts[0].parameters)
    residual = make_sampled_residual(mesh, quantity, loss, starts[0].parameters, shift)
    make_reference = jax.jit(functools.partial(loss.reference, mesh))
    all_inputs, targets = zip((inputs, target), *others, strict=True)
    simulations = [(one, make_reference(its)) for one, its in zip(all_inputs, targets, strict=True)]
    curvatures = [
        GaussNewton(mesh, residual, loss.curvature, space, *simulation)
        for simulation in simulations
    ]
    predict_map = jax.jit(functools.partial(predict, mesh, quantity, shift=shift))

    def curvature(vector):
        return np.mean([estimate(vector) for estimate in curvatures], axis=0)

    def maps_of(parameters):
        return [predict_map(parameters, one) for one in all_inputs]

    tried, usable = [], []
    for start in starts:
        objective = RecordedObjective(
            mesh,
            evaluate,
            simulations,
            curvature,
            lambda number, losses, name=start.name: on_evaluation(name, number, losses),
            journal,
        )
        OPTIMISERS[optimiser](objective, ravel_parameters(start.parameters), space, evaluations)
        if objective.best_vector is None:
            continue
        parameters = unravel(jnp.asarray(objective.best_vector))
        fitted = FittedStart(
            start,
            parameters,
            objective.best_losses,
            objective.best_number,
            objective.history,
            objective.curvature_maps,
        )
        tried.append(fitted)
        if not any(_is_all_floor(mesh, predicted) for predicted in maps_of(parameters)):
            usable.append(fitted)
    if not usable:
        raise RunFailed(
            f"the fit of {quantity} found no usable map: every start ended where the map is zero "
            "everywhere or its loss not finite; try more starts (--starts) or another --random-seed"
        )
    best = min(usable, key=lambda fitted: fitted.losses.validation)
    return Fit(best, maps_of(best.parameters), tried)


def _is_all_floor(mesh: Mesh, predicted) -> bool:
    own = float(jnp.max(predicted)) if predicted.size else 0.0
    return max(gather(mesh.ranks, own)) <= 2 * FLOOR
