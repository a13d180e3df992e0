# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a quantity's parameters to target maps, from one or several starting points."""

import dataclasses
import typing
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jerald_tools.errors import NoUsableMap
from jerald_tools.fitting.gauss_newton import GaussNewton
from jerald_tools.fitting.journal import Journal
from jerald_tools.fitting.objective import (
    Compiled,
    PreparedSimulation,
    RecordedObjective,
    compiled_for,
)
from jerald_tools.fitting.optimisers import OPTIMISERS
from jerald_tools.fitting.problem import Simulation, Task
from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.search_space import Knots, search_space
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather
from jerald_tools.model.evolution import parameters_at
from jerald_tools.model.layer_starts import Start
from jerald_tools.model.power_law import FLOOR

# Validation losses this close, as a share of the least one, do not distinguish starts: the
# validation region is a sample too. Then the other half of the box decides.
EQUALLY_GOOD = 0.005

OnEvaluation = typing.Callable[[str, int, Regions], None]
"""Called with the start's name, the number of the evaluation and its losses."""


@dataclasses.dataclass(frozen=True)
class Search:
    """How parameters are searched.

    Attributes:
        optimiser: name of one of :data:`jerald_tools.fitting.optimisers.OPTIMISERS`.
        evaluations: of loss and gradient from each start, at most.
        select_on: the region whose loss decides which evaluation and which start are best, a field
            of :class:`jerald_tools.fitting.regions.Regions`.
        starts: how many starting points.
        random_seed: of the random ones.
    """

    optimiser: str = "bfgs"
    evaluations: int = 500
    select_on: str = "validation"
    starts: int = 4
    random_seed: int = 1


@dataclasses.dataclass(frozen=True)
class FittedStart:
    """Where the search from one starting point ended.

    Attributes:
        start: where it began.
        parameters: those of the best evaluation.
        losses: theirs, in each region.
        best_number: number of that evaluation, from 0.
        history: losses of every evaluation.
        curvature_maps: number of further maps for estimates of the curvature.
        is_usable: whether its maps are more than floor, where the gradient vanishes.
    """

    start: Start
    parameters: typing.Any
    losses: Regions
    best_number: int
    history: list[Regions]
    curvature_maps: int
    is_usable: bool


@dataclasses.dataclass(frozen=True)
class Fit:
    """A finished fit.

    Attributes:
        best: the best start, among those with a usable map.
        predicted: its map of each simulation, this rank's slabs, over the targets' mean.
        tried: all starts that met a finite loss.
    """

    best: FittedStart
    predicted: list[jax.Array]
    tried: list[FittedStart]


def fit_parameters(
    task: Task,
    starts: Sequence[Start],
    search: Search,
    on_evaluation: OnEvaluation = lambda start, number, losses: None,
    journal: Journal | None = None,
) -> Fit:
    """Minimise the training loss from every start and keep the best.

    The best evaluation of each start, and the best start, have the least loss in the region
    ``search.select_on``; among starts whose losses hardly differ there, the least training loss.

    Args:
        task: what is fitted.
        starts: at least one, alike: with as many layers, evolving all or none.
        search: how; its numbers of starts and their seed are not used here.
        on_evaluation: called after each evaluation.
        journal: answers from before an interruption; by default none are kept.

    Returns:
        The fit, the same on every rank.

    Raises:
        NoUsableMap: if every start ended in a map that is all floor, whose gradient vanishes, or
            met no finite loss.
    """
    mesh = task.mesh
    knots = Knots(starts[0].parameters)
    compiled = compiled_for(mesh, task.quantity, task.loss, len(knots.first.layers))
    space = knots.tile(search_space(knots.first))
    prepared = [_prepare(task, compiled, knots, simulation) for simulation in task.simulations]

    def maps_of(parameters):
        return [
            compiled.predict(parameters_at(parameters, one.redshift), one.inputs)
            for one in task.simulations
        ]

    tried = []
    for start in starts:
        objective = RecordedObjective(
            mesh,
            compiled.evaluate,
            prepared,
            knots,
            space,
            lambda number, losses, name=start.name: on_evaluation(name, number, losses),
            journal,
            search.select_on,
        )
        vector = knots.ravel(start.parameters)
        OPTIMISERS[search.optimiser](objective, vector, space, search.evaluations)
        if objective.best_vector is None:
            continue
        parameters = knots.unravel(objective.best_vector)
        tried.append(
            FittedStart(
                start,
                parameters,
                objective.best_losses,
                objective.best_number,
                objective.history,
                objective.curvature_maps,
                not any(_is_all_floor(mesh, predicted) for predicted in maps_of(parameters)),
            )
        )
    if not any(one.is_usable for one in tried):
        raise NoUsableMap(
            f"the fit of {task.quantity.name} found no usable map: every start ended where the map "
            "is zero everywhere or its loss not finite; try more starts (--starts) or another "
            "--random-seed"
        )
    best = best_start([one for one in tried if one.is_usable], search.select_on)
    return Fit(best, maps_of(best.parameters), tried)


def best_start(usable: Sequence[FittedStart], select_on: str) -> FittedStart:
    """The least loss in a region; among starts that are equally good there, in training."""
    least = min(getattr(fitted.losses, select_on) for fitted in usable)
    close = [one for one in usable if getattr(one.losses, select_on) <= (1 + EQUALLY_GOOD) * least]
    return min(close, key=lambda fitted: fitted.losses.train)


def _prepare(
    task: Task, compiled: Compiled, knots: Knots, simulation: Simulation
) -> PreparedSimulation:
    reference = compiled.reference(simulation.target)
    curvature = GaussNewton(
        task.mesh,
        compiled.residual,
        task.loss.curvature,
        search_space(knots.first),
        simulation.inputs,
        reference,
    )
    weights = knots.weights(simulation.redshift)
    return PreparedSimulation(simulation.inputs, reference, curvature, weights)


def _is_all_floor(mesh: Mesh, predicted: jax.Array) -> bool:
    own = float(jnp.max(predicted)) if predicted.size else 0.0
    return max(gather(mesh.ranks, own)) <= 2 * FLOOR
