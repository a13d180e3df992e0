# SPDX-License-Identifier: GPL-3.0-or-later
"""The spectra of an ensemble's maps as their median and a band around it."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jerald_tools.analysis.correlation import Comparison

# Percentiles of the members that are the edges of the band before it is widened: 68 %.
LOW, HIGH = 16, 84


@dataclasses.dataclass(frozen=True)
class Band:
    """A quantity in bins of wavenumber, all (bins,).

    Attributes:
        median: of the members.
        low: lower edge.
        high: upper edge.
    """

    median: np.ndarray
    low: np.ndarray
    high: np.ndarray


def power_band(powers: Sequence[np.ndarray], scale: float) -> Band:
    """Median and band of a power, widened in its logarithm.

    Args:
        powers: of each member, (bins,).
        scale: by how much the members' own band is widened on either side of their median.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        band = _band(np.log(powers), scale)
        return Band(*(np.exp(getattr(band, field.name)) for field in dataclasses.fields(band)))


def correlation_band(correlations: Sequence[np.ndarray], scale: float) -> Band:
    """Median and band of r(k), widened, but not above 1."""
    band = _band(np.asarray(correlations), scale)
    return Band(band.median, np.minimum(band.low, 1), np.minimum(band.high, 1))


def _band(values: np.ndarray, scale: float) -> Band:
    low, median, high = np.percentile(values, [LOW, 50, HIGH], axis=0)
    return Band(median, median + scale * (low - median), median + scale * (high - median))


def covered(comparison: Comparison, power: Band) -> np.ndarray:
    """In which bins (those with modes) the reference's power lies inside the band, (bins,)."""
    reference = comparison.reference_power
    return (power.low <= reference) & (reference <= power.high)
