# SPDX-License-Identifier: GPL-3.0-or-later
"""Stellar mass: displacement layers on the improved dark matter, then a threshold power law."""

import dataclasses
import typing

from jaxtyping import Array, Float

from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.curves import RARITY
from jerald_tools.model.layer_starts import Start, layered_starts
from jerald_tools.model.layers import Layer, displace_by_layers, gaussian_greens_function
from jerald_tools.model.parameters import original_start, parameter_class
from jerald_tools.model.power_law import Transform, threshold_power_law
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.targets.target import StarsInCells

# A threshold at about three times the mean density.
THRESHOLD = Transform(w=3.0, mu=1.2, b=10.0)


@parameter_class
class StellarParameters:
    """5 S + 3 parameters for S layers (Table I)."""

    layers: tuple[Layer, ...]
    transform: Transform


@dataclasses.dataclass(frozen=True)
class StellarMass(Quantity):
    """The mass of stars in each cell.

    Attributes:
        refine: nodes of the model's mesh per node of the map, along each axis.
    """

    name = "stellar-mass"
    parameters = StellarParameters
    # Stars form in rare dense places, of which there are exponentially more as structure grows.
    evolution_variable = RARITY
    target = StarsInCells()
    style = MapStyle("stellar mass", r"$M_\star$", "cividis")

    refine: int = 1

    def original_parameters(self, layers: int) -> StellarParameters:
        """The original code's starting values with a number of layers."""
        return StellarParameters((original_start(Layer),) * layers, original_start(Transform))

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
        """F = ReLU(w (1 + d)^mu - b) (equation (8))."""
        return threshold_power_law(mesh, parameters.transform, displaced_density)

    def transform_starts(self) -> list[Start]:
        """A threshold below which there are no stars; random starts scatter around it."""
        return [Start("threshold", StellarParameters((), THRESHOLD))]

    def layered_starts(self, transform: typing.Any, layers: int) -> list[Start]:
        """Opposed, weak and pulling layers before the threshold that was fitted without layers.

        A search with more starts than these three adds random ones around the first.
        """
        return layered_starts(transform, layers)


QUANTITY = StellarMass()
