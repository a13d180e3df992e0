# SPDX-License-Identifier: GPL-3.0-or-later
"""A loss of the flux that hydrogen lets through, in place of its density.

A few dense cells hold most neutral hydrogen, and the simulations know it badly there; in the flux
they are all black. It weighs the gas between them, which the Lyman-alpha forest is made of.
"""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.fitting.transformed_loss import TransformedLoss
from jerald_tools.lines.mean_flux import scale_to_mean_flux
from jerald_tools.mesh.ranks import Ranks


@dataclasses.dataclass(frozen=True)
class FluxLoss(TransformedLoss):
    """A loss that sees (1 - exp(-A n / <n>)) / (1 - <F>) in place of hydrogen, node by node.

    That is the absorption over its mean, in real space: it has the power of the flux, and small
    thresholds of its distribution are places that are nearly transparent.

    Attributes:
        flux: the loss of the absorption.
        depth: A, the optical depth of gas with the target's mean density.
        mean_flux: <F>, of the targets.
    """

    flux: Loss
    depth: float = 1.0
    mean_flux: float = 0.0

    @property
    def inner(self) -> Loss:
        """The loss of the absorption."""
        return self.flux

    def transform(self, field: Float[Array, "x y z"]) -> Float[Array, "x y z"]:
        """The absorption over its mean, this rank's slab."""
        absorption = -jnp.expm1(-jnp.asarray(self.depth, field.dtype) * field)
        return absorption / jnp.asarray(1 - self.mean_flux, field.dtype)


def depth_of_mean_flux(ranks: Ranks, targets: list[Float[Array, "x y z"]], wanted: float) -> float:
    """The A for which the mean of exp(-A n / <n>) over all targets is a mean flux.

    Args:
        ranks: the processes.
        targets: this rank's slabs of the targets over their mean.
        wanted: mean flux, above 0 and below 1.

    Raises:
        BadInput: on every rank, if no A gives it.
    """
    return scale_to_mean_flux(ranks, np.stack([np.asarray(target) for target in targets]), wanted)
