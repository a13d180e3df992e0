# SPDX-License-Identifier: GPL-3.0-or-later
"""The spectra of an ensemble's maps as their median and a band around it."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jerald_tools.analysis.power_spectrum import Comparison

# Percentiles of the members that are the edges of their scatter: 68 %.
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


def power_band(powers: Sequence[np.ndarray], model_error: np.ndarray | float) -> Band:
    """Median and band of a power: the members' scatter and the model's error in quadrature.

    Args:
        powers: of each member, (bins,).
        model_error: of ln P, (bins,).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        low, median, high = np.percentile(np.log(powers), [LOW, 50, HIGH], axis=0)
        below, above = (np.hypot(edge - median, model_error) for edge in (low, high))
        return Band(np.exp(median), np.exp(median - below), np.exp(median + above))


def correlation_band(correlations: Sequence[np.ndarray]) -> Band:
    """Median and band of r(k): the members' scatter."""
    low, median, high = np.percentile(correlations, [LOW, 50, HIGH], axis=0)
    return Band(median, low, high)


def covered(comparison: Comparison, power: Band) -> np.ndarray:
    """In which bins (those with modes) the reference's power lies inside the band, (bins,)."""
    reference = comparison.reference_power
    return (power.low <= reference) & (reference <= power.high)
