# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in Markdown and CSV: quality of maps, coverage of an ensemble's bands, losses of fits."""

import csv
import dataclasses
import io
import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from jaxtyping import Bool, Float

from jerald_tools.agreement import same_redshift
from jerald_tools.analysis.band import Band, covered
from jerald_tools.analysis.power_spectrum import Comparison

COARSE_EDGES = (0.15, 0.5, 1.2, 3.0, 6.0, 7.5)  # [h/Mpc]

# The paper calls a ratio "within 70 %" if it and its inverse are at least 0.7. A bin is called poor
# if its ratio is not within 70 %, or if r is below 0.7.
POOR_BELOW = 0.7


class Row(Protocol):
    """A row of a table or a part of a figure."""

    @property
    def quantity(self) -> str:
        """Its name."""
        ...

    @property
    def redshift(self) -> float:
        """Of the map or the fit."""
        ...


AnyRow = TypeVar("AnyRow", bound=Row)


def in_order(rows: Iterable[AnyRow], quantities: Sequence[str]) -> list[AnyRow]:
    """The rows by quantity, then from high to low redshift, else in the order given.

    Args:
        rows: of a table or a figure.
        quantities: names in the order wanted; other quantities follow by name.
    """
    places = {name: place for place, name in enumerate(quantities)}
    return sorted(
        rows,
        key=lambda row: (places.get(row.quantity, len(places)), row.quantity, -row.redshift),
    )


# Quality of maps


@dataclasses.dataclass(frozen=True)
class MeasuredMap:
    """A map compared with its reference, a row of the table of quality.

    Attributes:
        quantity: its name.
        redshift: of the map.
        label: the region of the comparison: "training half", "test cube", "unseen seed", ...
        mean_ratio: mean of the model's map over the mean of the reference, in that region.
        comparison: the powers in fine bins.
    """

    quantity: str
    redshift: float
    label: str
    mean_ratio: float
    comparison: Comparison


class CoarseBin(NamedTuple):
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

    Fine bins count by their modes. The curves are averaged, not the powers: powers fall so steeply
    that the first wavenumbers of a bin would decide alone.

    Args:
        comparison: in fine bins.
        edges: (coarse bins + 1,) rising [h/Mpc].
    """
    coarse = []
    for inside in _fine_bins_inside(comparison, edges):
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
    """Whether a bin is poor: P / P_ref or its inverse, or r, below 0.7 (or undefined)."""
    within = min(ratio, 1 / ratio) if ratio > 0 else 0.0
    return not (within >= POOR_BELOW and r >= POOR_BELOW)


def quality_markdown(maps: Sequence[MeasuredMap], edges: Sequence[float] = COARSE_EDGES) -> str:
    """The table of quality in Markdown, a row for each map in the order given.

    A cell holds P / P_ref and r, and the word "poor" if :func:`is_poor`; a dash if the bin has no
    modes.
    """
    rows = []
    for one in maps:
        cells = [_quality_cell(coarse) for coarse in in_coarse_bins(one.comparison, edges)]
        about = [one.quantity, f"{one.redshift:g}", one.label]
        rows.append([*about, f"{one.mean_ratio:.2f}", *cells])
    return markdown_text(["quantity", "z", "compared in", "mean", *_bin_titles(edges)], rows)


def _quality_cell(coarse: CoarseBin) -> str:
    if coarse.modes == 0:
        return "—"
    mark = " poor" if is_poor(coarse.ratio, coarse.r) else ""
    return f"{coarse.ratio:.2f}, {coarse.r:.3f}{mark}"


def quality_csv(maps: Sequence[MeasuredMap], edges: Sequence[float] = COARSE_EDGES) -> str:
    """The table of quality as CSV: a line for each map and coarse bin, with all digits."""
    header = ["quantity", "redshift", "label", "mean_ratio", "k_low", "k_high"]
    rows = [
        [one.quantity, one.redshift, one.label, one.mean_ratio, *ends, *coarse]
        for one in maps
        for ends, coarse in zip(
            itertools.pairwise(edges), in_coarse_bins(one.comparison, edges), strict=True
        )
    ]
    return csv_text([*header, *CoarseBin._fields], rows)


# Coverage of bands


@dataclasses.dataclass(frozen=True)
class BandedMap:
    """An ensemble of maps compared with its reference, a row of the table of coverage.

    Attributes:
        measured: the ensemble's median.
        power: the band of its power, in the same fine bins.
        scatter: standard deviation of the members' ln P there.
    """

    measured: MeasuredMap
    power: Band
    scatter: Float[np.ndarray, " bins"]

    def covered(self) -> Bool[np.ndarray, " filled_bins"]:
        """Whether the band holds the reference's power, in each fine bin with modes."""
        comparison = self.measured.comparison
        return covered(comparison, self.power)[comparison.modes > 0]

    def widths(self) -> list[tuple[float, float]]:
        """Means in each coarse bin of the band's half-width in ln P, and of the members' scatter.

        NaN where a bin has no modes.
        """
        half_width = np.log(self.power.high / self.power.low) / 2
        return [
            (float(half_width[inside].mean()), float(self.scatter[inside].mean()))
            if np.any(inside)
            else (np.nan, np.nan)
            for inside in _fine_bins_inside(self.measured.comparison, COARSE_EDGES)
        ]


