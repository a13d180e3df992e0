# SPDX-License-Identifier: GPL-3.0-or-later
"""How good the maps are, as a table: mean, P / P_ref and r in a few bins of wavenumber."""

import csv
import dataclasses
import io
import itertools
import typing
from collections.abc import Sequence

import numpy as np

from jerald_tools.analysis.loss_table import QUANTITY_ORDER
from jerald_tools.analysis.power_spectrum import Comparison

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


def by_quantity_and_redshift(maps: Sequence[MeasuredMap]) -> list[MeasuredMap]:
    """The maps by quantity, dark matter first, then from high to low redshift, else as given."""
    quantities = [name for name in QUANTITY_ORDER if any(one.quantity == name for one in maps)]
    quantities += sorted({one.quantity for one in maps} - set(quantities))
    return sorted(maps, key=lambda one: (quantities.index(one.quantity), -one.redshift))


class CoarseBin(typing.NamedTuple):
    """Means over the modes of one coarse bin; NaN where it has none.

    Attributes:
        modes: how many modes it holds.
        ratio: mean of P / P_ref.
        r: mean of r(k).
    """

    modes: int
    ratio: float
    r: float


def in_coarse_bins(
    comparison: Comparison, edges: Sequence[float] = COARSE_EDGES
) -> list[CoarseBin]:
    """Ratio and r averaged over the fine bins whose mean k is in each coarse bin.

    Fine bins count by their modes. Averaging the curves, not the powers, says what a reader of the
    figure sees: powers fall so steeply that the first wavenumbers of a bin would decide for it.

    Args:
        comparison: in fine bins.
        edges: (coarse bins + 1,) rising [h/Mpc].
    """
    coarse = []
    for low, high in itertools.pairwise(edges):
        inside = (comparison.modes > 0) & (comparison.k >= low) & (comparison.k < high)
        modes = comparison.modes[inside]
        if modes.size == 0:
            coarse.append(CoarseBin(0, np.nan, np.nan))
            continue
        ratio, r = (
            float(np.average(curve[inside], weights=modes))
            for curve in (comparison.ratio, comparison.r)
        )
        coarse.append(CoarseBin(int(modes.sum()), ratio, r))
    return coarse


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
        cells = [_cell(coarse) for coarse in in_coarse_bins(measured.comparison, edges)]
        row = [
            measured.quantity,
            f"{measured.redshift:g}",
            measured.label,
            f"{measured.mean_ratio:.2f}",
            *cells,
        ]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def _cell(coarse: CoarseBin) -> str:
    if coarse.modes == 0:
        return "—"
    mark = " poor" if is_poor(coarse.ratio, coarse.r) else ""
    return f"{coarse.ratio:.2f}, {coarse.r:.3f}{mark}"


def comma_separated(maps: Sequence[MeasuredMap], edges: Sequence[float] = COARSE_EDGES) -> str:
    """The same as CSV: a line for each map and coarse bin, with all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["quantity", "redshift", "label", "mean_ratio", "k_low", "k_high", "modes", "ratio", "r"]
    )
    for measured in maps:
        about = (measured.quantity, measured.redshift, measured.label, measured.mean_ratio)
        bins = zip(
            itertools.pairwise(edges), in_coarse_bins(measured.comparison, edges), strict=True
        )
        writer.writerows([*about, *ends, *coarse] for ends, coarse in bins)
    return text.getvalue()
