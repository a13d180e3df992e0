# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of ln P in bins of wavenumber, and how far the next one may be expected to go."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
import scipy.stats

from jerald_tools.analysis.band import HIGH, LOW

# Share of the bins that the band is to hold.
LEVEL = (HIGH - LOW) / 100


@dataclasses.dataclass(frozen=True)
class ErrorOfPower:
    """An error of ln P in bins of wavenumber.

    Attributes:
        k: middles of the bins [h/Mpc], (bins,).
        error: of ln P, (bins,).
    """

    k: np.ndarray
    error: np.ndarray


def logarithms(quality: dict) -> np.ndarray:
    """Wavenumber [h/Mpc] and ln (P / P_ref) in bins with power, (bins, 2)."""
    rows = [pair for pair in zip(quality["k"], quality["ratio"], strict=True) if pair[1]]
    return np.array([(k, np.log(ratio)) for k, ratio in rows]).reshape(-1, 2)


def half_width(members: np.ndarray) -> np.ndarray:
    """Wavenumber and half of the members' band of ln P in each bin, (bins, 2).

    Args:
        members: (members, bins, 2) from :func:`logarithms`.
    """
    low, high = np.percentile(members[..., 1], [LOW, HIGH], axis=0)
    return np.stack([members[0, :, 0], (high - low) / 2], axis=1)


def model_error(
    edges: np.ndarray, errors: Sequence[np.ndarray], scatter: np.ndarray, independent: int
) -> ErrorOfPower:
    """The members' errors beyond their scatter, in bins of wavenumber.

    Against the spread of so few samples about zero the next one follows Student's distribution:
    with two halves the interval for 68 % is 1.3 times as wide as their own.

    Args:
        edges: of the bins [h/Mpc].
        errors: k and ln (P / P_ref) of each member where it was not trained, (n, 2) each.
        scatter: k and half-width of the members' band, (n, 2).
        independent: number of independent samples of these errors.

    Returns:
        In the bins that hold anything.
    """
    factor = scipy.stats.t.ppf(0.5 + LEVEL / 2, independent)
    factor /= scipy.stats.norm.ppf(0.5 + LEVEL / 2)
    k, error = np.concatenate(errors).T
    found = []
    for low, high in itertools.pairwise(edges):
        inside, inside_scatter = (
            (low <= values) & (values < high) for values in (k, scatter[:, 0])
        )
        if np.any(inside) and np.any(inside_scatter):
            total = factor * np.quantile(np.abs(error[inside]), LEVEL)
            own = np.mean(scatter[inside_scatter, 1])
            found.append((np.sqrt(low * high), np.sqrt(max(total**2 - own**2, 0))))
    return ErrorOfPower(*np.array(found).T)
