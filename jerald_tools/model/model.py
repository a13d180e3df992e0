# SPDX-License-Identifier: GPL-3.0-or-later
"""From particles to the map of a quantity, with its parameters and those of its prerequisites."""

import dataclasses
import functools
import typing
from collections.abc import Mapping

import jax
from jaxtyping import Array, Float

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.restrict import restrict
from jerald_tools.model.quantity import ModelInputs, Quantity


def predict(
    mesh: Mesh, quantity: Quantity, parameters: typing.Any, inputs: ModelInputs
) -> Float[Array, "x y z"]:
    """A quantity's map over the mean of the training targets; differentiable.

    The model acts on its own mesh, which may be finer than the map's; the map has its means.

    Args:
        mesh: of the map.
        quantity: whose map it is.
        parameters: of that quantity, as float64 JAX scalars.
        inputs: from :meth:`jerald_tools.model.quantity.Quantity.inputs`.

    Returns:
        This rank's slab, dimensionless (equations (8), (9), (13)).
    """
    model_mesh = quantity.model_mesh(mesh)
    if parameters.layers:
        positions = quantity.displace(model_mesh, parameters, inputs)
        displaced_density = density(model_mesh, positions)
    else:
        displaced_density = inputs.start_density
    field = quantity.transform(model_mesh, parameters, displaced_density, inputs)
    return restrict(mesh, quantity.refine, field)


@dataclasses.dataclass(frozen=True)
class Model:
    """A quantity with parameters at one redshift, and the models of its prerequisites.

    Attributes:
        quantity: whose map it paints.
        parameters: of that quantity, as float64 JAX scalars.
        target_mean: mean of the training targets in their units, times the amplitude of the fit
            between its redshifts: maps are in units of it.
        prerequisites: models by the name of their quantity.
    """

    quantity: Quantity
    parameters: typing.Any
    target_mean: float = 1.0
    prerequisites: Mapping[str, "Model"] = dataclasses.field(default_factory=dict)

    def paint(
        self, mesh: Mesh, positions: Float[Array, "n 3"]
    ) -> tuple[Float[Array, "x y z"], Float[Array, "n 3"]]:
        """The map over :attr:`target_mean`, from FastPM's particles.

        Args:
            mesh: of the map.
            positions: this rank's particles as FastPM left them [Mpc/h].

        Returns:
            This rank's slab of the map, and the displaced particles [Mpc/h] that it follows.
        """
        field, positions = self.paint_fine(mesh, positions)
        return _restricted(mesh, self.quantity.refine, field), positions

    def paint_fine(
        self, mesh: Mesh, positions: Float[Array, "n 3"]
    ) -> tuple[Float[Array, "fine_x fine_y fine_z"], Float[Array, "n 3"]]:
        """The same as :meth:`paint` on the mesh of the model, before the means are taken."""
        inputs = self.quantity.inputs(mesh, positions, self.prerequisites)
        model_mesh = self.quantity.model_mesh(mesh)
        return _displace_and_transform(model_mesh, self.quantity, self.parameters, inputs)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _displace_and_transform(mesh: Mesh, quantity: Quantity, parameters, inputs: ModelInputs):
    positions = quantity.displace(mesh, parameters, inputs)
    field = quantity.transform(mesh, parameters, density(mesh, positions), inputs)
    return field, positions


@functools.partial(jax.jit, static_argnums=(0, 1))
def _restricted(mesh: Mesh, factor: int, field):
    return restrict(mesh, factor, field)
