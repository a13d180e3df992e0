# SPDX-License-Identifier: GPL-3.0-or-later
"""A loss of compressed maps, so that a handful of the densest cells do not rule it.

A halo or two may hold a fifth of the squares of a small box. Where the particles have such a halo
wrong, for reasons of their own, layers that make up its power give too much to all others.
"""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.fitting.transformed_loss import TransformedLoss

# About where cells of dark matter become so few that single halos decide their power.
SCALE = 30.0


@dataclasses.dataclass(frozen=True)
class CompressedLoss(TransformedLoss):
    """A loss that sees s ln(1 + F / s) in place of every F, of the map and of its target.

    Attributes:
        compressed: the loss of the compressed maps.
        scale: s, over the target's mean: cells far below it stay as they are.
    """

    compressed: Loss
    scale: float = SCALE

    @property
    def inner(self) -> Loss:
        """The loss of the compressed maps."""
        return self.compressed

    def transform(self, field: Float[Array, "x y z"]) -> Float[Array, "x y z"]:
        """The field as s ln(1 + F / s), this rank's slab."""
        scale = jnp.asarray(self.scale, field.dtype)
        return scale * jnp.log1p(field / scale)
