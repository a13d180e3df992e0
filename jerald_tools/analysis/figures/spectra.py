# SPDX-License-Identifier: GPL-3.0-or-later
"""Power spectra, their ratio and r(k), model against reference (figures 6, 7, 8 and 10)."""

import dataclasses

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jerald_tools.analysis.band import Band
from jerald_tools.analysis.figures.style import (
    colour_of,
    curve_handles,
    distinct_redshifts,
    new_figure,
    plain_logarithmic_ticks,
    styles_by_quantity,
)
from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.analysis.power_spectrum import Comparison


@dataclasses.dataclass(frozen=True)
class Curve:
    """The spectrum of a model map and its reference.

    Attributes:
        quantity: its name.
        style: how the quantity is named.
        redshift: of the maps.
        comparison: powers of model and reference.
        is_baseline: whether the "model" is FastPM alone (dotted), without the trained layers.
        power_band: the band of an ensemble's power, drawn shaded; None for a single map.
        correlation_band: the band of its r(k).
    """

    quantity: str
    style: MapStyle
    redshift: float
    comparison: Comparison
    is_baseline: bool = False
    power_band: Band | None = None
    correlation_band: Band | None = None


def plot_spectra(curves: list[Curve]) -> Figure:
    """A column for each quantity: P(k) on top, P / P_ref in the middle, r(k) below.

    Reference solid, model dashed, FastPM alone dotted; a colour for each redshift. The model of an
    ensemble is its median, with its band shaded. Quantities are in the order in which they first
    appear.
    """
    styles, redshifts = styles_by_quantity(curves), distinct_redshifts(curves)
    figure = new_figure(4.0 * len(styles) + 0.4, 6.2)
    grid = figure.subplots(3, len(styles), squeeze=False, sharex="col", height_ratios=[2.2, 1, 1])
    for panels, (quantity, style) in zip(grid.T, styles.items(), strict=True):
        for curve in curves:
            if curve.quantity == quantity:
                _draw_curve(panels, curve, colour_of(curve.redshift, redshifts))
        _label_column(panels, style.label)
    for axes, label in zip(
        grid[:, 0],
        ("$P(k)$ [(Mpc/$h$)$^3$]", "$P / P_\\mathrm{ref}$", "$r(k)$"),
        strict=True,
    ):
        axes.set_ylabel(label)
    handles: list[Line2D | Patch] = [*curve_handles(redshifts)]
    if any(curve.is_baseline for curve in curves):
        handles.append(Line2D([], [], color="0.3", linestyle=":", label="FastPM alone"))
    if any(curve.power_band is not None for curve in curves):
        handles.append(Patch(color="0.3", alpha=0.2, linewidth=0, label="68 % band"))
    grid[0, 0].legend(handles=handles, frameon=False, loc="lower left")
    return figure


def _draw_curve(panels: np.ndarray, curve: Curve, colour: str) -> None:
    comparison, line = curve.comparison, ":" if curve.is_baseline else "--"
    k, reference = comparison.k, comparison.reference_power
    top, middle, bottom = panels
    if not curve.is_baseline:
        top.plot(k, _positive(reference), color=colour, alpha=0.8)
    top.plot(k, _positive(comparison.power), linestyle=line, color=colour)
    middle.plot(k, comparison.ratio, linestyle=line, color=colour)
    bottom.plot(k, comparison.r, linestyle=line, color=colour)
    shaded = {"color": colour, "alpha": 0.2, "linewidth": 0}
    if curve.power_band is not None:
        low, high = curve.power_band.low, curve.power_band.high
        top.fill_between(k, _positive(low), _positive(high), **shaded)
        middle.fill_between(k, low / reference, high / reference, **shaded)
    if curve.correlation_band is not None:
        bottom.fill_between(k, curve.correlation_band.low, curve.correlation_band.high, **shaded)


def _positive(power: Float[np.ndarray, " bins"]) -> Float[np.ndarray, " bins"]:
    """Power for a logarithmic axis: a gap in the curve where there is none."""
    return np.where(power > 0, power, np.nan)


def _label_column(panels: np.ndarray, title: str) -> None:
    top, middle, bottom = panels
    top.set_title(title)
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


def _show_at_least(axes: Axes, low: float, high: float, limit: tuple[float, float]) -> None:
    """Let the y axis follow the curves, but span [low, high] and stay within the limit."""
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(min(bottom, low), limit[0]), min(max(top, high), limit[1]))
