# SPDX-License-Identifier: GPL-3.0-or-later
"""Gas: displacement layers on the improved dark matter, then a power law of the density."""

import dataclasses
import typing

from jaxtyping import Array, Float

from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.powers import scaled_power
from jerald_tools.model.layer_starts import Start, layered_starts
from jerald_tools.model.layers import Layer, displace_by_layers, gaussian_greens_function
from jerald_tools.model.parameters import (
    original_start,
    parameter,
    parameter_class,
    scatter_factor,
)
from jerald_tools.model.power_law import EMPTY_CELL
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.targets.target import Overdensity


@parameter_class
class PowerLaw:
    """Amplitude w and exponent mu of F = w (1 + d)^mu."""

    w: float = parameter(1.0, distance=0.3, scatter=scatter_factor(0.3), lower=1e-5)
    mu: float = parameter(1.0, distance=0.2, scatter=scatter_factor(0.2), lower=0.1, upper=4.0)


@parameter_class
class GasParameters:
    """5 S + 2 parameters for S layers."""

    layers: tuple[Layer, ...]
    transform: PowerLaw


@dataclasses.dataclass(frozen=True)
class Gas(Quantity):
    """The density of gas over its mean.

    Attributes:
        refine: nodes of the model's mesh per node of the map, along each axis.
    """

    name = "gas"
    parameters = GasParameters
    residual_power = 2
    target = Overdensity(species="gas", description="density of gas over its mean")
    style = MapStyle("gas", r"$1+\delta_\mathrm{gas}$", "magma", has_units=False)

    refine: int = 1

    def original_parameters(self, layers: int) -> GasParameters:
        """Starting values like those of the other quantities, with a number of layers."""
        return GasParameters((original_start(Layer),) * layers, original_start(PowerLaw))

    def displace(
        self, mesh: Mesh, parameters: GasParameters, inputs: ModelInputs
    ) -> Float[Array, "n 3"]:
        """The particles after all layers (equations (1), (2) and (6)) [Mpc/h]."""
        return displace_by_layers(
            mesh,
            parameters.layers,
            gaussian_greens_function,
            inputs.positions,
            inputs.start_density,
        )

    def transform(
        self,
        mesh: Mesh,
        parameters: GasParameters,
        displaced_density: Float[Array, "x y z"],
        inputs: ModelInputs,
    ) -> Float[Array, "x y z"]:
        """F = w (1 + d)^mu."""
        transform = parameters.transform
        return scaled_power(mesh, displaced_density + EMPTY_CELL, transform.w, transform.mu)

    def transform_starts(self) -> list[Start]:
        """Gas that follows the dark matter."""
        return [Start("dark matter", GasParameters((), PowerLaw(w=1.0, mu=1.0)))]

    def layered_starts(self, transform: typing.Any, layers: int) -> list[Start]:
        """Opposed, weak and pulling layers before the fitted power law."""
        return layered_starts(transform, layers)


QUANTITY = Gas()
