# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a quantity's parameters to a target map, from one or several starting points."""

import dataclasses
import typing
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jerald_tools.errors import NoUsableMap
from jerald_tools.fitting.bfgs import minimise_with_bfgs
from jerald_tools.fitting.journal import Journal
from jerald_tools.fitting.objective import (
    GaussNewton,
    PreparedSimulation,
    RecordedObjective,
    programs,
)
from jerald_tools.fitting.optimisers import minimise_with_adam, minimise_with_lbfgsb
from jerald_tools.fitting.problem import Simulation
from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.search_space import Nodes, search_space
from jerald_tools.fitting.starts import Start
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather
from jerald_tools.model.evolution import parameters_at
from jerald_tools.model.layers import FLOOR

# Validation losses this close, as a part of the least one, do not tell starts apart: the validation
# region is a sample too. Then the other half of the box decides.
AS_GOOD = 0.005

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
        parameters: those of the best evaluation.
        losses: theirs, in each region.
        best_number: number of that evaluation, from 0.
        history: losses of every evaluation.
        curvature_maps: how many maps were made besides, for estimates of the curvature.
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
        best: the start that is kept, among those with a usable map.
        predicted: its map of each simulation, this rank's slabs, over the targets' mean.
        tried: all starts that met a finite loss.
    """

    best: FittedStart
    predicted: list[jax.Array]
    tried: list[FittedStart]


def fit_parameters(
    mesh: Mesh,
    quantity: str,
    simulations: Sequence[Simulation],
    loss,
    starts: list[Start],
    optimiser: str = "bfgs",
    evaluations: int = 500,
    shift: float = 0.0,
    on_evaluation: typing.Callable[[str, int, Regions], None] = lambda start, number, losses: None,
    journal: Journal | None = None,
    judge: str = "validation",
) -> Fit:
    """Minimise the training loss from every start and keep the best.

    Of each start that is the evaluation of the judge's least loss, and of the starts too; among
    starts whose losses differ by hardly anything there, the least training loss.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        simulations: on this mesh; what is minimised is the mean of their losses, each in its own
            regions and with the parameters at its own redshift, if they evolve.
        loss: a :class:`jerald_tools.fitting.losses.Loss`.
        starts: at least one, alike: with as many layers, evolving all or none.
        optimiser: "bfgs", "lbfgsb" or "adam".
        evaluations: at most so many from each start.
        shift: constant of the neutral hydrogen's transform.
        on_evaluation: called with the start's name, the evaluation's number and its losses.
        journal: what was answered before an interruption; by default none is kept.
        judge: the region whose loss says what is best, as a field of ``Regions``.

    Returns:
        The fit, the same on every rank.

    Raises:
        NoUsableMap: if every start ended in a map that is all floor, whose gradient vanishes, or
            met no finite loss.
    """
    nodes = Nodes(starts[0].parameters)
    compiled = programs(mesh, quantity, loss, len(nodes.first.layers), shift)
    space = search_space(nodes.first)
    all_nodes = nodes.tile(space)

    def prepare(simulation):
        reference = compiled.reference(simulation.target)
        curvature = GaussNewton(
            mesh, compiled.residual, loss.curvature, space, simulation.inputs, reference
        )
        weights = nodes.weights(simulation.redshift)
        return PreparedSimulation(simulation.inputs, reference, curvature, weights)

    prepared = [prepare(simulation) for simulation in simulations]

    def maps_of(parameters):
        return [
            compiled.predict(parameters_at(parameters, one.redshift), one.inputs)
            for one in simulations
        ]

    tried = []
    for start in starts:
        objective = RecordedObjective(
            mesh,
            compiled.evaluate,
            prepared,
            nodes,
            all_nodes,
            lambda number, losses, name=start.name: on_evaluation(name, number, losses),
            journal,
            judge,
        )
        vector = nodes.ravel(start.parameters)
        OPTIMISERS[optimiser](objective, vector, all_nodes, evaluations)
        if objective.best_vector is None:
            continue
        parameters = nodes.unravel(objective.best_vector)
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
            f"the fit of {quantity} found no usable map: every start ended where the map is zero "
            "everywhere or its loss not finite; try more starts (--starts) or another --random-seed"
        )
    best = _best([one for one in tried if one.is_usable], judge)
    return Fit(best, maps_of(best.parameters), tried)


def _best(usable: list[FittedStart], judge: str) -> FittedStart:
    """The judge's least loss; among those that are as good as it, the least training loss."""
    least = min(getattr(fitted.losses, judge) for fitted in usable)
    as_good = [one for one in usable if getattr(one.losses, judge) <= (1 + AS_GOOD) * least]
    return min(as_good, key=lambda fitted: fitted.losses.train)


def _is_all_floor(mesh: Mesh, predicted) -> bool:
    own = float(jnp.max(predicted)) if predicted.size else 0.0
    return max(gather(mesh.ranks, own)) <= 2 * FLOOR
