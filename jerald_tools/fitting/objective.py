# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit as a function of one vector: losses and gradient, and a record of every evaluation."""

import dataclasses
import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.fitting.gauss_newton import make_sampled_residual
from jerald_tools.fitting.journal import CURVATURE, LOSSES, Journal
from jerald_tools.fitting.problem import Problem
from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.fitting.search_space import (
    LEAST_GAIN,
    Knots,
    SearchSpace,
    ravel_parameters,
    unravel_parameters,
)
from jerald_tools.mesh.checks import on_one_rank, verify_on_one_rank, whole_on_root
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import on_root, spread
from jerald_tools.model.model import predict
from jerald_tools.model.quantity import ModelInputs, Quantity

# Height of the wall where no gradient leads on, over the largest loss that was seen.
WALL = 2.0


def make_evaluate(mesh: Mesh, quantity: Quantity, loss: Loss, layers: int):
    """Compile losses and gradient as a function of the vector of all parameters.

    Args:
        mesh: of the maps.
        quantity: whose parameters they are.
        loss: what is minimised.
        layers: number of displacement layers.

    Returns:
        A jitted function (vector (p,) float64, inputs, reference) ->
        ((training loss, Regions), gradient of the training loss (p,)), the same on every rank.
    """
    unravel = unravel_parameters(quantity.original_parameters(layers))

    def training_loss(vector, inputs: ModelInputs, reference):
        vector = spread(mesh.ranks, vector)
        losses = loss(mesh, predict(mesh, quantity, unravel(vector), inputs), reference)
        return losses.train, losses

    return jax.jit(jax.value_and_grad(training_loss, has_aux=True))


@dataclasses.dataclass(frozen=True)
class Compiled:
    """The jitted functions of fits of one kind.

    Attributes:
        evaluate: losses and gradient, from :func:`make_evaluate`.
        residual: from :func:`jerald_tools.fitting.gauss_newton.make_sampled_residual`.
        reference: target -> what the loss needs of it.
        predict: (parameters, inputs) -> this rank's slab of the map.
    """

    evaluate: typing.Callable
    residual: typing.Callable
    reference: typing.Callable
    predict: typing.Callable


@functools.lru_cache(maxsize=8)
def compiled_for(mesh: Mesh, quantity: Quantity, loss: Loss, layers: int) -> Compiled:
    """The compiled functions of fits with a number of layers.

    All starts, redshifts and members of a fit share them.

    Args:
        mesh: of the maps.
        quantity: whose parameters are fitted.
        loss: what is minimised.
        layers: number of displacement layers.
    """
    return Compiled(
        make_evaluate(mesh, quantity, loss, layers),
        make_sampled_residual(mesh, quantity, loss, layers),
        jax.jit(functools.partial(loss.reference, mesh)),
        jax.jit(functools.partial(predict, mesh, quantity)),
    )


@dataclasses.dataclass(frozen=True)
class PreparedSimulation:
    """One simulation as the objective evaluates it.

    Attributes:
        inputs: what the parameters act on.
        reference: what the loss needs of the target.
        estimate_curvature: vector (p,) of parameters -> estimate of the second derivatives (p, p)
            of the training loss, the same on every rank, from p + 1 maps.
        weights: of the knots at its redshift, (knots,).
    """

    inputs: ModelInputs
    reference: typing.Any
    estimate_curvature: typing.Callable[[np.ndarray], np.ndarray]
    weights: np.ndarray


