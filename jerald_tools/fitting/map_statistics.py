# SPDX-License-Identifier: GPL-3.0-or-later
"""What users read off a map, in each region of the split.

For the loss, differentiable: mean, power and cross power in bins of wavenumber, and the one-point
distribution. For the record of a finished fit: ratios of mean and power, and the correlation.
"""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.analysis.power_spectrum import compare, overdensity, region_mean
from jerald_tools.fitting.regions import (
    REGIONS,
    Regions,
    region_indicators,
    region_mask,
    region_means,
)
from jerald_tools.mesh.fields import mode_products, r2c
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import spread, sum_over_ranks
from jerald_tools.mesh.wavenumbers import wavenumber_table

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
        field: this rank's slab, in the units of the thresholds: over the target's mean.
        thresholds: such as :data:`THRESHOLDS`.

    Returns:
        (thresholds,) float64 for each region.
    """
    square = field * field
    # A ratio that neither overflows nor divides zero by zero in either precision.
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


def map_quality(mesh: Mesh, predicted, target) -> dict:
    """Mean, power ratio and r(k) of a map against its target, in each region and the whole box.

    Both overdensities are over the target's mean in the region, as in the paper's Fig 7.

    Args:
        mesh: the mesh.
        predicted: this rank's slab of the map.
        target: this rank's slab of its target, in the same units.

    Returns:
        For "all", "training", "validation" and "test": ``mean_ratio``, ``k`` [h/Mpc], ``modes``,
        ``ratio`` and ``r``.
    """
    return {
        region: _in_region(mesh, predicted, target, region)
        for region in ("all", *REGIONS)
        if _has_nodes(mesh, region)
    }


def _has_nodes(mesh: Mesh, region: str) -> bool:
    return region == "all" or min(mesh.shape) > 2


def _in_region(mesh: Mesh, predicted, target, region: str) -> dict:
    inside = None if region == "all" else region_mask(mesh, region)
    reference_mean = region_mean(mesh, target, inside)
    spectrum, reference = (
        r2c(mesh, overdensity(mesh, jnp.asarray(field), reference_mean, inside))
        for field in (predicted, target)
    )
    comparison = compare(mesh, spectrum, reference)
    measured = comparison.modes > 0
    return {
        "mean_ratio": region_mean(mesh, predicted, inside) / reference_mean,
        "k": comparison.k[measured],
        "modes": comparison.modes[measured],
        "ratio": _finite(comparison.ratio[measured]),
        "r": _finite(comparison.r[measured]),
    }


def _finite(values: np.ndarray) -> list:
    """Numbers for JSON, which knows no NaN: None where there is no power."""
    return [float(value) if np.isfinite(value) else None for value in values]
