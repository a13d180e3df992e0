# SPDX-License-Identifier: GPL-3.0-or-later
"""Displacement layers: particles follow the gradient of an effective potential (equations (1)-(7)).

A layer moves every particle by S = alpha grad(G * f(d)), where f is a power of the density, or of
another map, and G an isotropic Green's function.
"""

import typing
from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jerald_tools.mesh.mesh import Mesh, PowerTerm
from jerald_tools.mesh.paint import density_on_the_way, move_along_gradient
from jerald_tools.mesh.powers import filtered_powers
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.model.parameters import (
    parameter,
    parameter_class,
    scatter_factor,
    scatter_relative,
    scatter_shift,
    shape,
)
from jerald_tools.model.power_law import EMPTY_CELL

# The original's central difference has an error of sixth order in the cell size.
GRADIENT_ORDER = 6


# Beyond these bounds a parameter has no physical meaning, though it may fit the training half a
# little better: a negative power of the density, for one, is ruled by the emptiest cells, one that
# rises faster than the density by the densest, and either is unknown on a universe with emptier or
# denser cells. More than one power of k, up or down, makes a Green's function a spike. Fits with
# wider bounds (gamma to 4, nu to 3 either way) are no better on the halves of the bundled training
# box that they were not trained on (docs/losses.md).
@parameter_class
class Layer:
    """One displacement, equations (1), (2) and (6) or (7).

    Attributes:
        alpha: amplitude in units of :attr:`alpha_unit`; positive towards overdensity.
        gamma: power of the density that sources the potential.
        k_h: suppression of large scales [h/Mpc].
        k_l: softening of small scales [h/Mpc].
        nu: logarithmic slope of the Green's function.
    """

    alpha_unit: typing.ClassVar[float] = 1e-2

    alpha: float = parameter(
        1.0, distance=1.0, scatter=scatter_relative(0.7), lower=-10.0, upper=10.0, units="0.01"
    )
    gamma: float = shape(0.5, distance=0.3, scatter=scatter_factor(0.5), lower=0.0, upper=1.0)
    k_h: float = shape(
        1.0, distance=0.5, scatter=scatter_factor(0.7), lower=0.0, upper=30.0, units="h/Mpc"
    )
    k_l: float = shape(
        8.0, distance=4.0, scatter=scatter_factor(0.5), lower=0.1, upper=100.0, units="h/Mpc"
    )
    nu: float = shape(0.0, distance=0.5, scatter=scatter_shift(0.4), lower=-1.0, upper=1.0)


GreensFunction = Callable[..., Float[Array, " k"]]
"""G as a function of (k, k_h, k_l, nu)."""


def power_of_k(k, slope):
    """k^slope with 0 at k = 0, differentiable there."""
    positive = jnp.where(k > 0, k, 1.0)
    return jnp.where(k > 0, jnp.exp(slope * jnp.log(positive)), 0.0), positive


def exponential_greens_function(
    k: Float[ArrayLike, " k"], k_h: float, k_l: float, nu: float
) -> Float[Array, " k"]:
    """G of the dark matter, exp(-k_h/k) exp(-k/k_l) k^nu (equation (7)); 0 at k = 0.

    Args:
        k: moduli of the wavevectors [h/Mpc].
        k_h: scale below which wavenumbers (large scales) are suppressed [h/Mpc].
        k_l: scale above which wavenumbers (small scales) are softened [h/Mpc].
        nu: logarithmic slope.

    Returns:
        G, in the shape of k.
    """
    power, positive = power_of_k(k, nu)
    return power * jnp.exp(-k_h / positive - k / k_l)


def gaussian_greens_function(
    k: Float[ArrayLike, " k"], k_h: float, k_l: float, nu: float
) -> Float[Array, " k"]:
    """G of stellar mass and neutral hydrogen, exp(-(k_h/k)^2) exp(-(k/k_l)^2) k^nu (equation (6)).

    Arguments as :func:`exponential_greens_function`; 0 at k = 0.
    """
    power, positive = power_of_k(k, nu)
    return power * jnp.exp(-((k_h / positive) ** 2) - (k / k_l) ** 2)


class Source(typing.NamedTuple):
    """What sources a potential.

    Attributes:
        layer: the layer's parameters.
        field: density or another map over its mean, this rank's slab.
        offset: added to the field, which must then be positive.
    """

    layer: Layer
    field: Float[Array, "x y z"]
    offset: float = 0.0


def potential(
    mesh: Mesh,
    layer: Layer,
    greens_function: GreensFunction,
    source: Float[Array, "x y z"],
    offset: float = 0.0,
) -> Float[Array, "x y z"]:
    """Alpha G * f(d) of equation (2), the potential whose gradient displaces the particles.

    Args:
        mesh: the mesh.
        layer: the layer's parameters.
        greens_function: :func:`exponential_greens_function` or :func:`gaussian_greens_function`.
        source: density or another map over its mean.
        offset: added to the source, which must then be positive.

    Returns:
        This rank's slab of the potential [(Mpc/h)^2].
    """
    return potential_of_sources(mesh, greens_function, [Source(layer, source, offset)])


def potential_of_sources(
    mesh: Mesh, greens_function: GreensFunction, sources: Sequence[Source]
) -> Float[Array, "x y z"]:
    """Sum of the potentials of several sources (equation (12)), see :func:`potential`."""
    terms = []
    for layer, field, _ in sources:
        kernel = greens_function(wavenumber_table(mesh), layer.k_h, layer.k_l, layer.nu)
        terms.append(PowerTerm(field, layer.gamma, layer.alpha_unit * layer.alpha * kernel))
    return filtered_powers(mesh, terms, tuple(source.offset for source in sources))


def density_source(
    mesh: Mesh,
    number: int,
    positions: Float[Array, "n 3"],
    start_density: Float[Array, "x y z"] | None,
) -> tuple[Float[Array, "x y z"], Float[Array, "n 3"]]:
    """The density that sources layer ``number``, and the positions that the layer moves.

    The density before the first layer never changes while parameters are trained: it is given.
    """
    if number == 0 and start_density is not None:
        return start_density, positions
    return density_on_the_way(mesh, positions)


def displace_by_layers(
    mesh: Mesh,
    layers: tuple[Layer, ...],
    greens_function: GreensFunction,
    positions: Float[Array, "n 3"],
    start_density: Float[Array, "x y z"] | None = None,
) -> Float[Array, "n 3"]:
    """Apply layers that the particles' own density sources, equations (1) and (2).

    The source of the potential is f(d) = (1 + d + EMPTY_CELL)^gamma, finite in empty cells.

    Args:
        mesh: the mesh.
        layers: their parameters, in order.
        greens_function: as for :func:`potential`.
        positions: this rank's particles [Mpc/h].
        start_density: 1 + d of these positions, if it is known already.

    Returns:
        New positions [Mpc/h], not wrapped into the box.
    """
    for number, layer in enumerate(layers):
        source, positions = density_source(mesh, number, positions, start_density)
        field = potential(mesh, layer, greens_function, source, EMPTY_CELL)
        positions = move_along_gradient(mesh, field, positions, GRADIENT_ORDER)
    return positions
