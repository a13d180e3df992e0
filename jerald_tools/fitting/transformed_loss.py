# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses that see a function of every node's value in place of it, of the map and of its target."""

import abc
import typing

import numpy as np
from jaxtyping import Array, Float

from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.mesh.mesh import Mesh


class TransformedLoss(Loss):
    """A loss of transformed maps."""

    @property
    @abc.abstractmethod
    def inner(self) -> Loss:
        """The loss of the transformed maps."""

    @abc.abstractmethod
    def transform(self, field: Float[Array, "x y z"]) -> Float[Array, "x y z"]:
        """What the inner loss sees of a field over the target's mean, this rank's slab."""

    def reference(self, mesh: Mesh, target: Float[Array, "x y z"]) -> typing.Any:
        """What the inner loss needs of the transformed target."""
        return self.inner.reference(mesh, self.transform(target))

    def __call__(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: typing.Any
    ) -> Regions:
        """The loss in each region, see :class:`~jerald_tools.fitting.residual_loss.Loss`."""
        return self.inner(mesh, self.transform(prediction), reference)

    def residual(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: typing.Any
    ) -> Float[Array, "x y z"]:
        """The residual of the transformed maps, this rank's slab."""
        return self.inner.residual(mesh, self.transform(prediction), reference)

    def curvature(self, residual: np.ndarray, mean_modulus: float) -> np.ndarray:
        """The curvature of the loss of the transformed maps, in their residual."""
        return self.inner.curvature(residual, mean_modulus)

    def penalties(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: typing.Any
    ) -> Float[Array, " q"]:
        """The penalties on the transformed maps."""
        return self.inner.penalties(mesh, self.transform(prediction), reference)
