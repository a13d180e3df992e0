# SPDX-License-Identifier: GPL-3.0-or-later
"""The space that an optimiser searches: its vector, its bounds, and typical distances in it.

The vector holds the parameters of every knot, one knot after the other. Parameters that do not
evolve with redshift have a single knot, of weight 1 everywhere.
"""

import dataclasses
import typing

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np

from jerald_tools.model.evolution import EvolvingParameters, interpolate, knot_weights
from jerald_tools.model.parameters import bounds, parameter_table

# Share of the first loss that a change of a parameter by its typical distance between two knots has
# to gain.
LEAST_GAIN = 0.001


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
    distances = [row.distance for row in parameter_table(parameters).values()]
    return SearchSpace(*bounds(parameters), np.array(distances))


def unravel_parameters(parameters):
    """The function that turns a vector (p,) back into parameters like these."""
    as_arrays = jax.tree.map(lambda value: jnp.asarray(value, jnp.float64), parameters)
    return jax.flatten_util.ravel_pytree(as_arrays)[1]


def ravel_parameters(parameters) -> np.ndarray:
    """All parameters as one float64 vector, in the order of their table."""
    return np.array(jax.tree.leaves(parameters), dtype=np.float64)


@dataclasses.dataclass(frozen=True)
class Knots:
    """How parameters like these make a vector (v,), v = knots x p.

    Attributes:
        like: :class:`EvolvingParameters`, or a quantity's parameters.
    """

    like: typing.Any

    @property
    def redshifts(self) -> tuple[float, ...]:
        """Redshifts of the knots; empty if the parameters do not evolve."""
        return self.like.redshifts if isinstance(self.like, EvolvingParameters) else ()

    @property
    def first(self) -> typing.Any:
        """The parameters at the first knot."""
        return self.like.knots[0] if self.redshifts else self.like

    @property
    def count(self) -> int:
        """How many knots there are."""
        return max(1, len(self.redshifts))

    def weights(self, redshift: float) -> np.ndarray:
        """Weights of the knots at a redshift, (knots,)."""
        return knot_weights(self.redshifts, redshift) if self.redshifts else np.ones(1)

    def ravel(self, parameters) -> np.ndarray:
        """The vector of parameters like these."""
        knots = parameters.knots if self.redshifts else (parameters,)
        return np.concatenate([ravel_parameters(knot) for knot in knots])

    def unravel(self, vector: np.ndarray):
        """The inverse of :meth:`ravel`, in float64 JAX scalars."""
        unravel = unravel_parameters(self.first)
        knots = [unravel(jnp.asarray(row)) for row in self._rows(vector)]
        return EvolvingParameters(self.redshifts, tuple(knots)) if self.redshifts else knots[0]

    def tile(self, space: SearchSpace) -> SearchSpace:
        """The search space of all knots from that of one."""
        return SearchSpace(
            *(np.tile(values, self.count) for values in (space.lower, space.upper, space.distance))
        )

    def interpolate(self, vector: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The parameters (p,) where the knots have these weights."""
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
        """How much parameters change from knot to knot: a penalty on what the change must gain.

        Parameters act together, and many sets of them are equally good: a polynomial between two
        unrelated sets leads through worse ones.

        Args:
            vector: (v,) parameters of all knots.
            space: of all knots.

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
