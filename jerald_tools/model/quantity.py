# SPDX-License-Identifier: GPL-3.0-or-later
"""What a quantity is: its parameters, how it moves particles and how its map is made of them.

Each quantity is one object in one file of this package. Fits, maps, tables and figures use the
methods of this class and never ask which quantity they hold.
"""

import abc
import dataclasses
import functools
import math
import typing
from collections.abc import Mapping

import jax
from jaxtyping import Array, Float

from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.errors import BadInput
from jerald_tools.mesh.checks import check_density
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.restrict import refined
from jerald_tools.model.curves import SCALE_FACTOR
from jerald_tools.model.layer_starts import Start
from jerald_tools.quantities import REGISTRY
from jerald_tools.targets.target import Target

if typing.TYPE_CHECKING:
    from jerald_tools.model.model import Model


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ModelInputs:
    """What a quantity's parameters act on; it does not change while they are trained.

    Attributes:
        positions: particles after the dark-matter layers, (n, 3) [Mpc/h].
        start_density: their 1 + d on the model's mesh, this rank's slab.
        sources: maps of other quantities over their mean, on that mesh, this rank's slabs.
    """

    positions: Float[Array, "n 3"]
    start_density: Float[Array, "x y z"]
    sources: tuple[Float[Array, "x y z"], ...] = ()


@dataclasses.dataclass(frozen=True)
class Quantity(abc.ABC):
    """A quantity that can be mapped; hashable, so static under jit.

    The fields of a subclass are constants of its model that are not trained. One of them may be
    ``refine``: density, layers and transform then act on a mesh with so many times the nodes of the
    map along each axis, whose means are the map.

    Attributes:
        name: in commands and files.
        parameters: class of the trainable parameters; its field ``layers`` comes first.
        required: those of its prerequisites without which there is no map.
        residual_power: p of the loss, the mean of |F - F_ref|^p (equation (10)).
        default_loss: name of the loss that fits minimise unless another is requested.
        evolution_variable: in which parameters that evolve are polynomials, and the logarithm of
            the targets' mean a curve; of :data:`jerald_tools.model.curves.NAMES`.
        target: how its map is made from a snapshot.
        style: how its map is drawn.
        refine: nodes of the model's mesh per node of the map, along each axis.
    """

    name: typing.ClassVar[str]
    parameters: typing.ClassVar[type]
    required: typing.ClassVar[tuple[str, ...]] = ()
    residual_power: typing.ClassVar[int] = 1
    default_loss: typing.ClassVar[str] = "statistics"
    evolution_variable: typing.ClassVar[str] = SCALE_FACTOR
    target: typing.ClassVar[Target]
    style: typing.ClassVar[MapStyle]
    refine = 1

    def __post_init__(self):
        if self.refine < 1:
            raise BadInput(f"refine {self.refine}: must be a whole number, at least 1")

    def model_mesh(self, mesh: Mesh) -> Mesh:
        """The mesh on which the model of a map on a mesh acts."""
        return refined(mesh, self.refine)

    @property
    def prerequisites(self) -> tuple[str, ...]:
        """Quantities whose fits improve this one, from :mod:`jerald_tools.quantities`."""
        return REGISTRY[self.name].prerequisites

    @abc.abstractmethod
    def original_parameters(self, layers: int) -> typing.Any:
        """The original code's starting values with a number of layers."""

    @abc.abstractmethod
    def displace(
        self, mesh: Mesh, parameters: typing.Any, inputs: ModelInputs
    ) -> Float[Array, "n 3"]:
        """The particles after the quantity's own layers [Mpc/h], not wrapped into the box.

        Args:
            mesh: of the model.
            parameters: of this quantity.
            inputs: on that mesh.
        """

    @abc.abstractmethod
    def transform(
        self,
        mesh: Mesh,
        parameters: typing.Any,
        displaced_density: Float[Array, "x y z"],
        inputs: ModelInputs,
    ) -> Float[Array, "x y z"]:
        """The map over the mean of the training targets, from the displaced particles' 1 + d.

        All on the mesh of the model.
        """

    @abc.abstractmethod
    def transform_starts(self) -> list[Start]:
        """Starting points of the transform alone; empty for a quantity without a transform."""

    @abc.abstractmethod
    def layered_starts(self, transform: typing.Any, layers: int) -> list[Start]:
        """Starting points with layers before a fitted transform.

        Args:
            transform: parameters without layers; None for a quantity without a transform.
            layers: number of displacement layers.
        """

    def sources(
        self, mesh: Mesh, positions: Float[Array, "n 3"], models: Mapping[str, "Model"]
    ) -> tuple[Float[Array, "x y z"], ...]:
        """Maps of other quantities over their mean that the model needs, on its mesh; none here.

        Args:
            mesh: of the map.
            positions: this rank's particles as FastPM left them [Mpc/h].
            models: of the prerequisites, by name.
        """
        return ()

    def inputs(
        self, mesh: Mesh, positions: Float[Array, "n 3"], models: Mapping[str, "Model"]
    ) -> ModelInputs:
        """Everything before the quantity's own parameters, computed once.

        Arguments as of :meth:`sources`.

        Raises:
            RunFailed: on every rank, if the density does not have the mean 1.
        """
        sources = self.sources(mesh, positions, models)
        for model in models.values():
            positions = model.quantity.improve(mesh, model.parameters, positions)
        model_mesh = self.model_mesh(mesh)
        start_density = _start_density(model_mesh, positions)
        stage = f"painting the particles for {self.name}"
        check_density(model_mesh, stage, start_density, len(positions))
        return ModelInputs(positions, start_density, sources)

    def improve(
        self, mesh: Mesh, parameters: typing.Any, positions: Float[Array, "n 3"]
    ) -> Float[Array, "n 3"]:
        """The particles that quantities with this prerequisite start from; unmoved by default."""
        return positions

    def with_constants(self, values: Mapping[str, typing.Any]) -> "Quantity":
        """The quantity with other constants.

        Raises:
            BadInput: for a constant that it does not have, or that is not a finite number, or no
                whole one where it has to be.
        """
        converted = {}
        for name, value in values.items():
            if name not in self.constants:
                raise BadInput(f"{name}: {self.name} has no such constant: leave it out")
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise BadInput(f"{name} {value}: must be a finite number")
            kind = type(self.constants[name])
            if kind(value) != value:
                raise BadInput(f"{name} {value}: must be a whole number")
            converted[name] = kind(value)
        return dataclasses.replace(self, **converted)

    @property
    def constants(self) -> dict[str, float]:
        """The constants of the model by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


@functools.partial(jax.jit, static_argnums=0)
def _start_density(mesh: Mesh, positions):
    return density(mesh, positions)
