# SPDX-License-Identifier: GPL-3.0-or-later
"""The spectra of an ensemble's maps as their median and a band around it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float

from jerald_tools.analysis.power_spectrum import Comparison

# Percentiles of the members at the edges of the band, which thus holds 68 % of them.
LOW, HIGH = 16, 84

Curve = Float[np.ndarray, " bins"]


@dataclasses.dataclass(frozen=True)
class Band:
    """Median and edges of a quantity in bins of wavenumber.

    Attributes:
        median: of the members.
        low: lower edge.
        high: upper edge.
    """

    median: Curve
    low: Curve
    high: Curve


def power_band(powers: Sequence[Curve], model_error: Curve | float) -> Band:
    """Median and band of a power: the members' scatter and the model's error in quadrature.

    Both are errors of ln P: the edges are median exp(-hypot(median - 16 %, error)) and
    median exp(+hypot(84 % - median, error)), with percentiles of ln P.

    Args:
        powers: of each member.
        model_error: of ln P.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        low, median, high = np.percentile(np.log(powers), [LOW, 50, HIGH], axis=0)
        below, above = (np.hypot(edge - median, model_error) for edge in (low, high))
        return Band(np.exp(median), np.exp(median - below), np.exp(median + above))


def correlation_band(correlations: Sequence[Curve]) -> Band:
    """Median and band of r(k): the members' scatter.

    Args:
        correlations: of each member.
    """
    low, median, high = np.percentile(correlations, [LOW, 50, HIGH], axis=0)
    return Band(median, low, high)


def covered(comparison: Comparison, power: Band) -> Bool[np.ndarray, " bins"]:
    """In which bins (of those with modes) the reference's power lies inside the band."""
    reference = comparison.reference_power
    return (power.low <= reference) & (reference <= power.high)


def band_columns(
    members: Sequence[Mapping[str, Curve]], model_error: Callable[[Curve], Curve]
) -> dict[str, np.ndarray]:
    """The columns of a spectrum file: medians of the members, and the edges of their band.

    Args:
        members: columns of each member's own spectrum, in the same bins.
        model_error: the error of ln P as a function of k [h/Mpc].
    """
    columns = dict(members[0])
    powers = [member["P"] for member in members]
    power = power_band(powers, model_error(columns["k"]))
    with np.errstate(divide="ignore", invalid="ignore"):
        scatter = np.std(np.log(powers), axis=0, ddof=1) if len(powers) > 1 else 0 * power.median
    columns |= {"P": power.median, "P_low": power.low, "P_high": power.high, "scatter": scatter}
    if "P_ref" in columns:
        r = correlation_band([member["r"] for member in members])
        reference = columns["P_ref"]
        with np.errstate(divide="ignore", invalid="ignore"):
            columns["ratio"] = np.where(reference > 0, power.median / reference, np.nan)
        columns["P_cross"] = r.median * np.sqrt(power.median * reference)
        columns |= {"r": r.median, "r_low": r.low, "r_high": r.high}
    return columns


def band_notes(members: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The notes of a spectrum file with the columns of :func:`band_columns`.

    Args:
        members: notes of each member's own spectrum, the fit's own first.
    """
    notes = dict(members[0])
    if "mean_ratio" in notes:
        ratios = [float(member["mean_ratio"]) for member in members]
        notes["mean_ratio"] = repr(float(np.median(ratios)))
        notes["mean_ratio of each member"] = " ".join(f"{ratio:.4f}" for ratio in ratios)
    if len(members) == 1:
        notes["band"] = (
            "P_low, P_high: the error in ln P of other members on the boxes that they left out"
        )
        return notes
    notes["band"] = (
        f"P, ratio, r: medians of {len(members)} members; r_low, r_high: their 16th and 84th "
        "percentiles; P_low, P_high too, with the model's error in ln P added in quadrature; "
        "scatter: standard deviation of the members' ln P"
    )
    return notes
