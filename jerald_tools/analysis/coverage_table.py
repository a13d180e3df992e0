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
    """

    measured: MeasuredMap
    power: Band

    def covered(self) -> np.ndarray:
        """Whether the band holds the reference's power in each fine bin with modes."""
        comparison = self.measured.comparison
        return covered(comparison, self.power)[comparison.modes > 0]

    def half_widths(self) -> list[float]:
        """Mean half-width of the band of ln P in each coarse bin; NaN where it has no modes."""
        comparison = self.measured.comparison
        halves = np.log(self.power.high / self.power.low) / 2
        return [
            float(np.mean(halves[inside])) if np.any(inside) else np.nan
            for inside in (
                (comparison.modes > 0) & (comparison.k >= low) & (comparison.k < high)
                for low, high in itertools.pairwise(COARSE_EDGES)
            )
        ]


def markdown(maps: Sequence[BandedMap]) -> str:
    """The table in Markdown: a row for each map, one for each quantity, and one for all."""
    bins = [f"k {low:g}–{high:g}" for low, high in itertools.pairwise(COARSE_EDGES)]
    header = ["quantity", "z", "compared in", "bins inside the band", *(f"± {one}" for one in bins)]
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join(["---"] * len(header)) + " |"]
    for one in maps:
        widths = [f"{100 * width:.1f} %" for width in one.half_widths()]
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
    widths = [f"half_width_{low:g}_{high:g}" for low, high in itertools.pairwise(COARSE_EDGES)]
    writer.writerow(["quantity", "redshift", "label", "bins", "covered", *widths])
    for one in maps:
        inside, measured = one.covered(), one.measured
        about = [measured.quantity, measured.redshift, measured.label]
        writer.writerow([*about, inside.size, int(inside.sum()), *one.half_widths()])
    return text.getvalue()
