# SPDX-License-Identifier: GPL-3.0-or-later
"""How good the maps are, as a table: mean, P / P_ref and r in a few bins of wavenumber."""

import csv
import dataclasses
import io
import itertools
from collections.abc import Sequence

import numpy as np

from jerald_tools.analysis.correlation import Comparison

COARSE_EDGES = (0.15, 0.5, 1.2, 3.0, 6.0, 7.5)  # [h/Mpc]

# The paper calls a ratio "within 70 %" if it and its inverse are at least 0.7. A bin outside, or
# one in which less than that much of the amplitude is in the right place, is called poor.
POOR_BELOW = 0.7


@dataclasses.dataclass(frozen=True)
class MeasuredMap:
    """What the table says about one map, a row of it.

    Attributes:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        redshift: of the map.
        label: what was compared: "training box", "test cube", "unseen seed", ...
        mean_ratio: mean of the model's map over that of the reference, where it was compared.
        comparison: the powers in fine bins.
    """

    quantity: str
    redshift: float
    label: str
    mean_ratio: float
    comparison: Comparison


def in_coarse_bins(comparison: Comparison, edges: Sequence[float] = COARSE_EDGES) -> Comparison:
    """Powers averaged over the fine bins whose mean k is in each coarse bin, weighted by modes.

    Powers are averaged, not ratios: the coarse ratio and r are those that the coarse bins would
    have had at once. A coarse bin without modes is NaN.

    Args:
        comparison: in fine bins.
        edges: (coarse bins + 1,) rising [h/Mpc].
    """
    filled = comparison.modes > 0
    bins = np.digitize(comparison.k[filled], edges)
    modes = comparison.modes[filled]

    def average(values):
        sums = np.bincount(bins, modes * values[filled], len(edges) + 1)
        with np.errstate(invalid="ignore"):
            return (sums / np.bincount(bins, modes, len(edges) + 1))[1:-1]

    return Comparison(
        average(comparison.k),
        np.bincount(bins, modes, len(edges) + 1)[1:-1].astype(np.int64),
        average(comparison.power),
        average(comparison.reference_power),
        average(comparison.cross_power),
    )


def is_poor(ratio: float, r: float) -> bool:
    """Whether a bin is called poor: P / P_ref or its inverse, or r, below 0.7 (or undefined)."""
    within = min(ratio, 1 / ratio) if ratio > 0 else 0.0
    return not (within >= POOR_BELOW and r >= POOR_BELOW)


def markdown(maps: Sequence[MeasuredMap], edges: Sequence[float] = COARSE_EDGES) -> str:
    """The table in Markdown, a row for each map in the order given.

    A cell holds P / P_ref and r; "poor" marks those that :func:`is_poor` says are, and a bin
    without modes is a dash.
    """
    bins = [f"k {low:g}–{high:g}" for low, high in itertools.pairwise(edges)]
    header = ["quantity", "z", "compared in", "mean", *bins]
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join(["---"] * len(header)) + " |"]
    for measured in maps:
        coarse = in_coarse_bins(measured.comparison, edges)
        cells = [
            _cell(*values) for values in zip(coarse.modes, coarse.ratio, coarse.r, strict=True)
        ]
        row = [
            measured.quantity,
            f"{measured.redshift:g}",
            measured.label,
            f"{measured.mean_ratio:.2f}",
            *cells,
        ]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def _cell(modes: int, ratio: float, r: float) -> str:
    if modes == 0:
        return "—"
    return f"{ratio:.2f}, {r:.3f}" + (" poor" if is_poor(ratio, r) else "")


def comma_separated(maps: Sequence[MeasuredMap], edges: Sequence[float] = COARSE_EDGES) -> str:
    """The same as CSV: a line for each map and coarse bin, with all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["quantity", "redshift", "label", "mean_ratio", "k_low", "k_high", "modes", "ratio", "r"]
    )
    for measured in maps:
        about = (measured.quantity, measured.redshift, measured.label, measured.mean_ratio)
        coarse = in_coarse_bins(measured.comparison, edges)
        rows = zip(edges[:-1], edges[1:], coarse.modes, coarse.ratio, coarse.r, strict=True)
        writer.writerows([*about, *row] for row in rows)
    return text.getvalue()
