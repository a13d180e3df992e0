# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit as a function of one vector: losses and gradient, and a record of every evaluation."""

import dataclasses
import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.fitting.journal import CURVATURE, LOSSES, Journal
from jerald_tools.fitting.losses import Loss
from jerald_tools.fitting.regions import Regions, training_start
from jerald_tools.fitting.search_space import LEAST_GAIN, Nodes, SearchSpace, unravel_parameters
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather, on_root, spread
from jerald_tools.model.chain import ModelInputs, predict
from jerald_tools.model.parameters import default_start

# The curvature of a loss by Gauss and Newton: how far each parameter moves the map.
#
# Parameters act together (a steeper Green's function is undone by a smaller amplitude), so a loss
# is a narrow valley in the space of its parameters, and a gradient points across it, not along.
# The changes of the map with each parameter say how narrow it is and in which direction, before
# any step is taken.

# Step of the difference quotients in typical distances: over several of the kinks that particles
# make when they cross from cell to cell, so that slopes are those of the map as a whole.
STEP = 0.02

# About so many nodes are looked at, over all ranks: a lattice of them says enough, and the matrix
# of their changes stays small beside the mesh.
NODES = 2**18


@dataclasses.dataclass(frozen=True)
class GaussNewton:
    """Second derivatives of the training loss, J^T W J / n + 2 K^T K.

    J is the change of the residual on a lattice of n training nodes with each parameter, by
    difference quotients (one map a parameter), W the loss's own curvature at each node, and K the
    change of the penalties whose squares the loss adds.

    Attributes:
        mesh: the mesh of the maps.
        residual: jitted (vector, inputs, reference) -> this rank's residual on the lattice, (m,),
            and the penalties (q,).
        weights: (residual, its mean modulus over the lattice) -> the loss's curvature at each node.
        space: bounds and typical distances.
        inputs: model inputs.
        reference: what the loss needs of the target.
    """

    mesh: Mesh
    residual: typing.Callable
    weights: typing.Callable
    space: SearchSpace
    inputs: ModelInputs
    reference: typing.Any

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """The matrix (p, p) at a vector (p,), the same on every rank."""
        here, penalties = self._residual(vector)
        changes = np.empty((here.size, vector.size))
        penalty_changes = np.empty((penalties.size, vector.size))
        for number in range(vector.size):
            moved = np.array(vector)
            step = STEP * self.space.distance[number]
            moved[number] += step if vector[number] + step < self.space.upper[number] else -step
            difference = moved[number] - vector[number]
            there, moved_penalties = self._residual(moved)
            changes[:, number] = (there - here) / difference
            penalty_changes[:, number] = (moved_penalties - penalties) / difference
        sums = gather(self.mesh.ranks, (np.abs(here).sum(), here.size))
        nodes = sum(size for _, size in sums)
        weights = self.weights(here, sum(total for total, _ in sums) / nodes)
        parts = gather(self.mesh.ranks, (changes.T * weights) @ changes)
        squares = 2 * penalty_changes.T @ penalty_changes
        return on_root(self.mesh.ranks, lambda: sum(parts) / nodes + squares)

    def _residual(self, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        vector = jnp.asarray(vector, jnp.float64)
        residual, penalties = self.residual(vector, self.inputs, self.reference)
        return np.asarray(residual, np.float64), np.asarray(penalties, np.float64)


def make_sampled_residual(mesh: Mesh, quantity: str, loss, parameters, shift: float = 0.0):
    """Compile residual on a lattice of training nodes and penalties as functions of all parameters.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        loss: a :class:`jerald_tools.fitting.losses.Loss`.
        parameters: any parameters of this quantity, for the vector's layout.
        shift: constant of the neutral hydrogen's transform.

    Returns:
        A jitted function (vector (p,) float64, inputs, reference) -> this rank's part of the
        residual, (m,), and the penalties, (q,).
    """
    unravel = unravel_parameters(parameters)
    spacing = max(1, round((mesh.size / 2 / NODES) ** (1 / 3)))
    first = -mesh.x_start % spacing

    def residual(vector, inputs: ModelInputs, reference):
        prediction = predict(mesh, quantity, unravel(vector), inputs, shift)
        field = loss.residual(mesh, prediction, reference)
        lattice = field[first::spacing, ::spacing, training_start(mesh) :: spacing]
        return lattice.ravel(), loss.penalties(mesh, prediction, reference)

    return jax.jit(residual)


# Height of the wall where no gradient leads on, over the largest loss that was seen.
WALL = 2.0


def make_evaluate(mesh: Mesh, quantity: str, loss, parameters, shift: float = 0.0):
    """Compile losses and gradient as a function of the vector of all parameters.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        loss: a :class:`jerald_tools.fitting.losses.Loss`.
        parameters: any parameters of this quantity, for the vector's layout.
        shift: constant of the neutral hydrogen's transform.

    Returns:
        A jitted function (vector (p,) float64, inputs, reference) ->
        ((training loss, Regions), gradient of the training loss (p,)), the same on every rank.
    """
    unravel = unravel_parameters(parameters)

    def training_loss(vector, inputs: ModelInputs, reference):
        vector = spread(mesh.ranks, vector)
        losses = loss(mesh, predict(mesh, quantity, unravel(vector), inputs, shift), reference)
        return losses.train, losses

    return jax.jit(jax.value_and_grad(training_loss, has_aux=True))


@dataclasses.dataclass(frozen=True)
class PreparedSimulation:
    """One simulation as the objective evaluates it.

    Attributes:
        inputs: what the parameters act on.
        reference: what the loss needs of the target.
        estimate_curvature: vector (p,) of parameters -> estimate of the second derivatives (p, p)
            of the training loss, the same on every rank, from p + 1 maps.
        weights: of the nodes' parameters at its redshift, (nodes,).
    """

    inputs: ModelInputs
    reference: typing.Any
    estimate_curvature: typing.Callable[[np.ndarray], np.ndarray]
    weights: np.ndarray


@dataclasses.dataclass
class RecordedObjective:
    """Calls the compiled evaluation, agrees over ranks, and keeps the best evaluation.

    Vectors (v,) hold the parameters of all nodes, one after the other.

    Attributes:
        mesh: the mesh, for its ranks.
        evaluate: from :func:`make_evaluate`.
        simulations: their losses are averaged.
        nodes: how the vector is made of the parameters at each node.
        space: of all nodes.
        on_evaluation: called with the number of the evaluation and its losses.
        journal: what was answered before an interruption; by default none is kept.
        judge: the region whose loss says which evaluation is best.
        history: losses of every evaluation, in order.
        best_vector: the vector with the judge's least loss so far, evolution weighed in.
        best_number: which evaluation that was.
        curvature_maps: how many maps were made for estimates of the curvature.
    """

    mesh: Mesh
    evaluate: typing.Callable
    simulations: typing.Sequence[PreparedSimulation]
    nodes: Nodes
    space: SearchSpace
    on_evaluation: typing.Callable[[int, Regions], None] = lambda number, losses: None
    journal: Journal | None = None
    judge: str = "validation"
    history: list[Regions] = dataclasses.field(default_factory=list)
    best_vector: np.ndarray | None = None
    best_score: float = np.inf
    best_number: int = -1
    curvature_maps: int = 0

    def __post_init__(self):
        if self.journal is None:
            self.journal = Journal(self.mesh.ranks)

    def __call__(self, vector: np.ndarray) -> tuple[float, np.ndarray]:
        """Training loss, evolution weighed in, and its gradient; identical on every rank."""
        answer = self.journal.answer(LOSSES, vector, lambda: self._evaluate(vector))
        losses, gradient = Regions(*map(float, answer[:3])), answer[3:]
        finite = np.all(np.isfinite(losses)) and np.all(np.isfinite(gradient))
        self.history.append(losses)
        evolution, its_gradient, _ = self.nodes.evolution(vector, self.space)
        score = getattr(losses, self.judge) + self._weight * evolution
        if finite and score < self.best_score:
            self.best_score = score
            self.best_vector, self.best_number = np.array(vector), len(self.history) - 1
        self.on_evaluation(len(self.history), losses)
        if not finite or not np.any(gradient):
            # Optimisers step back from a wall, but neither from a NaN nor from the all-floor map,
            # where every gradient vanishes and which is often better than the start.
            seen = [past.train for past in self.history if np.isfinite(past.train)]
            return WALL * max(seen, default=1.0), np.zeros_like(vector)
        return losses.train + self._weight * evolution, gradient + self._weight * its_gradient

    def curvature(self, vector: np.ndarray) -> np.ndarray:
        """Estimate of the training loss's second derivatives (v, v) at a vector."""
        self.curvature_maps += len(self.simulations) * (len(vector) // self.nodes.count + 1)
        answer = self.journal.answer(
            CURVATURE, vector, lambda: np.ravel(self._estimate_curvature(vector))
        )
        evolution = self.nodes.evolution(vector, self.space)[2]
        return answer.reshape(len(vector), len(vector)) + self._weight * evolution

    def _evaluate(self, vector: np.ndarray) -> np.ndarray:
        """Losses of the three regions and the gradient (v,) of the training loss, in one row."""
        found = [self._evaluate_one(vector, simulation) for simulation in self.simulations]
        # An optimiser runs on every rank: they must see the same bits, or they part.
        return on_root(self.mesh.ranks, np.mean, found, axis=0)

    def _estimate_curvature(self, vector: np.ndarray) -> np.ndarray:
        estimates = []
        for simulation in self.simulations:
            values = self.nodes.interpolate(vector, simulation.weights)
            weights = np.outer(simulation.weights, simulation.weights)
            estimates.append(np.kron(weights, simulation.estimate_curvature(values)))
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
        values = self.nodes.interpolate(vector, simulation.weights)
        (_, losses), gradient = self.evaluate(
            jnp.asarray(values), simulation.inputs, simulation.reference
        )
        pulled_back = self.nodes.pull_back(vector, simulation.weights, np.asarray(gradient))
        return np.concatenate([np.ravel(losses), pulled_back])


# What is compiled for fits of one kind, once for all their starts, redshifts and members.


@dataclasses.dataclass(frozen=True)
class Programs:
    """Jitted functions.

    Attributes:
        evaluate: losses and gradient, from :func:`jerald_tools.fitting.objective.make_evaluate`.
        residual: from :func:`jerald_tools.fitting.objective.make_sampled_residual`.
        reference: target -> what the loss needs of it.
        predict: (parameters, inputs) -> this rank's slab of the map.
    """

    evaluate: typing.Callable
    residual: typing.Callable
    reference: typing.Callable
    predict: typing.Callable


@functools.lru_cache(maxsize=8)
def programs(mesh: Mesh, quantity: str, loss: Loss, layers: int, shift: float) -> Programs:
    """The programs of fits of so many layers; the same as last time, if nothing has changed.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        loss: what is minimised.
        layers: number of displacement layers.
        shift: constant of the neutral hydrogen's transform.
    """
    layout = default_start(quantity, layers)
    return Programs(
        make_evaluate(mesh, quantity, loss, layout, shift),
        make_sampled_residual(mesh, quantity, loss, layout, shift),
        jax.jit(functools.partial(loss.reference, mesh)),
        jax.jit(functools.partial(predict, mesh, quantity, shift=shift)),
    )
