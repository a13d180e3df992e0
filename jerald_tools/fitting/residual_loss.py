# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses of the residual alone, such as the paper's, and what a fit needs of any loss.

The default loss adds penalties on a map's statistics to such a residual: it and its weights are in
:mod:`jerald_tools.fitting.statistics_loss`.
"""

import abc
import dataclasses
import typing

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jerald_tools.fitting.regions import Regions, region_means
from jerald_tools.mesh.fields import convolve
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.model.layers import power_of_k
from jerald_tools.model.quantity import Quantity


@dataclasses.dataclass(frozen=True)
class Loss(abc.ABC):
    """A loss: the mean of a function of each node's residual, plus a sum of squared penalties.

    The curvature by Gauss and Newton needs the two parts apart. Fields are the settings of the
    loss, which a fit records.
    """

    @abc.abstractmethod
    def reference(self, mesh: Mesh, target: Float[Array, "x y z"]) -> typing.Any:
        """All that the loss needs of a target, this rank's part: arrays, computed once.

        Args:
            mesh: the mesh.
            target: this rank's slab of the target, over its mean.
        """

    @abc.abstractmethod
    def __call__(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: typing.Any
    ) -> Regions:
        """The loss in each region: three float64 scalars, the same on every rank.

        Args:
            mesh: the mesh.
            prediction: this rank's slab of the map, over the target's mean; differentiable.
            reference: from :meth:`reference`.
        """

    @abc.abstractmethod
    def residual(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: typing.Any
    ) -> Float[Array, "x y z"]:
        """This rank's slab of the residual; arguments as of the loss itself."""

    @abc.abstractmethod
    def curvature(self, residual: np.ndarray, mean_modulus: float) -> np.ndarray:
        """Second derivative of what the loss averages, at some nodes, in the residual's shape.

        Args:
            residual: at these nodes.
            mean_modulus: mean of its modulus over the nodes of all ranks.
        """

    @abc.abstractmethod
    def penalties(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: typing.Any
    ) -> Float[Array, " q"]:
        """Numbers whose squares the training loss adds, float64, the same on every rank."""


@dataclasses.dataclass(frozen=True)
class ResidualLoss(Loss):
    """Mean of |residual|^p over the nodes of a region; a subclass defines the residual.

    Attributes:
        power: p, 1 or 2.
    """

    power: int

    def reference(self, mesh: Mesh, target: Float[Array, "x y z"]) -> Float[Array, "x y z"]:
        """The target itself, this rank's slab over its mean."""
        return target

    def __call__(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: Float[Array, "x y z"]
    ) -> Regions:
        """The loss in each region, see :class:`Loss`."""
        residual = self.residual(mesh, prediction, reference)
        return region_means(mesh, jnp.abs(residual) if self.power == 1 else residual * residual)

    def curvature(self, residual: np.ndarray, mean_modulus: float) -> np.ndarray:
        """Second derivative of |x|^p, see :class:`Loss`.

        A modulus has none: it is that of the parabola that touches it at x, 1 / |x|, as in
        iteratively reweighted least squares, where x is not small.
        """
        if self.power == 2:
            return np.full(residual.shape, 2.0)
        return 1 / np.maximum(np.abs(residual), mean_modulus)

    def penalties(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: Float[Array, "x y z"]
    ) -> Float[Array, " q"]:
        """None, (0,)."""
        return jnp.zeros(0)


@dataclasses.dataclass(frozen=True)
class PaperLoss(ResidualLoss):
    """Mean of |O_s F - O_s F_ref|^p over the nodes of a region (equations (10) and (11)).

    O_s acts on the whole residual, before the region is cut out.

    Attributes:
        smoothing: n of O_s(k) = 1 + k^-n; None for no O_s at all.
    """

    smoothing: float | None = None

    def residual(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: Float[Array, "x y z"]
    ) -> Float[Array, "x y z"]:
        """O_s F - O_s F_ref, this rank's slab; arguments as of the loss itself."""
        residual = prediction - reference
        if self.smoothing is None:
            return residual
        return convolve(mesh, residual, smoothing_filter(wavenumber_table(mesh), self.smoothing))


@dataclasses.dataclass(frozen=True)
class LogarithmicLoss(ResidualLoss):
    """Mean of |ln(1 + F) - ln(1 + F_ref)|^p over the nodes of a region.

    Neither the densest cells rule it, nor empty ones, whose logarithm has no end.
    """

    def residual(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: Float[Array, "x y z"]
    ) -> Float[Array, "x y z"]:
        """ln(1 + F) - ln(1 + F_ref), this rank's slab; arguments as of the loss itself."""
        return jnp.log1p(prediction) - jnp.log1p(reference)


def smoothing_filter(k: Float[ArrayLike, " k"], n: float) -> Float[Array, " k"]:
    """O_s of the loss, 1 + k^-n (equation (11)); 1 at k = 0, as in LDL.

    Args:
        k: moduli of the wavevectors [h/Mpc].
        n: weight of large against small scales.
    """
    return 1.0 + power_of_k(k, -n)[0]


def paper_loss(quantity: Quantity, smoothing: float | None = None) -> PaperLoss:
    """The paper's loss: p = 2 for dark matter, p = 1 for stellar mass and neutral hydrogen.

    Args:
        quantity: whose map is fitted.
        smoothing: n of the weight O_s = 1 + k^-n; None for no weight.
    """
    return PaperLoss(quantity.residual_power, smoothing)