def coverage_markdown(maps: Sequence[BandedMap]) -> str:
    """The table of coverage in Markdown: a row for each map, each quantity, and all together.

    A cell holds the band's half-width and the members' scatter.
    """
    rows = []
    for one in maps:
        about = [one.measured.quantity, f"{one.measured.redshift:g}", one.measured.label]
        widths = [f"{100 * half:.1f} %, {100 * scatter:.1f} %" for half, scatter in one.widths()]
        rows.append([*about, _share_covered([one]), *widths])
    bins = [f"± {title}" for title in _bin_titles(COARSE_EDGES)]
    blank = [""] * len(bins)
    for quantity in dict.fromkeys(one.measured.quantity for one in maps):
        group = [one for one in maps if one.measured.quantity == quantity]
        rows.append([quantity, "all", "", _share_covered(group), *blank])
    rows.append(["all", "all", "", _share_covered(maps), *blank])
    return markdown_text(["quantity", "z", "compared in", "bins inside the band", *bins], rows)


def _share_covered(maps: Sequence[BandedMap]) -> str:
    inside = np.concatenate([one.covered() for one in maps])
    return f"{inside.sum()} of {inside.size} ({100 * inside.mean():.0f} %)"


def coverage_csv(maps: Sequence[BandedMap]) -> str:
    """The table of coverage as CSV, a line for each map."""
    header = ["quantity", "redshift", "label", "bins", "covered"]
    for low, high in itertools.pairwise(COARSE_EDGES):
        header += [f"{name}_{low:g}_{high:g}" for name in ("half_width", "scatter")]
    rows = []
    for one in maps:
        inside, measured = one.covered(), one.measured
        about = [measured.quantity, measured.redshift, measured.label]
        rows.append([*about, inside.size, int(inside.sum()), *itertools.chain(*one.widths())])
    return csv_text(header, rows)


# Losses of fits


@dataclasses.dataclass(frozen=True)
class FittedLoss:
    """Losses of a finished fit in the regions of the split, a row of the table of losses.

    Attributes:
        quantity: its name.
        redshift: of the target.
        layers: displacement layers; 0 is the fit that layers should improve on.
        train: loss in the training half, of maps over the target's mean.
        validation: loss in the validation region, by which the best fit was chosen.
        test: loss in the test cube, which was used for neither.
    """

    quantity: str
    redshift: float
    layers: int
    train: float
    validation: float
    test: float


def losses_markdown(fits: Sequence[FittedLoss], quantities: Sequence[str]) -> str:
    """The table of losses in Markdown: by quantity, redshift (falling) and number of layers.

    The last column is the validation loss over that of the fit without layers, "worse" if layers
    increased it, a dash if there is no such fit.

    Args:
        fits: in any order.
        quantities: names in the order wanted, as of :func:`in_order`.
    """
    header = ["quantity", "z", "layers", "train", "validation", "test", "validation over no layers"]
    rows = []
    for fit in _by_layers(fits, quantities):
        losses = [f"{loss:.5f}" for loss in (fit.train, fit.validation, fit.test)]
        gain = _over_no_layers(fit, fits)
        rows.append([fit.quantity, f"{fit.redshift:g}", str(fit.layers), *losses, gain])
    return markdown_text(header, rows)


def _by_layers(fits: Sequence[FittedLoss], quantities: Sequence[str]) -> list[FittedLoss]:
    return in_order(sorted(fits, key=lambda fit: fit.layers), quantities)


def _over_no_layers(fit: FittedLoss, fits: Sequence[FittedLoss]) -> str:
    for other in fits:
        same = other.quantity == fit.quantity and same_redshift(other.redshift, fit.redshift)
        if same and other.layers == 0:
            quotient = fit.validation / other.validation
            return f"{quotient:.3f}" + (" worse" if quotient > 1 else "")
    return "—"


def losses_csv(fits: Sequence[FittedLoss], quantities: Sequence[str]) -> str:
    """The table of losses as CSV, with all digits; arguments as of :func:`losses_markdown`."""
    header = [field.name for field in dataclasses.fields(FittedLoss)]
    return csv_text(header, [dataclasses.astuple(fit) for fit in _by_layers(fits, quantities)])


# The two formats, and the bins that the tables share


def markdown_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _bin_titles(edges: Sequence[float]) -> list[str]:
    return [f"k {low:g}–{high:g}" for low, high in itertools.pairwise(edges)]


def _fine_bins_inside(
    comparison: Comparison, edges: Sequence[float]
) -> list[Bool[np.ndarray, " bins"]]:
    """For each coarse bin the fine bins with modes whose mean k is in it."""
    return [
        (comparison.modes > 0) & (comparison.k >= low) & (comparison.k < high)
        for low, high in itertools.pairwise(edges)
    ]
