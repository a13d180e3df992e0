# SPDX-License-Identifier: GPL-3.0-or-later
"""A loss of compressed maps, so that a handful of the densest cells do not rule it.

A halo or two may hold a fifth of the squares of a small box. Where the particles have such a halo
wrong, for reasons of their own, layers that make up its power give too much to all others.
"""

import dataclasses
import typing

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.mesh.mesh import Mesh

# About where cells of dark matter become so few that single halos decide their power.
SCALE = 30.0


@dataclasses.dataclass(frozen=True)
class CompressedLoss(Loss):
    """A loss that sees s ln(1 + F / s) in place of every F, of the map and of its target.

    Attributes:
        compressed: the loss of the compressed maps.
        scale: s, over the target's mean: cells far below it stay as they are.
    """

    compressed: Loss
    scale: float = SCALE

    def compress(self, field: Float[Array, "x y z"]) -> Float[Array, "x y z"]:
        """The field as s ln(1 + F / s), this rank's slab."""
        scale = jnp.asarray(self.scale, field.dtype)
        return scale * jnp.log1p(field / scale)

    def reference(self, mesh: Mesh, target: Float[Array, "x y z"]) -> typing.Any:
        """What the loss needs of the compressed target."""
        return self.compressed.reference(mesh, self.compress(target))

    def __call__(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: typing.Any
    ) -> Regions:
        """The loss in each region, see :class:`~jerald_tools.fitting.residual_loss.Loss`."""
        return self.compressed(mesh, self.compress(prediction), reference)

    def residual(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: typing.Any
    ) -> Float[Array, "x y z"]:
        """The residual of the compressed maps, this rank's slab."""
        return self.compressed.residual(mesh, self.compress(prediction), reference)

    def curvature(self, residual: np.ndarray, mean_modulus: float) -> np.ndarray:
        """The curvature of the loss of the compressed maps, in their residual."""
        return self.compressed.curvature(residual, mean_modulus)

    def penalties(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: typing.Any
    ) -> Float[Array, " q"]:
        """The penalties on the compressed maps."""
        return self.compressed.penalties(mesh, self.compress(prediction), reference)