@dataclasses.dataclass
class RecordedObjective:
    """Calls the compiled evaluation, agrees over ranks, and keeps the best evaluation.

    Vectors (v,) hold the parameters of all knots, those that do not evolve once.

    Attributes:
        mesh: the mesh, for its ranks.
        evaluate: from :func:`make_evaluate`.
        simulations: their losses are averaged.
        knots: how the vector is made of the parameters at each knot.
        space: of all knots.
        on_evaluation: called with the number of the evaluation and its losses.
        journal: answers from before an interruption; by default none are kept.
        select_on: the region whose loss decides which evaluation is best.
        history: losses of every evaluation, in order.
        best_vector: the vector with the least loss of that region so far, evolution included.
        best_number: which evaluation that was.
        curvature_maps: how many maps were made for estimates of the curvature.
    """

    mesh: Mesh
    evaluate: typing.Callable
    simulations: typing.Sequence[PreparedSimulation]
    knots: Knots
    space: SearchSpace
    on_evaluation: typing.Callable[[int, Regions], None] = lambda number, losses: None
    journal: Journal | None = None
    select_on: str = "validation"
    history: list[Regions] = dataclasses.field(default_factory=list)
    best_vector: np.ndarray | None = None
    best_score: float = np.inf
    best_number: int = -1
    curvature_maps: int = 0

    def __post_init__(self):
        self._journal = self.journal or Journal(self.mesh.ranks)

    def __call__(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """Training loss with the penalty on evolution, and its gradient; equal on every rank."""
        answer = self._journal.answer(LOSSES, vector, lambda: self._evaluate(vector))
        losses, gradient = Regions(*map(float, answer[:3])), answer[3:]
        finite = np.all(np.isfinite(losses)) and np.all(np.isfinite(gradient))
        self.history.append(losses)
        evolution, evolution_gradient, _ = self.knots.evolution(vector, self.space)
        score = getattr(losses, self.select_on) + self._weight * evolution
        if finite and score < self.best_score:
            self.best_score = score
            self.best_vector, self.best_number = np.array(vector), len(self.history) - 1
        self.on_evaluation(len(self.history), losses)
        if not finite or not np.any(gradient):
            # Optimisers step back from a wall, but neither from a NaN nor from the all-floor map,
            # where every gradient vanishes and which is often better than the start.
            seen = [past.train for past in self.history if np.isfinite(past.train)]
            return WALL * max(seen, default=1.0), np.zeros_like(vector)
        return losses.train + self._weight * evolution, gradient + self._weight * evolution_gradient

    def curvature(self, vector: np.ndarray) -> np.ndarray:
        """Estimate of the training loss's second derivatives (v, v) at a vector."""
        self.curvature_maps += len(self.simulations) * (self.knots.places.shape[1] + 1)
        answer = self._journal.answer(
            CURVATURE, vector, lambda: np.ravel(self._estimate_curvature(vector))
        )
        evolution = self.knots.evolution(vector, self.space)[2]
        return answer.reshape(len(vector), len(vector)) + self._weight * evolution

    def _evaluate(self, vector: np.ndarray) -> np.ndarray:
        """Losses of the three regions and the gradient (v,) of the training loss, in one row."""
        found = [self._evaluate_one(vector, simulation) for simulation in self.simulations]
        # An optimiser runs on every rank: they must see the same bits, or they part.
        return on_root(self.mesh.ranks, np.mean, found, axis=0)

    def _estimate_curvature(self, vector: np.ndarray) -> np.ndarray:
        estimates = []
        for simulation in self.simulations:
            values = self.knots.interpolate(vector, simulation.weights)
            slopes = self.knots.slopes(vector, simulation.weights)
            estimates.append(slopes.T @ simulation.estimate_curvature(values) @ slopes)
        return np.mean(estimates, axis=0)

    @property
    def _weight(self) -> float:
        """Of the parameters' evolution, in units of the first loss."""
        return LEAST_GAIN * self.history[0].train if self.history else 0.0

    @property
    def best_losses(self) -> Regions:
        """Losses of the best evaluation."""
        return self.history[self.best_number]

    def _evaluate_one(self, vector, simulation: PreparedSimulation) -> np.ndarray:
        """Losses in the three regions and the gradient (v,) of the training loss, in one row."""
        values = self.knots.interpolate(vector, simulation.weights)
        (_, losses), gradient = self.evaluate(
            jnp.asarray(values), simulation.inputs, simulation.reference
        )
        slopes = self.knots.slopes(vector, simulation.weights)
        return np.concatenate([np.ravel(losses), np.asarray(gradient, np.float64) @ slopes])


def verify_evaluation(problem: Problem, loss: Loss, parameters: typing.Any) -> str:
    """Evaluate losses and gradient at some parameters on rank 0 alone too, and compare.

    Args:
        problem: this rank's part; rank 0 needs memory for the whole.
        loss: what is minimised.
        parameters: of the problem's quantity.

    Returns:
        A line for log and provenance.

    Raises:
        RunFailed: see :func:`jerald_tools.mesh.checks.verify_on_one_rank`.
    """
    mesh, quantity = problem.mesh, problem.quantity
    vector = jnp.asarray(ravel_parameters(parameters))

    def evaluation(mesh, inputs, target):
        compiled = compiled_for(mesh, quantity, loss, len(parameters.layers))
        (_, losses), gradient = compiled.evaluate(vector, inputs, compiled.reference(target))
        return {"losses": np.array(losses, np.float64), "gradient": gradient}

    rows = (problem.simulation.inputs, problem.simulation.target)
    whole = jax.tree.map(functools.partial(whole_on_root, mesh.ranks), rows)
    return verify_on_one_rank(
        mesh,
        f"losses and gradient of {quantity.name}",
        evaluation(mesh, *rows),
        lambda: evaluation(on_one_rank(mesh), *jax.tree.map(jnp.asarray, whole)),
    )
