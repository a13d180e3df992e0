# SPDX-License-Identifier: GPL-3.0-or-later
"""A loss that asks for what users read off a map: residuals, and how its statistics compare.

Residuals alone aim at the median (p = 1) or the mean (p = 2) of what a cell may hold given the
density around it. Either map is smoother than the truth: it lacks power, and with p = 1 it lacks
mean, since a few cells hold most of the hydrogen and the stars.
"""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.fitting.losses import ResidualLoss
from jerald_tools.fitting.regions import Regions, region_indicators, region_means
from jerald_tools.mesh.fields import mode_products
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import spread, sum_over_ranks
from jerald_tools.mesh.wavenumbers import wavenumber_table

# What users read off a map, in each region of the split and differentiable.
#
# Mean, power and cross power in bins of wavenumber, and the one-point distribution.

# Edges of wavenumber bins rise by about this factor, from the longest wave to the Nyquist one.
BIN_FACTOR = 1.5

# Densities over the mean at which the one-point distribution is looked at: from voids to the
# densest cells that are common enough to be counted in half of a small box.
THRESHOLDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Statistics:
    """Statistics of a map in one region, float64, the same on every rank.

    Attributes:
        mean: of the map.
        power: (bins,) mean of |F(k)|^2 over the modes of a bin times their number, where F is the
            map less its mean inside the region and 0 outside.
        exceedance: (thresholds,) share of the nodes above each threshold, with smooth steps; (0,)
            where nobody asks for the one-point distribution.
    """

    mean: jax.Array
    power: jax.Array
    exceedance: jax.Array


def bin_edges(mesh: Mesh) -> np.ndarray:
    """Edges [h/Mpc] of the bins, (bins + 1,), equally spaced in ln k below the Nyquist wavenumber.

    The lowest one is half of the longest wave's: a region smears modes over its width.
    """
    lowest = np.pi / max(mesh.box_size)
    # Without the modes at the Nyquist wavenumber itself, which rounding puts on either side.
    nyquist = min(np.pi / cell for cell in mesh.cell_size) * (1 - 1e-9)
    bins = max(1, round(np.log(nyquist / lowest) / np.log(BIN_FACTOR)))
    return np.geomspace(lowest, nyquist, bins + 1)


def cut_out(mesh: Mesh, field, means: Regions) -> Regions:
    """The field less its mean inside each region, and 0 outside: three slabs."""
    # Every rank takes the means, which all ranks made, from its own nodes.
    means = spread(mesh.ranks, means)
    return Regions(
        *(
            jnp.where(inside, field - mean.astype(mesh.dtype), jnp.zeros((), mesh.dtype))
            for inside, mean in zip(region_indicators(mesh), means, strict=True)
        )
    )


def binned_products(mesh: Mesh, first, second):
    """Sum of Re(a conj(b)) over the modes of each bin and all ranks, (bins,) float64.

    Args:
        mesh: the mesh.
        first: this rank's slab of one field.
        second: of the other.
    """
    edges = bin_edges(mesh)
    # The table goes beyond the Nyquist wavenumber, and its first entry is k = 0: those are outside.
    numbers = np.digitize(wavenumber_table(mesh), edges).astype(np.int32)
    sums = jax.ops.segment_sum(mode_products(mesh, first, second), numbers, edges.size + 1)
    return sum_over_ranks(mesh.ranks, sums)[1:-1]


def exceedance(mesh: Mesh, field, thresholds: Sequence[float]) -> Regions:
    """Share of the nodes above each threshold, with the smooth step F^4 / (F^4 + t^4).

    Args:
        mesh: the mesh.
        field: this rank's slab, over the mean of the map that thresholds are told in.
        thresholds: such as :data:`THRESHOLDS`.

    Returns:
        (thresholds,) float64 for each region.
    """
    square = field * field
    # A ratio that neither overflows nor divides zero by zero, whatever the precision.
    steps = [1 - 1 / (1 + (square / threshold**2) ** 2) for threshold in thresholds]
    shares = [region_means(mesh, step) for step in steps]
    return Regions(
        *(
            jnp.array([getattr(share, region) for share in shares], jnp.float64)
            for region in Regions._fields
        )
    )


