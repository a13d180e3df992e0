# SPDX-License-Identifier: GPL-3.0-or-later
"""The space that an optimiser searches: its vector, its bounds, and typical distances in it.

The vector holds the parameters of the first knot, then of each further knot those that evolve with
redshift. Parameters that do not evolve have a single knot, of weight 1 everywhere.
"""

import dataclasses
import functools
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
    """How parameters like these make a vector (v,): v = p with one knot, else at most knots x p.

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

    @functools.cached_property
    def places(self) -> np.ndarray:
        """Where in the vector each parameter of each knot is, (knots, p)."""
        number = len(jax.tree.leaves(self.first))
        places = [np.arange(number)]
        if self.redshifts:
            evolves = np.array([row.evolves for row in parameter_table(self.first).values()])
            own = np.cumsum(evolves) - 1
            for knot in range(1, len(self.redshifts)):
                start = number + (knot - 1) * evolves.sum()
                places.append(np.where(evolves, start + own, places[0]))
        return np.array(places)

    def weights(self, redshift: float) -> np.ndarray:
        """Weights of the knots at a redshift, (knots,)."""
        if not self.redshifts:
            return np.ones(1)
        return knot_weights(self.redshifts, redshift, self.like.variable)

    def ravel(self, parameters) -> np.ndarray:
        """The vector of parameters like these; what does not evolve is taken from the first."""
        knots = parameters.knots if self.redshifts else (parameters,)
        return self._vector(np.array([ravel_parameters(knot) for knot in knots]))

    def unravel(self, vector: np.ndarray):
        """The inverse of :meth:`ravel`, in float64 JAX scalars."""
        unravel = unravel_parameters(self.first)
        knots = [unravel(jnp.asarray(row)) for row in self._rows(vector)]
        return dataclasses.replace(self.like, knots=tuple(knots)) if self.redshifts else knots[0]

    def tile(self, space: SearchSpace) -> SearchSpace:
        """The search space of the vector from that of one knot."""
        shape = self.places.shape
        return SearchSpace(
            *(
                self._vector(np.broadcast_to(values, shape))
                for values in (space.lower, space.upper, space.distance)
            )
        )

    def interpolate(self, vector: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The parameters (p,) where the knots have these weights."""
        rows = self._rows(vector)
        return interpolate(self.first, rows, weights) if self.redshifts else rows[0]

    def slopes(self, vector: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Derivatives of :meth:`interpolate`'s parameters with respect to the vector, (p, v).

        They are 0 where a parameter is cut at a bound.
        """
        inside = weights @ self._rows(vector) == self.interpolate(vector, weights)
        slopes = np.zeros((self.places.shape[1], len(vector)))
        for weight, places in zip(weights, self.places, strict=True):
            slopes[np.arange(len(places)), places] += weight * inside
        return slopes

    def evolution(
        self, vector: np.ndarray, space: SearchSpace
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """How much parameters change from knot to knot: a penalty on what the change must gain.

        Parameters act together, and many sets of them are equally good: a polynomial between two
        unrelated sets leads through worse ones.

        Args:
            vector: (v,).
            space: of the vector.

        Returns:
            Sum of the squared changes in typical distances, its gradient (v,) and its second
            derivatives (v, v).
        """
        # Each change as a row of coefficients of the vector.
        units = np.eye(len(vector)) / space.distance
        knots, parameters = self.places.shape
        changes = np.diff(units[self.places], axis=0).reshape((knots - 1) * parameters, len(vector))
        curvature = 2 * changes.T @ changes
        gradient = curvature @ vector
        return float(np.sum((changes @ vector) ** 2)), gradient, curvature

    def _rows(self, vector: np.ndarray) -> np.ndarray:
        return np.asarray(vector, np.float64)[self.places]

    def _vector(self, rows: np.ndarray) -> np.ndarray:
        """The vector from the rows of all knots, (knots, p)."""
        _, first = np.unique(self.places, return_index=True)
        return np.asarray(rows, np.float64).ravel()[first]
