# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an ensemble's band holds the truth as often as it says, in a table."""

import csv
import dataclasses
import io
import itertools
from collections.abc import Sequence

import numpy as np

from jerald_tools.analysis.band import Band, covered
from jerald_tools.analysis.quality_table import COARSE_EDGES, MeasuredMap


@dataclasses.dataclass(frozen=True)
class BandedMap:
    """An ensemble held against the reference, a row of the table.

    Attributes:
        measured: its median.
        power: the band of its power, in the same fine bins.
        scatter: standard deviation of the members' ln P there.
    """

    measured: MeasuredMap
    power: Band
    scatter: np.ndarray

    def covered(self) -> np.ndarray:
        """Whether the band holds the reference's power in each fine bin with modes."""
        comparison = self.measured.comparison
        return covered(comparison, self.power)[comparison.modes > 0]

    def widths(self) -> list[tuple[float, float]]:
        """Means in each coarse bin of the band's half-width in ln P, and of the members' scatter.

        NaN where a bin has no modes.
        """
        comparison = self.measured.comparison
        halves = np.log(self.power.high / self.power.low) / 2
        found = []
        for low, high in itertools.pairwise(COARSE_EDGES):
            inside = (comparison.modes > 0) & (comparison.k >= low) & (comparison.k < high)
            means = (curve[inside].mean() for curve in (halves, self.scatter))
            found.append(tuple(map(float, means)) if np.any(inside) else (np.nan, np.nan))
        return found


def markdown(maps: Sequence[BandedMap]) -> str:
    """The table in Markdown: a row for each map, one for each quantity, and one for all.

    A cell holds the band's half-width and the members' scatter.
    """
    bins = [f"k {low:g}–{high:g}" for low, high in itertools.pairwise(COARSE_EDGES)]
    header = ["quantity", "z", "compared in", "bins inside the band", *(f"± {one}" for one in bins)]
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join(["---"] * len(header)) + " |"]
    for one in maps:
        widths = [f"{100 * half:.1f} %, {100 * scatter:.1f} %" for half, scatter in one.widths()]
        about = [one.measured.quantity, f"{one.measured.redshift:g}", one.measured.label]
        lines.append("| " + " | ".join([*about, _share([one]), *widths]) + " |")
    blank = [""] * len(bins)
    for quantity in dict.fromkeys(one.measured.quantity for one in maps):
        of_it = [one for one in maps if one.measured.quantity == quantity]
        lines.append("| " + " | ".join([quantity, "all", "", _share(of_it), *blank]) + " |")
    lines.append("| " + " | ".join(["all", "all", "", _share(maps), *blank]) + " |")
    return "\n".join(lines) + "\n"


def _share(maps: Sequence[BandedMap]) -> str:
    inside = np.concatenate([one.covered() for one in maps])
    return f"{inside.sum()} of {inside.size} ({100 * inside.mean():.0f} %)"


def comma_separated(maps: Sequence[BandedMap]) -> str:
    """The same as CSV, a line for each map."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    widths = [
        f"{name}_{low:g}_{high:g}"
        for low, high in itertools.pairwise(COARSE_EDGES)
        for name in ("half_width", "scatter")
    ]
    writer.writerow(["quantity", "redshift", "label", "bins", "covered", *widths])
    for one in maps:
        inside, measured = one.covered(), one.measured
        about = [measured.quantity, measured.redshift, measured.label]
        widths = itertools.chain(*one.widths())
        writer.writerow([*about, inside.size, int(inside.sum()), *widths])
    return text.getvalue()
