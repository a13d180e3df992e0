# SPDX-License-Identifier: GPL-3.0-or-later
"""The space that an optimiser searches: bounds, and how far parameters typically move."""

import dataclasses

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np

from jerald_tools.model.bounds import bounds, by_name
from jerald_tools.model.evolution import EvolvingParameters, interpolate, node_weights

# Typical distances of trained parameters from their start, by name. A quasi-Newton method takes its
# first steps in these units; later it learns the curvature by itself.
DISTANCES = {
    "alpha": 1.0,
    "gamma": 0.3,
    "k_h": 0.5,
    "k_l": 4.0,
    "nu": 0.5,
    "w": 0.3,
    "mu": 0.2,
    "b": 0.1,
    "beta1": 0.3,
    "beta2": 0.2,
    "eta": 0.1,
    "gamma3": 0.3,
    "xi": 0.5,
}


@dataclasses.dataclass(frozen=True)
class SearchSpace:
    """Bounds and scales of the vector of parameters, (p,) each.

    Attributes:
        lower: lowest allowed values, -inf where there is no bound.
        upper: highest allowed values, inf where there is no bound.
        distance: typical distance of the solution from the start.
    """

    lower: np.ndarray
    upper: np.ndarray
    distance: np.ndarray


def search_space(parameters) -> SearchSpace:
    """The search space of parameters like these."""
    return SearchSpace(*bounds(parameters), by_name(parameters, DISTANCES, 1.0))


# Parameters as the vector that an optimiser searches: those of every node, one after the other.
#
# Parameters that do not evolve with redshift have a single node, of weight 1 everywhere.


def unravel_parameters(parameters):
    """The function that turns a vector (p,) back into parameters like these."""
    as_arrays = jax.tree.map(lambda value: jnp.asarray(value, jnp.float64), parameters)
    return jax.flatten_util.ravel_pytree(as_arrays)[1]


def ravel_parameters(parameters) -> np.ndarray:
    """All parameters as one float64 vector, in the order of ``parameter_names``."""
    return np.array(jax.tree.leaves(parameters), dtype=np.float64)


# Loss, as a part of the first one, that a change of a parameter by its typical distance between two
# nodes has to gain.
LEAST_GAIN = 0.001


@dataclasses.dataclass(frozen=True)
class Nodes:
    """How parameters like these make a vector (v,), v = nodes x p.

    Attributes:
        like: :class:`EvolvingParameters`, or a quantity's parameters.
    """

    like: object

    @property
    def redshifts(self) -> tuple[float, ...]:
        """Of the nodes; empty if the parameters do not evolve."""
        return self.like.redshifts if isinstance(self.like, EvolvingParameters) else ()

    @property
    def first(self):
        """The parameters at the first node."""
        return self.like.nodes[0] if self.redshifts else self.like

    @property
    def count(self) -> int:
        """How many nodes there are."""
        return max(1, len(self.redshifts))

    def weights(self, redshift: float) -> np.ndarray:
        """Weights of the nodes at a redshift, (nodes,)."""
        return node_weights(self.redshifts, redshift) if self.redshifts else np.ones(1)

    def ravel(self, parameters) -> np.ndarray:
        """The vector of parameters like these."""
        nodes = parameters.nodes if self.redshifts else (parameters,)
        return np.concatenate([ravel_parameters(node) for node in nodes])

    def unravel(self, vector: np.ndarray):
        """The inverse of :meth:`ravel`, in float64 JAX scalars."""
        unravel = unravel_parameters(self.first)
        nodes = [unravel(jnp.asarray(row)) for row in self._rows(vector)]
        return EvolvingParameters(self.redshifts, tuple(nodes)) if self.redshifts else nodes[0]

    def tile(self, space: SearchSpace) -> SearchSpace:
        """The search space of all nodes from that of one."""
        return SearchSpace(
            *(np.tile(values, self.count) for values in (space.lower, space.upper, space.distance))
        )

    def interpolate(self, vector: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The parameters (p,) where the nodes have these weights."""
        rows = self._rows(vector)
        return interpolate(self.first, rows, weights) if self.redshifts else rows[0]

    def pull_back(
        self, vector: np.ndarray, weights: np.ndarray, gradient: np.ndarray
    ) -> np.ndarray:
        """The gradient (v,) with respect to the vector, from that (p,) to :meth:`interpolate`'s."""
        values = weights @ self._rows(vector)
        inside = values == self.interpolate(vector, weights)
        return np.outer(weights, gradient * inside).ravel()

    def evolution(
        self, vector: np.ndarray, space: SearchSpace
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """How much parameters change from node to node, to be weighed against what that gains.

        Parameters act together, and many sets of them serve alike: between two sets that have
        nothing to do with each other a polynomial leads through worse ones.

        Args:
            vector: (v,) parameters of all nodes.
            space: of all nodes.

        Returns:
            Sum of the squared changes in typical distances, its gradient (v,) and its second
            derivatives (v, v).
        """
        rows = self._rows(vector / space.distance)
        differences = np.diff(np.eye(self.count), axis=0)
        matrix = np.kron(differences.T @ differences, np.eye(rows.shape[1]))
        matrix /= np.outer(space.distance, space.distance)
        gradient = 2 * matrix @ np.asarray(vector, np.float64)
        return float(np.sum(np.diff(rows, axis=0) ** 2)), gradient, 2 * matrix

    def _rows(self, vector: np.ndarray) -> np.ndarray:
        return np.asarray(vector, np.float64).reshape(self.count, -1)
