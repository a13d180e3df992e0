# SPDX-License-Identifier: GPL-3.0-or-later
"""The curvature of a loss by Gauss and Newton: how far each parameter moves the map.

Parameters act together (a steeper Green's function is undone by a smaller amplitude), so a loss is
a narrow valley in the space of its parameters, and a gradient points across it, not along. The
changes of the map with each parameter say how narrow it is and in which direction, before any step
is taken.
"""

import dataclasses
import typing

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather, on_root
from jerald_tools.model.chain import ModelInputs, predict
from jerald_tools.training.objective import unravel_parameters
from jerald_tools.training.search_space import SearchSpace
from jerald_tools.training.split import training_start

# Step of the difference quotients in typical distances: over several of the kinks that particles
# make when they cross from cell to cell, so that slopes are those of the map as a whole.
STEP = 0.02

# About so many nodes are looked at, over all ranks: a lattice of them says enough, and the matrix
# of their changes stays small beside the mesh.
NODES = 2**18


@dataclasses.dataclass(frozen=True)
class GaussNewton:
    """Second derivatives of the training loss, J^T W J / n.

    J is the change of the residual on a lattice of n training nodes with each parameter, by
    difference quotients (one map a parameter), W the loss's own curvature at each node.

    Attributes:
        mesh: the mesh of the maps.
        residual: jitted (vector, inputs, target) -> this rank's residual on the lattice, (m,).
        weights: (residual, its mean modulus over the lattice) -> the loss's curvature at each node.
        space: bounds and typical distances.
        inputs: model inputs.
        target: this rank's slab of the target over its mean.
    """

    mesh: Mesh
    residual: typing.Callable
    weights: typing.Callable
    space: SearchSpace
    inputs: ModelInputs
    target: jax.Array

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """The matrix (p, p) at a vector (p,), the same on every rank."""
        here = self._residual(vector)
        changes = np.empty((here.size, vector.size))
        for number in range(vector.size):
            moved = np.array(vector)
            step = STEP * self.space.distance[number]
            moved[number] += step if vector[number] + step < self.space.upper[number] else -step
            difference = moved[number] - vector[number]
            changes[:, number] = (self._residual(moved) - here) / difference
        sums = gather(self.mesh.ranks, (np.abs(here).sum(), here.size))
        nodes = sum(size for _, size in sums)
        weights = self.weights(here, sum(total for total, _ in sums) / nodes)
        parts = gather(self.mesh.ranks, (changes.T * weights) @ changes)
        return on_root(self.mesh.ranks, lambda: sum(parts) / nodes)

    def _residual(self, vector: np.ndarray) -> np.ndarray:
        residual = self.residual(jnp.asarray(vector, jnp.float64), self.inputs, self.target)
        return np.asarray(residual, np.float64)


def make_sampled_residual(mesh: Mesh, quantity: str, loss, parameters, shift: float = 0.0):
    """Compile the residual on a lattice of training nodes as a function of all parameters.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        loss: has a method ``residual`` (mesh, prediction, target) -> slab.
        parameters: any parameters of this quantity, for the vector's layout.
        shift: constant of the neutral hydrogen's transform.

    Returns:
        A jitted function (vector (p,) float64, inputs, target) -> this rank's part of it, (m,).
    """
    unravel = unravel_parameters(parameters)
    spacing = max(1, round((mesh.size / 2 / NODES) ** (1 / 3)))
    first = -mesh.x_start % spacing

    def residual(vector, inputs: ModelInputs, target):
        field = loss.residual(mesh, predict(mesh, quantity, unravel(vector), inputs, shift), target)
        return field[first::spacing, ::spacing, training_start(mesh) :: spacing].ravel()

    return jax.jit(residual)
