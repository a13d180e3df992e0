# SPDX-License-Identifier: GPL-3.0-or-later
"""Power spectra, their ratio and r(k), model against reference (figures 6, 7, 8 and 10)."""

import dataclasses

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jerald_tools.analysis.band import Band
from jerald_tools.analysis.figures.style import (
    CURVE_COLOURS,
    in_order,
    new_figure,
    plain_logarithmic_ticks,
    quantity_style,
    redshift_label,
)
from jerald_tools.analysis.power_spectrum import Comparison


@dataclasses.dataclass(frozen=True)
class Curve:
    """One comparison to draw.

    Attributes:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        redshift: of the maps.
        comparison: powers of model and reference.
        is_baseline: whether the "model" is FastPM alone (dotted), without the trained layers.
        power_band: of an ensemble's power, drawn shaded.
        correlation_band: of its r(k).
    """

    quantity: str
    redshift: float
    comparison: Comparison
    is_baseline: bool = False
    power_band: Band | None = None
    correlation_band: Band | None = None


def plot_spectra(curves: list[Curve]) -> Figure:
    """A column for each quantity: P(k) on top, P / P_ref in the middle, r(k) below.

    Reference solid, model dashed, FastPM alone dotted; a colour for each redshift. The model of an
    ensemble is its median, with its band shaded.
    """
    quantities, redshifts = in_order(curves)
    colours = {z: CURVE_COLOURS[i % len(CURVE_COLOURS)] for i, z in enumerate(redshifts)}
    figure = new_figure(4.0 * len(quantities) + 0.4, 6.2)
    grid = figure.subplots(
        3, len(quantities), squeeze=False, sharex="col", height_ratios=[2.2, 1, 1]
    )
    for column, quantity in enumerate(quantities):
        panels = grid[:, column]
        for curve in curves:
            if curve.quantity == quantity:
                _draw_curve(panels, curve, colours[curve.redshift])
        _label_column(panels, quantity, is_first=column == 0)
    handles = [Line2D([], [], color=colours[z], label=redshift_label(z)) for z in redshifts]
    handles += [
        Line2D([], [], color="0.3", linestyle="-", label="reference"),
        Line2D([], [], color="0.3", linestyle="--", label="model"),
    ]
    if any(curve.is_baseline for curve in curves):
        handles.append(Line2D([], [], color="0.3", linestyle=":", label="FastPM alone"))
    if any(curve.power_band is not None for curve in curves):
        handles.append(Patch(color="0.3", alpha=0.2, linewidth=0, label="68 % band"))
    grid[0, 0].legend(handles=handles, frameon=False, loc="lower left")
    return figure


def _draw_curve(panels, curve: Curve, colour: str) -> None:
    comparison, style = curve.comparison, ":" if curve.is_baseline else "--"
    top, middle, bottom = panels
    if not curve.is_baseline:
        top.plot(comparison.k, _positive(comparison.reference_power), color=colour, alpha=0.8)
    top.plot(comparison.k, _positive(comparison.power), linestyle=style, color=colour)
    middle.plot(comparison.k, comparison.ratio, linestyle=style, color=colour)
    bottom.plot(comparison.k, comparison.r, linestyle=style, color=colour)
    if curve.power_band is not None:
        edges = (curve.power_band.low, curve.power_band.high)
        shaded = {"color": colour, "alpha": 0.2, "linewidth": 0}
        top.fill_between(comparison.k, *map(_positive, edges), **shaded)
        middle.fill_between(
            comparison.k, *(edge / comparison.reference_power for edge in edges), **shaded
        )
        r = curve.correlation_band
        bottom.fill_between(comparison.k, r.low, r.high, **shaded)


def _positive(power: np.ndarray) -> np.ndarray:
    """Power for a logarithmic axis: a gap where there is none."""
    return np.where(power > 0, power, np.nan)


def _label_column(panels, quantity: str, is_first: bool) -> None:
    top, middle, bottom = panels
    top.set_title(quantity_style(quantity).name)
    top.set_xscale("log")
    top.set_yscale("log")
    plain_logarithmic_ticks(bottom.xaxis)
    # The paper's measure: within 90 % means a ratio of 0.9 to 1/0.9.
    for edge in (0.9, 1 / 0.9):
        middle.axhline(edge, color="0.6", linewidth=0.6, linestyle="-.", zorder=0)
    for axes in (middle, bottom):
        axes.axhline(1.0, color="0.6", linewidth=0.8, zorder=0)
    _show_at_least(middle, 0.7, 1.3, limit=(0.0, 3.0))
    _show_at_least(bottom, 0.9, 1.01, limit=(-0.1, 1.01))
    bottom.set_xlabel("$k$ [$h$/Mpc]")
    if is_first:
        top.set_ylabel("$P(k)$ [(Mpc/$h$)$^3$]")
        middle.set_ylabel("$P / P_\\mathrm{ref}$")
        bottom.set_ylabel("$r(k)$")


def _show_at_least(axes, low: float, high: float, limit: tuple[float, float]) -> None:
    """Let the y axis follow the curves, but span [low, high] and stay within the limit."""
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(min(bottom, low), limit[0]), min(max(top, high), limit[1]))
