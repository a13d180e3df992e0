# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutral hydrogen: displaced by density and stars, depleted where stars are and around them."""

import dataclasses
import functools
import typing
from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.errors import BadInput
from jerald_tools.mesh.fields import convolve
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import move_along_gradient
from jerald_tools.mesh.powers import scaled_power
from jerald_tools.mesh.ranks import sum_over_ranks
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.model.layer_starts import WEAK, Start, layered_starts
from jerald_tools.model.layers import (
    GRADIENT_ORDER,
    Layer,
    Source,
    density_source,
    exponential_greens_function,
    gaussian_greens_function,
    potential_of_sources,
)
from jerald_tools.model.model import Model
from jerald_tools.model.parameters import (
    original_start,
    parameter,
    parameter_class,
    scatter_factor,
    scatter_relative,
    scatter_shift,
    shape,
)
from jerald_tools.model.power_law import EMPTY_CELL, Transform, rectify
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.targets.neutral_gas import NeutralGas


@parameter_class
class HydrogenLayer(Layer):
    """A layer whose amplitude has a smaller unit; attributes as of :class:`Layer`."""

    alpha_unit: typing.ClassVar[float] = 1e-3

    alpha: float = parameter(
        1.0, distance=10.0, scatter=scatter_relative(0.7), lower=-100.0, upper=100.0, units="0.001"
    )


@parameter_class
class TwoSourceLayer:
    """One displacement of neutral hydrogen (equation (12)): density and stars both source it."""

    density: HydrogenLayer
    stars: HydrogenLayer


@parameter_class
class Depletion:
    """Loss of neutral hydrogen to stars and their radiation, equations (14) and (15)."""

    beta1: float = parameter(0.6, distance=0.3, scatter=scatter_shift(0.4))
    beta2: float = parameter(0.0, distance=0.2, scatter=scatter_shift(0.2))
    eta: float = parameter(0.0, distance=0.1, scatter=scatter_shift(0.1))
    gamma3: float = shape(0.1, distance=0.3, scatter=scatter_factor(0.5), lower=0.0, upper=1.0)
    k_h: float = shape(
        1.0, distance=0.5, scatter=scatter_factor(0.7), lower=0.0, upper=30.0, units="h/Mpc"
    )
    k_l: float = shape(
        8.0, distance=4.0, scatter=scatter_factor(0.5), lower=0.1, upper=100.0, units="h/Mpc"
    )
    nu: float = shape(0.01, distance=0.5, scatter=scatter_shift(0.4), lower=-1.0, upper=1.0)
    xi: float = shape(1.0, distance=0.5, scatter=scatter_factor(0.5))


@parameter_class
class PhotoionisedTransform(Transform):
    """A power law as gas in photoionisation equilibrium has it; attributes as of its base.

    n_HI ~ rho^2 T^-0.7 and T ~ rho^(g - 1) with 0 < g - 1 < 0.62 (astro-ph/9612232) give an
    exponent of 1.6 to 2 where the gas is resolved, less where it is not, and no threshold: voids
    hold hydrogen too. A small exponent with a large threshold leaves them empty at the same power.
    """

    mu: float = parameter(1.0, distance=0.2, scatter=scatter_factor(0.2), lower=1.0, upper=3.0)
    b: float = parameter(0.1, distance=0.1, scatter=scatter_shift(0.1), upper=0.1)


@parameter_class
class NeutralHydrogenParameters:
    """10 S + 11 parameters for S layers (Table I)."""

    layers: tuple[TwoSourceLayer, ...]
    transform: PhotoionisedTransform
    depletion: Depletion


# Most neutral hydrogen is where stars are (beta2 < 0 adds it there), with radiation that takes it
# away from the densest places only, or one that reaches everywhere.
NEAR_STARS = (
    (
        PhotoionisedTransform(w=0.3, mu=1.4, b=0.0),
        Depletion(beta1=0.3, beta2=-2.0, eta=-5.0, gamma3=0.75, k_h=1.0, k_l=8.0, nu=0.0, xi=1.0),
    ),
    (
        PhotoionisedTransform(w=0.4, mu=1.2, b=0.1),
        Depletion(beta1=-0.3, beta2=-1.5, eta=0.2, gamma3=0.75, k_h=1.0, k_l=8.0, nu=0.0, xi=0.5),
    ),
)


