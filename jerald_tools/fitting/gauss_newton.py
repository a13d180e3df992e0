# SPDX-License-Identifier: GPL-3.0-or-later
"""The curvature of a loss by Gauss and Newton: how far each parameter moves the map.

Parameters act together (a smaller amplitude undoes a steeper Green's function), so a loss is a
narrow valley in the space of its parameters, and a gradient points across it, not along. The
changes of the map with each parameter give its width and direction before any step is taken.
"""

import dataclasses
import typing

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.fitting.regions import training_start
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.fitting.search_space import SearchSpace, unravel_parameters
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather, on_root
from jerald_tools.model.model import predict
from jerald_tools.model.quantity import ModelInputs, Quantity

# Step of the difference quotients in typical distances: over several of the kinks that particles
# make when they cross from cell to cell, so that slopes are those of the map as a whole.
STEP = 0.02

# About this many nodes are sampled, over all ranks: a lattice of them is enough, and the matrix of
# their changes stays small beside the mesh.
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
        residual, penalties = self.residual(
            jnp.asarray(vector, jnp.float64), self.inputs, self.reference
        )
        return np.asarray(residual, np.float64), np.asarray(penalties, np.float64)


def make_sampled_residual(mesh: Mesh, quantity: Quantity, loss: Loss, layers: int):
    """Compile residual on a lattice of training nodes and penalties as functions of all parameters.

    Args:
        mesh: of the maps.
        quantity: whose parameters they are.
        loss: what is minimised.
        layers: number of displacement layers.

    Returns:
        A jitted function (vector (p,) float64, inputs, reference) -> this rank's part of the
        residual, (m,), and the penalties, (q,).
    """
    unravel = unravel_parameters(quantity.original_parameters(layers))
    spacing = max(1, round((mesh.size / 2 / NODES) ** (1 / 3)))
    first = -mesh.x_start % spacing

    def residual(vector, inputs: ModelInputs, reference):
        prediction = predict(mesh, quantity, unravel(vector), inputs)
        field = loss.residual(mesh, prediction, reference)
        lattice = field[first::spacing, ::spacing, training_start(mesh) :: spacing]
        return lattice.ravel(), loss.penalties(mesh, prediction, reference)

    return jax.jit(residual)
