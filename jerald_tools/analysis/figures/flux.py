# SPDX-License-Identifier: GPL-3.0-or-later
"""Flux along lines of sight beside the reference's: lines, their power and their distribution."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jerald_tools.analysis.figures.style import CURVE_COLOURS, new_figure, redshift_label

LINES = 4


@dataclasses.dataclass(frozen=True)
class DrawnFlux:
    """What is drawn of a file of lines.

    Attributes:
        redshift: of the lines.
        velocity: middles of the pixels [km/s].
        lines: flux of a few lines, (lines, pixels).
        k: of the power along lines [s/km].
        power: of F / <F> - 1 [km/s].
        density: of pixels in equally wide bins of flux from 0 to 1.
    """

    redshift: float
    velocity: Float[np.ndarray, " pixels"]
    lines: Float[np.ndarray, "lines pixels"]
    k: Float[np.ndarray, " bins"]
    power: Float[np.ndarray, " bins"]
    density: Float[np.ndarray, " flux_bins"]


def plot_flux(models: Sequence[DrawnFlux], reference: DrawnFlux | None) -> Figure:
    """Lines on the left; k P(k) / pi, its ratio to the reference's, and the PDF on the right.

    The first model is drawn as a dashed line; with more, the range of them all is shaded.

    Args:
        models: lines in the same places.
        reference: lines in the same places too, solid; None for none.
    """
    figure = new_figure(9.0, 6.2)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[1.25, 1])[0]
    _draw_lines(
        left.subplots(len(models[0].lines), 1, sharex=True, squeeze=False), models, reference
    )
    power, ratio, density = right.subplots(3, 1, height_ratios=[1.6, 1, 1.6])
    _draw_power(power, ratio, models, reference)
    _draw_density(density, models, reference)
    handles = [Line2D([], [], color=CURVE_COLOURS[1], linestyle="--", label="model")]
    if reference is not None:
        handles.append(Line2D([], [], color=CURVE_COLOURS[0], label="reference"))
    power.legend(handles=handles, frameon=False)
    power.set_title(redshift_label(models[0].redshift))
    return figure


def _draw_lines(
    panels: np.ndarray, models: Sequence[DrawnFlux], reference: DrawnFlux | None
) -> None:
    for number, (axes,) in enumerate(panels):
        if reference is not None:
            axes.plot(reference.velocity, reference.lines[number], color=CURVE_COLOURS[0], lw=0.9)
        model = models[0]
        axes.plot(model.velocity, model.lines[number], "--", color=CURVE_COLOURS[1], lw=0.9)
        axes.set_ylim(-0.05, 1.05)
        axes.set_ylabel("$F$")
    panels[-1, 0].set_xlabel("velocity [km/s]")
    panels[-1, 0].set_xlim(models[0].velocity[0], models[0].velocity[-1])


def _draw_power(
    top: Axes, bottom: Axes, models: Sequence[DrawnFlux], reference: DrawnFlux | None
) -> None:
    k = models[0].k
    if reference is not None:
        top.plot(k, k * reference.power / np.pi, color=CURVE_COLOURS[0])
    _draw_models(top, k, [k * model.power / np.pi for model in models])
    top.set_yscale("log")
    top.set_ylabel(r"$k P(k) / \pi$")
    bottom.set_ylabel(r"$P / P_\mathrm{ref}$")
    if reference is not None:
        _draw_models(bottom, k, [model.power / reference.power for model in models])
        for level in (0.9, 1.0, 1 / 0.9):
            bottom.axhline(level, color="0.6", linewidth=0.6, linestyle="-.", zorder=0)
        bottom.set_ylim(0.5, 1.5)
    for axes in (top, bottom):
        axes.set_xscale("log")
        axes.set_xlim(k[0], k[-1])
    bottom.set_xlabel("$k$ [s/km]")


def _draw_density(axes: Axes, models: Sequence[DrawnFlux], reference: DrawnFlux | None) -> None:
    bins = len(models[0].density)
    middles = (np.arange(bins) + 0.5) / bins
    if reference is not None:
        axes.plot(middles, reference.density, color=CURVE_COLOURS[0], drawstyle="steps-mid")
    _draw_models(axes, middles, [model.density for model in models], drawstyle="steps-mid")
    axes.set_yscale("log")
    axes.set_xlabel("$F$")
    axes.set_ylabel("PDF")


def _draw_models(
    axes: Axes, x: np.ndarray, curves: Sequence[np.ndarray], drawstyle: str = "default"
) -> None:
    axes.plot(x, curves[0], "--", color=CURVE_COLOURS[1], drawstyle=drawstyle)
    if len(curves) > 1:
        low, high = np.min(curves, axis=0), np.max(curves, axis=0)
        axes.fill_between(x, low, high, color=CURVE_COLOURS[1], alpha=0.2, linewidth=0)
