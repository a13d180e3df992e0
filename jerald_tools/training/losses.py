# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fit minimises: the paper's smoothed residual."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.convolve import convolve
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.model.greens_functions import smoothing_filter
from jerald_tools.training.split import Regions, region_means


@dataclasses.dataclass(frozen=True)
class PaperLoss:
    """Mean of |O_s F - O_s F_ref|^p over the nodes of a region (equations (10) and (11)).

    O_s acts on the whole residual, before the region is cut out.

    Attributes:
        power: p, 1 or 2.
        smoothing: n of O_s(k) = 1 + k^-n; None for no O_s at all.
    """

    power: int
    smoothing: float | None = None

    def __call__(self, mesh: Mesh, prediction, target) -> Regions:
        """The loss in each region, the same on every rank.

        Args:
            mesh: the mesh.
            prediction: this rank's slab of the map, over the target's mean.
            target: this rank's slab of the target, over its mean.

        Returns:
            Three float64 scalars.
        """
        residual = self.residual(mesh, prediction, target)
        return region_means(mesh, jnp.abs(residual) if self.power == 1 else residual * residual)

    def residual(self, mesh: Mesh, prediction, target):
        """O_s F - O_s F_ref, this rank's slab; arguments as of the loss itself."""
        residual = prediction - target
        if self.smoothing is None:
            return residual
        return convolve(mesh, residual, smoothing_filter(wavenumber_table(mesh), self.smoothing))

    def curvature(self, residual: np.ndarray, mean_modulus: float) -> np.ndarray:
        """Second derivative of |x|^p, for an estimate of the loss's, in the residual's shape.

        A modulus has none: of the parabola that touches it at x, 1 / |x|, as in iteratively
        reweighted least squares, where x is not small.

        Args:
            residual: x at some nodes.
            mean_modulus: mean of |x| over the nodes of all ranks.
        """
        if self.power == 2:
            return np.full(residual.shape, 2.0)
        return 1 / np.maximum(np.abs(residual), mean_modulus)


def paper_loss(quantity: str, smoothing: float | None = None) -> PaperLoss:
    """The paper's loss: p = 2 for dark matter, p = 1 for stellar mass and neutral hydrogen."""
    return PaperLoss(2 if quantity == "dark-matter" else 1, smoothing)
