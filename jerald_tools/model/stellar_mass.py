# SPDX-License-Identifier: GPL-3.0-or-later
"""Stellar mass: displacement layers on the improved dark matter, then a threshold power law.

The paper's power law knows the density of a cell alone. With the constant ``environment`` it also
knows the density around it (:mod:`jerald_tools.model.environment`).
"""

import dataclasses
import typing

from jaxtyping import Array, Float

from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.powers import scaled_power
from jerald_tools.model.curves import RARITY
from jerald_tools.model.environment import Environment, environment_factor
from jerald_tools.model.layer_starts import Start, layered_starts
from jerald_tools.model.layers import Layer, displace_by_layers, gaussian_greens_function
from jerald_tools.model.parameters import original_start, parameter_class
from jerald_tools.model.power_law import EMPTY_CELL, Transform, threshold
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.targets.target import StarsInCells

# A threshold at about three times the mean density.
THRESHOLD = Transform(w=3.0, mu=1.2, b=10.0)


@parameter_class
class StellarParameters:
    """5 S + 3 parameters for S layers (Table I), and 2 of the environment where there is one."""

    layers: tuple[Layer, ...]
    transform: Transform
    environment: tuple[Environment, ...] = ()


@dataclasses.dataclass(frozen=True)
class StellarMass(Quantity):
    """The mass of stars in each cell.

    Attributes:
        refine: nodes of the model's mesh per node of the map, along each axis.
        environment: 1 if the density around a cell enters the power law too, else 0.
    """

    name = "stellar-mass"
    parameters = StellarParameters
    # Stars form in rare dense places, of which there are exponentially more as structure grows.
    evolution_variable = RARITY
    target = StarsInCells()
    style = MapStyle("stellar mass", r"$M_\star$", "cividis")

    refine: int = 1
    environment: int = 0

    def __post_init__(self):
        super().__post_init__()
        if self.environment not in (0, 1):
            raise BadInput(f"environment {self.environment}: must be 0 or 1")

    def original_parameters(self, layers: int) -> StellarParameters:
        """The original code's starting values with a number of layers."""
        layer, transform = original_start(Layer), original_start(Transform)
        return StellarParameters((layer,) * layers, transform, self._environment_start)

    def displace(
        self, mesh: Mesh, parameters: StellarParameters, inputs: ModelInputs
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
        parameters: StellarParameters,
        displaced_density: Float[Array, "x y z"],
        inputs: ModelInputs,
    ) -> Float[Array, "x y z"]:
        """F = ReLU(w (1 + d)^mu (1 + d_R)^e - b): equation (8), where e = 0 is the paper's."""
        transform = parameters.transform
        power = scaled_power(mesh, displaced_density + EMPTY_CELL, transform.w, transform.mu)
        for environment in parameters.environment:
            power = power * environment_factor(mesh, environment, displaced_density)
        return threshold(mesh, transform, power)

    def transform_starts(self) -> list[Start]:
        """A threshold below which there are no stars; random starts scatter around it."""
        start = StellarParameters((), THRESHOLD, self._environment_start)
        return [Start("threshold", start)]

    def layered_starts(self, transform: typing.Any, layers: int) -> list[Start]:
        """Opposed, weak and pulling layers before the threshold that was fitted without layers.

        A search with more starts than these three adds random ones around the first.
        """
        return layered_starts(transform, layers)

    @property
    def _environment_start(self) -> tuple[Environment, ...]:
        """An environment that has no effect yet, or none."""
        return (original_start(Environment),) * self.environment


QUANTITY = StellarMass()
