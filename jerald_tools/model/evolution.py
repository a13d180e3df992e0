# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters that change with redshift: every one a polynomial in the scale factor.

A polynomial of order n is told by its values at n + 1 redshifts, the nodes. Unlike coefficients
these are parameters like any others, with the same bounds and the same meaning.
"""

import dataclasses
import typing
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import scipy.interpolate

from jerald_tools.cosmology import scale_factor_of
from jerald_tools.model.bounds import bounds


@dataclasses.dataclass(frozen=True)
class EvolvingParameters:
    """A quantity's parameters at the nodes of their polynomials.

    Attributes:
        redshifts: of the nodes, from high to low.
        nodes: the parameters at each of them.
    """

    redshifts: tuple[float, ...]
    nodes: tuple[typing.Any, ...]

    @property
    def layers(self) -> tuple:
        """The layers at the first node: there are as many at every one."""
        return self.nodes[0].layers


def node_redshifts(order: int, redshifts: Sequence[float]) -> tuple[float, ...]:
    """Redshifts of the nodes, from high to low, equally spaced in the scale factor.

    Args:
        order: of the polynomials, below the number of different redshifts.
        redshifts: of all simulations that are fitted.

    Returns:
        The two ends of the range and what is between; the middle of the range for order 0.
    """
    ends = [float(scale_factor_of(redshift)) for redshift in (max(redshifts), min(redshifts))]
    if order == 0:
        return (2 / sum(ends) - 1,)
    inner = [1 / a - 1 for a in np.linspace(*ends, order + 1)[1:-1]]
    return (float(max(redshifts)), *map(float, inner), float(min(redshifts)))


def node_weights(redshifts: Sequence[float], redshift: float) -> np.ndarray:
    """Weights of the nodes' parameters at a redshift: Lagrange's polynomials in the scale factor.

    Args:
        redshifts: of the nodes, (n + 1,).
        redshift: where parameters are wanted.

    Returns:
        (n + 1,), of sum 1; at a node 1 for that node alone.
    """
    at = float(scale_factor_of(redshift))
    nodes = [float(scale_factor_of(node)) for node in redshifts]
    return np.array(
        [
            np.prod([(at - other) / (node - other) for other in nodes if other != node])
            for node in nodes
        ]
    )


def parameters_at(parameters, redshift: float):
    """Parameters at a redshift; those that do not evolve are the same at each.

    Args:
        parameters: :class:`EvolvingParameters`, or a quantity's parameters.
        redshift: where they are wanted.

    Returns:
        The quantity's parameters, float64 JAX scalars if they evolve.
    """
    if not isinstance(parameters, EvolvingParameters):
        return parameters
    first = parameters.nodes[0]
    rows = np.array([jax.tree.leaves(node) for node in parameters.nodes], np.float64)
    values = interpolate(first, rows, node_weights(parameters.redshifts, redshift))
    structure = jax.tree.structure(first)
    return jax.tree.unflatten(structure, [jnp.asarray(value, jnp.float64) for value in values])


def interpolate(like, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Parameters where the nodes have these weights, (p,).

    A polynomial of order two or more can leave the bounds between its nodes: it is cut there.

    Args:
        like: a quantity's parameters.
        rows: those of each node, (nodes, p).
        weights: (nodes,).
    """
    return np.clip(weights @ rows, *bounds(like))


def mean_at(redshifts: Sequence[float], means: Sequence[float], redshift: float) -> float:
    """A target's mean between the redshifts where it is known.

    Monotonic cubics through its logarithm in the scale factor: means of stars grow by decades.

    Args:
        redshifts: different ones, in any order.
        means: the positive means at these.
        redshift: between them.
    """
    if len(redshifts) == 1:
        return means[0]
    order = np.argsort(redshifts)[::-1]
    a = [float(scale_factor_of(redshifts[number])) for number in order]
    logarithms = np.log([means[number] for number in order])
    curve = scipy.interpolate.PchipInterpolator(a, logarithms)
    return float(np.exp(curve(float(scale_factor_of(redshift)))))
