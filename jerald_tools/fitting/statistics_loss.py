# SPDX-License-Identifier: GPL-3.0-or-later
"""The default loss and its weights: a residual, plus penalties on the statistics of a map.

Residuals alone aim at the median (p = 1) or the mean (p = 2) of what a cell may hold given the
density around it. Either map is smoother than the truth: it lacks power, and with p = 1 it lacks
mean, since a few cells hold most of the hydrogen and the stars.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jerald_tools.errors import BadInput
from jerald_tools.fitting.compressed_loss import CompressedLoss
from jerald_tools.fitting.flux_loss import FluxLoss
from jerald_tools.fitting.map_statistics import (
    THRESHOLDS,
    Statistics,
    binned_products,
    statistics,
)
from jerald_tools.fitting.regions import Regions
from jerald_tools.fitting.residual_loss import (
    LogarithmicLoss,
    Loss,
    PaperLoss,
    ResidualLoss,
    paper_loss,
)
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.quantity import Quantity

# A ratio below this counts as this: its logarithm stays finite for an empty map.
LEAST_RATIO = 1e-6

# Default weights by the residual's power p. Larger weights bring a map's power closer to that of
# the target and lower r(k): these are the largest that lowered r by no more than 0.02 on the
# validation region of the bundled training run; minima of the same weights differ by as much.
# Squared residuals of dark matter are small beside their spread and allow larger weights.
WEIGHTS = {
    1: {"spectrum": 0.3, "correlation": 0.3, "mean": 1.0},
    2: {"spectrum": 1.0, "correlation": 1.0, "mean": 3.0},
}
DISTRIBUTION_WEIGHT = 0.1


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Reference:
    """What a target contributes to the loss; it does not change while a map is fitted.

    Attributes:
        residual: what the residual's own loss needs.
        cuts: the target less its mean in each region, 0 outside, this rank's slabs.
        statistics: of each region.
        spread: the residual's loss of a map without features, its unit, in each region.
    """

    residual: jax.Array
    cuts: Regions
    statistics: Regions
    spread: Regions


@dataclasses.dataclass(frozen=True)
class StatisticsLoss(Loss):
    """A residual in units of the target's spread, plus penalties on the statistics of each region.

    With R(1) the residual loss of a map without features, F = 1 everywhere:

    L = R(F) / R(1) + spectrum <[ln(P / P_ref)]^2> + correlation <1 - r>
        + mean [ln(<F> / <F_ref>)]^2 + distribution <[ln(E / E_ref)]^2>

    Powers P, their correlation r and the share E of nodes above a threshold are averaged over the
    bins and thresholds of :mod:`jerald_tools.fitting.map_statistics`. Model and target are cut out
    of the box by the same region, so their ratio and r are smeared alike.

    Attributes:
        residual_loss: R, a loss of the residual alone.
        spectrum: weight of the power's logarithmic error.
        correlation: weight of 1 - r(k).
        mean: weight of the mean's logarithmic error.
        distribution: weight of the one-point distribution's logarithmic error.
    """

    residual_loss: ResidualLoss
    spectrum: float
    correlation: float
    mean: float
    distribution: float

    def reference(self, mesh: Mesh, target: Float[Array, "x y z"]) -> Reference:
        """Statistics of the target, see :class:`~jerald_tools.fitting.residual_loss.Loss`."""
        own = self.residual_loss.reference(mesh, target)
        featureless = self.residual_loss(mesh, jnp.ones_like(target), own)
        # A mesh too small for a test cube has no spread there either.
        spread = Regions(*(jnp.where(value > 0, value, 1.0) for value in featureless))
        of_target, cuts = statistics(mesh, target, self._thresholds)
        return Reference(own, cuts, of_target, spread)

    def __call__(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: Reference
    ) -> Regions:
        """The loss in each region, see :class:`~jerald_tools.fitting.residual_loss.Loss`."""
        residuals = self.residual_loss(mesh, prediction, reference.residual)
        errors = self._errors(mesh, prediction, reference)
        return Regions(
            *(
                residual / spread + jnp.sum(logarithms**2) + jnp.sum(decorrelation)
                for residual, spread, (logarithms, decorrelation) in zip(
                    residuals, reference.spread, errors, strict=True
                )
            )
        )

    def residual(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: Reference
    ) -> Float[Array, "x y z"]:
        """This rank's slab of the residual, in units in which its own loss is over the spread."""
        field = self.residual_loss.residual(mesh, prediction, reference.residual)
        return field / (reference.spread.train ** (1 / self.residual_loss.power)).astype(
            field.dtype
        )

    def curvature(self, residual: np.ndarray, mean_modulus: float) -> np.ndarray:
        """The curvature of the residual's own loss, a power law, which needs no units."""
        return self.residual_loss.curvature(residual, mean_modulus)

    def penalties(
        self, mesh: Mesh, prediction: Float[Array, "x y z"], reference: Reference
    ) -> Float[Array, " q"]:
        """Weighted errors of logarithms, roots of weighted 1 - r, in the training half."""
        logarithms, decorrelation = self._errors(mesh, prediction, reference).train
        return jnp.concatenate([logarithms, jnp.sqrt(decorrelation)])

    @property
    def _thresholds(self) -> tuple[float, ...]:
        """No thresholds without a weight: they cost as much as all the rest."""
        return THRESHOLDS if self.distribution else ()

    def _errors(self, mesh: Mesh, prediction, reference: Reference) -> Regions:
        found, cuts = statistics(mesh, prediction, self._thresholds)
        return Regions(
            *(
                self._in_region(own, target, binned_products(mesh, cut, its_cut))
                for own, target, cut, its_cut in zip(
                    found, reference.statistics, cuts, reference.cuts, strict=True
                )
            )
        )

    def _in_region(self, found: Statistics, target: Statistics, cross):
        """Errors of logarithms, whose squares the loss adds, and 1 - r, which it adds as it is.

        All are weighted; where the target has nothing there is no error.
        """
        power, has_power = _or_one(target.power)
        shares, has_share = _or_one(target.exceedance)
        mean, has_mean = _or_one(target.mean[None])
        ratio = jnp.maximum(found.power / power, LEAST_RATIO)
        r = cross / (power * jnp.sqrt(ratio))
        logarithms = [
            _share(self.spectrum, has_power) * jnp.log(ratio),
            _share(self.mean, has_mean) * _logarithm(found.mean / mean),
            _share(self.distribution, has_share) * _logarithm(found.exceedance / shares),
        ]
        # r is above 1 by rounding only.
        decorrelation = _share(self.correlation, has_power) ** 2 * jnp.maximum(1 - r, 0)
        return jnp.concatenate(logarithms), decorrelation