@dataclasses.dataclass(frozen=True)
class NeutralHydrogen(Quantity):
    """The number density of neutral hydrogen.

    Attributes:
        shift: constant added to 1 + d before the power of equation (13), 0 in the paper.
        refine: nodes of the model's mesh per node of the map, along each axis; the same as in the
            model of the stars.
    """

    name = "neutral-hydrogen"
    parameters = NeutralHydrogenParameters
    required = ("stellar-mass",)
    target = NeutralGas()
    style = MapStyle("neutral hydrogen", r"$n_\mathrm{HI}$", "viridis")

    shift: float = 0.0
    refine: int = 1

    def original_parameters(self, layers: int) -> NeutralHydrogenParameters:
        """The original code's starting values with a number of layers."""
        layer = original_start(HydrogenLayer)
        return NeutralHydrogenParameters(
            (TwoSourceLayer(layer, layer),) * layers,
            original_start(PhotoionisedTransform),
            original_start(Depletion),
        )

    def sources(
        self, mesh: Mesh, positions: Float[Array, "n 3"], models: Mapping[str, Model]
    ) -> tuple[Float[Array, "x y z"], ...]:
        """The predicted stellar mass over its mean.

        Raises:
            BadInput: if the model of the stars has another mesh.
        """
        stars = models["stellar-mass"]
        if stars.quantity.refine != self.refine:
            raise BadInput(
                f"the fit of stellar-mass has refine {stars.quantity.refine}, the model of "
                f"{self.name} {self.refine}: give --refine {stars.quantity.refine}, or other stars"
            )
        stellar_map, _ = stars.paint_fine(mesh, positions)
        return (_relative_stars(self.model_mesh(mesh), stellar_map),)

    def displace(
        self, mesh: Mesh, parameters: NeutralHydrogenParameters, inputs: ModelInputs
    ) -> Float[Array, "n 3"]:
        """The particles after all layers (equations (1), (12) and (6)) [Mpc/h]."""
        (stars,) = inputs.sources
        positions, greens_function = inputs.positions, gaussian_greens_function
        for number, layer in enumerate(parameters.layers):
            source, positions = density_source(mesh, number, positions, inputs.start_density)
            both = [Source(layer.density, source, EMPTY_CELL), Source(layer.stars, stars)]
            field = potential_of_sources(mesh, greens_function, both)
            positions = move_along_gradient(mesh, field, positions, GRADIENT_ORDER)
        return positions

    def transform(
        self,
        mesh: Mesh,
        parameters: NeutralHydrogenParameters,
        displaced_density: Float[Array, "x y z"],
        inputs: ModelInputs,
    ) -> Float[Array, "x y z"]:
        """F = ReLU(w (1 + d)^mu - D - b) (equation (13))."""
        transform = parameters.transform
        shifted = rectify(displaced_density + jnp.asarray(self.shift, mesh.dtype))
        (stars,) = inputs.sources
        power = scaled_power(mesh, shifted, transform.w, transform.mu)
        lost = depletion(mesh, parameters.depletion, stars)
        return rectify(power - lost - jnp.asarray(transform.b, mesh.dtype))

    def transform_starts(self) -> list[Start]:
        """Hydrogen that is mostly near stars, with two reaches of their radiation."""
        return [
            Start(f"near stars {number}", NeutralHydrogenParameters((), *transform))
            for number, transform in enumerate(NEAR_STARS, 1)
        ]

    def layered_starts(self, transform: typing.Any, layers: int) -> list[Start]:
        """Opposed, weak and pulling layers, which stars hardly source."""
        return layered_starts(transform, layers, _with_weak_stars)


def relative_stellar_mass(mesh: Mesh, stellar_map: Float[Array, "x y z"]) -> Float[Array, "x y z"]:
    """S = rectify(F_sm) / its mean, the stellar source of equations (12) and (14).

    Args:
        mesh: the mesh.
        stellar_map: this rank's slab of the *predicted* stellar mass, in any units.

    Returns:
        This rank's slab, positive, of mean 1 over all ranks.
    """
    stellar_map = rectify(stellar_map)
    total = sum_over_ranks(mesh.ranks, jnp.sum(stellar_map, dtype=jnp.float64))
    return stellar_map * (mesh.size / total).astype(mesh.dtype)


@functools.partial(jax.jit, static_argnums=0)
def _relative_stars(mesh: Mesh, stellar_map):
    return relative_stellar_mass(mesh, stellar_map)


def depletion_filter(
    k: Float[ArrayLike, " k"], k_h: float, k_l: float, nu: float, xi: float
) -> Float[Array, " k"]:
    """O_L, exp(-k_h/k) exp(-k/k_l) k^nu + xi (equation (15)).

    Arguments as of :func:`jerald_tools.model.layers.exponential_greens_function`, and a constant
    xi, the value at k = 0.
    """
    return exponential_greens_function(k, k_h, k_l, nu) + xi


def depletion(
    mesh: Mesh, parameters: Depletion, relative_stars: Float[Array, "x y z"]
) -> Float[Array, "x y z"]:
    """D = ReLU(beta1 O_L S + eta) + beta2 S^gamma3, equations (14) and (15).

    Args:
        mesh: the mesh.
        parameters: of the depletion.
        relative_stars: this rank's slab from :func:`relative_stellar_mass`.

    Returns:
        This rank's slab of D, over the mean of the training targets.
    """
    kernel = depletion_filter(
        wavenumber_table(mesh), parameters.k_h, parameters.k_l, parameters.nu, parameters.xi
    )
    radiation = convolve(mesh, relative_stars, parameters.beta1 * kernel)
    consumption = scaled_power(mesh, relative_stars, parameters.beta2, parameters.gamma3)
    return rectify(radiation + jnp.asarray(parameters.eta, mesh.dtype)) + consumption


def _with_weak_stars(layers: tuple[Layer, ...]) -> tuple[TwoSourceLayer, ...]:
    """The same displacements in the unit of hydrogen, hardly sourced by stars."""
    unit = Layer.alpha_unit / HydrogenLayer.alpha_unit
    weak = HydrogenLayer(**dataclasses.asdict(WEAK))
    return tuple(
        TwoSourceLayer(
            HydrogenLayer(**{**dataclasses.asdict(layer), "alpha": layer.alpha * unit}), weak
        )
        for layer in layers
    )


QUANTITY = NeutralHydrogen()
