# SPDX-License-Identifier: GPL-3.0-or-later
"""Dark matter: displacement layers that restore the power FastPM loses on small scales.

Its map is the density of the displaced particles, F = 1 + d (equation (9)).
"""

import dataclasses
import functools
import typing

import jax
from jaxtyping import Array, Float

from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.layer_starts import INWARD, OUTWARD, Start, choose_layers
from jerald_tools.model.layers import Layer, displace_by_layers, exponential_greens_function
from jerald_tools.model.parameters import original_start, parameter_class
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.targets.target import Overdensity


@parameter_class
class DarkMatterParameters:
    """5 S parameters for S layers (Table I)."""

    layers: tuple[Layer, ...]


@dataclasses.dataclass(frozen=True)
class DarkMatter(Quantity):
    """The density of dark matter over its mean."""

    name = "dark-matter"
    parameters = DarkMatterParameters
    residual_power = 2
    target = Overdensity(
        species="dark-matter",
        description="density of dark matter over its mean",
        # Disk and bulge particles, or boundaries; neutrinos; black holes.
        types_left_out=(2, 3, 5),
    )
    style = MapStyle("dark matter", r"$1+\delta$", "inferno", has_units=False)

    def original_parameters(self, layers: int) -> DarkMatterParameters:
        """The original code's starting values with a number of layers."""
        return DarkMatterParameters((original_start(Layer),) * layers)

    def displace(
        self, mesh: Mesh, parameters: DarkMatterParameters, inputs: ModelInputs
    ) -> Float[Array, "n 3"]:
        """The particles after all layers (equations (1), (2) and (7)) [Mpc/h]."""
        return _displace(mesh, parameters, inputs.positions, inputs.start_density)

    def improve(
        self, mesh: Mesh, parameters: DarkMatterParameters, positions: Float[Array, "n 3"]
    ) -> Float[Array, "n 3"]:
        """The particles after all layers: stars and hydrogen start from them [Mpc/h]."""
        return _improved_positions(mesh, parameters, positions)

    def transform(
        self,
        mesh: Mesh,
        parameters: DarkMatterParameters,
        displaced_density: Float[Array, "x y z"],
        inputs: ModelInputs,
    ) -> Float[Array, "x y z"]:
        """F = 1 + d (equation (9))."""
        return displaced_density

    def transform_starts(self) -> list[Start]:
        """None: the map is the density itself."""
        return []

    def layered_starts(self, transform: typing.Any, layers: int) -> list[Start]:
        """Opposed layers."""
        chosen = choose_layers((OUTWARD, INWARD), layers)
        return [Start("opposed layers", DarkMatterParameters(chosen))]


def _displace(mesh: Mesh, parameters: DarkMatterParameters, positions, start_density=None):
    return displace_by_layers(
        mesh, parameters.layers, exponential_greens_function, positions, start_density
    )


@functools.partial(jax.jit, static_argnums=0)
def _improved_positions(mesh: Mesh, parameters: DarkMatterParameters, positions):
    return _displace(mesh, parameters, positions)


QUANTITY = DarkMatter()