def _or_one(values):
    """The values with 1 where they are not positive, and which are."""
    positive = values > 0
    return jnp.where(positive, values, 1.0), positive


def _share(weight: float, counted):
    """Root of each term's share in a weighted mean over those that count, 0 for the others."""
    return jnp.sqrt(weight * counted / jnp.maximum(jnp.sum(counted), 1))


def _logarithm(ratio):
    return jnp.log(jnp.maximum(ratio, LEAST_RATIO))


def loss_named(
    name: str,
    quantity: Quantity,
    smoothing: float | None = None,
    spectrum: float | None = None,
) -> Loss:
    """A loss by its name.

    Args:
        name: "paper" (equations (10) and (11)); "statistics", the default, the paper's residual
            with power, correlation and mean; "distribution", with the one-point distribution too;
            "logarithmic", the same with residuals of ln(1 + F); "compressed", "statistics" of maps
            whose densest cells are compressed; or "flux", "distribution" with squared residuals of
            the absorption by hydrogen, whose depth the targets decide.
        quantity: whose map is fitted.
        smoothing: n of the paper's residual's weight 1 + k^-n; None for no weight.
        spectrum: weight of the power's error; None for that of :data:`WEIGHTS`.

    Raises:
        BadInput: for a smoothing, or a weight of the power's error, of a loss that has none.
    """
    residual = paper_loss(quantity, smoothing)
    if name == "paper" and spectrum is not None:
        raise BadInput(f"--spectrum {spectrum:g}: the loss paper has no such term: leave it out")
    if name == "paper":
        return residual
    if name == "flux":
        # Bounded values have no outliers that a modulus would have to tame.
        residual = PaperLoss(2, residual.smoothing)
    weights = dict(WEIGHTS[residual.power])
    if spectrum is not None:
        weights["spectrum"] = spectrum
    if name in ("statistics", "compressed"):
        loss = StatisticsLoss(residual, **weights, distribution=0.0)
        return loss if name == "statistics" else CompressedLoss(loss)
    if name == "flux":
        return FluxLoss(StatisticsLoss(residual, **weights, distribution=1.0))
    if name == "distribution":
        return StatisticsLoss(residual, **weights, distribution=DISTRIBUTION_WEIGHT)
    if smoothing is not None:
        raise BadInput(f"--smoothing {smoothing:g}: the loss {name} has no smoothing: leave it out")
    logarithmic = LogarithmicLoss(residual.power)
    return StatisticsLoss(logarithmic, **weights, distribution=DISTRIBUTION_WEIGHT)