def statistics(mesh: Mesh, field, thresholds: Sequence[float] = ()) -> tuple[Regions, Regions]:
    """Statistics of a map in each region, and the map cut out for cross powers.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz), over the target's mean.
        thresholds: of the one-point distribution, none if it is not wanted.

    Returns:
        A :class:`Statistics` for each region, and the slabs of :func:`cut_out`.
    """
    means = region_means(mesh, field)
    cuts = cut_out(mesh, field, means)
    shares = exceedance(mesh, field, thresholds)
    powers = [binned_products(mesh, cut, cut) for cut in cuts]
    return Regions(*map(Statistics, means, powers, shares)), cuts


# A ratio below this counts as this: its logarithm stays finite for an empty map.
LEAST_RATIO = 1e-6


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Reference:
    """What does not change of a target while a map is fitted to it.

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
class StatisticsLoss:
    """A residual in units of the target's spread, plus penalties on the statistics of each region.

    L = R(F) / R(1) + spectrum <[ln(P / P_ref)]^2> + correlation <1 - r>
        + mean [ln(<F> / <F_ref>)]^2 + distribution <[ln(E / E_ref)]^2>

    Powers P, their correlation r and the share E of nodes above a threshold are averaged over the
    bins and thresholds of :mod:`jerald_tools.fitting.statistics_loss`. Model and target are cut out
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

    def reference(self, mesh: Mesh, target) -> Reference:
        """Statistics of the target, see :class:`~jerald_tools.fitting.losses.Loss`."""
        own = self.residual_loss.reference(mesh, target)
        featureless = self.residual_loss(mesh, jnp.ones_like(target), own)
        # A mesh too small for a test cube has no spread there either.
        spread = Regions(*(jnp.where(value > 0, value, 1.0) for value in featureless))
        of_target, cuts = statistics(mesh, target, self._thresholds)
        return Reference(own, cuts, of_target, spread)

    def __call__(self, mesh: Mesh, prediction, reference: Reference) -> Regions:
        """The loss in each region, see :class:`~jerald_tools.fitting.losses.Loss`."""
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

    def residual(self, mesh: Mesh, prediction, reference: Reference):
        """This rank's slab of the residual, in units in which its own loss is over the spread."""
        field = self.residual_loss.residual(mesh, prediction, reference.residual)
        return field / (reference.spread.train ** (1 / self.residual_loss.power)).astype(
            field.dtype
        )

    def curvature(self, residual: np.ndarray, mean_modulus: float) -> np.ndarray:
        """That of the residual's own loss: a power law, it knows no units."""
        return self.residual_loss.curvature(residual, mean_modulus)

    def penalties(self, mesh: Mesh, prediction, reference: Reference):
        """Weighted errors of logarithms, roots of weighted 1 - r, in the training half."""
        logarithms, decorrelation = self._errors(mesh, prediction, reference).train
        return jnp.concatenate([logarithms, jnp.sqrt(decorrelation)])

    @property
    def _thresholds(self) -> tuple[float, ...]:
        """None without a weight: they cost as much as all the rest."""
        return THRESHOLDS if self.distribution else ()

    def _errors(self, mesh: Mesh, prediction, reference: Reference) -> Regions:
        found, cuts = statistics(mesh, prediction, self._thresholds)
        return Regions(
            *(
                self._in_region(own, wanted, binned_products(mesh, cut, its_cut))
                for own, wanted, cut, its_cut in zip(
                    found, reference.statistics, cuts, reference.cuts, strict=True
                )
            )
        )

    def _in_region(self, found: Statistics, wanted: Statistics, cross):
        """Errors of logarithms, whose squares the loss adds, and 1 - r, which it adds as it is.

        All are weighted; where the target has nothing there is no error.
        """
        power, has_power = _or_one(wanted.power)
        shares, has_share = _or_one(wanted.exceedance)
        mean, has_mean = _or_one(wanted.mean[None])
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
