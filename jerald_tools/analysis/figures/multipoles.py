# SPDX-License-Identifier: GPL-3.0-or-later
"""Monopole and quadrupole of fields in redshift space, model beside reference."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from jerald_tools.analysis.figures.style import (
    colour_of,
    curve_handles,
    new_figure,
    plain_logarithmic_ticks,
)


def plot_multipoles(spectra: Sequence[tuple[float, Mapping[str, np.ndarray]]]) -> Figure:
    """P0 on the left, P2 / P0 on the right; a colour for each redshift.

    Args:
        spectra: redshift and columns of each table of multipoles; where these have a reference it
            is drawn too, solid.
    """
    redshifts = sorted({redshift for redshift, _ in spectra}, reverse=True)
    figure = new_figure(8.0, 3.4)
    left, right = figure.subplots(1, 2)
    for redshift, columns in spectra:
        colour, k = colour_of(redshift, redshifts), columns["k"]
        left.plot(k, columns["P0"], "--", color=colour)
        right.plot(k, columns["P2"] / columns["P0"], "--", color=colour)
        if "P0_ref" in columns:
            left.plot(k, columns["P0_ref"], color=colour)
            right.plot(k, columns["P2_ref"] / columns["P0_ref"], color=colour)
    left.set_yscale("log")
    left.set_ylabel("$P_0$ [(Mpc/$h$)$^3$]")
    right.set_ylabel("$P_2 / P_0$")
    right.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    for axes in (left, right):
        axes.set_xscale("log")
        plain_logarithmic_ticks(axes.xaxis)
        axes.set_xlabel("$k$ [$h$/Mpc]")
    handles = curve_handles(redshifts)
    if not any("P0_ref" in columns for _, columns in spectra):
        handles = handles[: len(redshifts)]
    left.legend(handles=handles, frameon=False)
    return figure
