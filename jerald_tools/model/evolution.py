# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters that change with redshift: each is a polynomial in a variable that does.

The values at n + 1 redshifts, the knots, define a polynomial of order n. Unlike coefficients these
are parameters like any others, with the same bounds and the same meaning.
"""

import dataclasses
import typing
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.cosmology import scale_factor_of
from jerald_tools.model.curves import BY_SCALE_FACTOR, Variable
from jerald_tools.model.parameters import bounds


@dataclasses.dataclass(frozen=True)
class EvolvingParameters:
    """A quantity's parameters at the knots of their polynomials.

    Attributes:
        redshifts: of the knots, from high to low.
        knots: the parameters at each of them.
        variable: in which they are polynomials.
    """

    redshifts: tuple[float, ...]
    knots: tuple[typing.Any, ...]
    variable: Variable = BY_SCALE_FACTOR

    @property
    def layers(self) -> tuple:
        """The layers at the first knot; every knot has as many."""
        return self.knots[0].layers


def knot_redshifts(order: int, redshifts: Sequence[float]) -> tuple[float, ...]:
    """Redshifts of the knots, from high to low: all that are fitted, if the order allows.

    Args:
        order: of the polynomials, below the number of redshifts.
        redshifts: different ones, of all simulations that are fitted.

    Returns:
        The two ends of the range and, evenly spread over the other redshifts, what is between; the
        middle of the range in the scale factor for order 0.
    """
    ordered = sorted(redshifts)[::-1]
    scale_factors = [float(scale_factor_of(one)) for one in ordered]
    if order == 0:
        return (2 / (scale_factors[0] + scale_factors[-1]) - 1,)
    knots = []
    for place in np.linspace(0, len(ordered) - 1, order + 1):
        if place == round(place):
            knots.append(float(ordered[round(place)]))
        else:
            a = np.interp(place, range(len(ordered)), scale_factors)
            knots.append(float(1 / a - 1))
    return tuple(knots)


def knot_weights(
    redshifts: Sequence[float], redshift: float, variable: Variable = BY_SCALE_FACTOR
) -> np.ndarray:
    """Weights of the knots' parameters at a redshift: Lagrange's polynomials in the variable.

    Args:
        redshifts: of the knots, (n + 1,).
        redshift: where parameters are wanted.
        variable: of the polynomials.

    Returns:
        (n + 1,), of sum 1; at a knot 1 for that knot alone.
    """
    at = variable.at(redshift)
    knots = [variable.at(knot) for knot in redshifts]
    return np.array(
        [
            np.prod([(at - other) / (knot - other) for other in knots if other != knot])
            for knot in knots
        ]
    )


def parameters_at(parameters, redshift: float):
    """Parameters at a redshift; the same at each for parameters that do not evolve.

    Args:
        parameters: :class:`EvolvingParameters`, or a quantity's parameters.
        redshift: where parameters are wanted.

    Returns:
        The quantity's parameters, float64 JAX scalars if they evolve.
    """
    if not isinstance(parameters, EvolvingParameters):
        return parameters
    first = parameters.knots[0]
    rows = np.array([jax.tree.leaves(knot) for knot in parameters.knots], np.float64)
    weights = knot_weights(parameters.redshifts, redshift, parameters.variable)
    values = interpolate(first, rows, weights)
    structure = jax.tree.structure(first)
    return jax.tree.unflatten(structure, [jnp.asarray(value, jnp.float64) for value in values])


def interpolate(like, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Parameters where the knots have these weights, (p,).

    A polynomial of order two or more can leave the bounds between its knots: it is cut there.

    Args:
        like: a quantity's parameters.
        rows: the parameters of each knot, (knots, p).
        weights: (knots,).
    """
    return np.clip(weights @ rows, *bounds(like))
