# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of flux along lines of sight and of fields in redshift space, drawn by rank 0."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from jerald_tools.analysis.figures.flux import LINES, DrawnFlux, plot_flux
from jerald_tools.analysis.figures.multipoles import plot_multipoles
from jerald_tools.errors import BadInput
from jerald_tools.io.skewers import SkewersFile
from jerald_tools.io.spectra import read_spectrum
from jerald_tools.lines.flux_statistics import flux_distribution, line_power
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.stages.figures import write_figure
from jerald_tools.stages.run import Run

POWER_BINS = 14
LARGEST_K = 0.1
"""Of the power of flux [s/km]: the thermal width of lines ends it there."""

MULTIPOLES = ("k", "P0", "P2", "P4", "modes")


def flux(run: Run, models: Sequence[str], output: str, reference: str | None = None) -> None:
    """Draw lines of sight, their power and their distribution, beside a reference's.

    Args:
        run: how the stage runs.
        models: files of lines in the same places; of several the range is shaded.
        output: figure.
        reference: another file of lines in these places.

    Raises:
        BadInput: on every rank, if a file cannot be used, or its lines are others.
    """

    def draw() -> Figure:
        drawn = [_drawn_flux(path) for path in [*models, *([reference] if reference else [])]]
        for path, one in zip([*models, reference], drawn, strict=False):
            if one.lines.shape != drawn[0].lines.shape or one.k.shape != drawn[0].k.shape:
                raise BadInput(
                    f"{path}: has other lines or pixels than {models[0]}: draw them alike"
                )
        return plot_flux(drawn[: len(models)], drawn[-1] if reference else None)

    write_figure(run, output, draw)


def multipoles(run: Run, spectra_files: Sequence[str], output: str) -> None:
    """Draw the monopole and the quadrupole of tables of ``powerspec --multipoles``.

    Raises:
        BadInput: on every rank, if a file is no such table.
    """

    def draw() -> Figure:
        tables = []
        for path in spectra_files:
            columns, notes = read_spectrum(path, required=MULTIPOLES)
            if "redshift" not in notes:
                raise BadInput(f"{path}: does not state its redshift; make it with powerspec")
            tables.append((float(notes["redshift"]), columns))
        return plot_multipoles(tables)

    write_figure(run, output, draw)


def _drawn_flux(path: str) -> DrawnFlux:
    """Statistics of a file of lines, read whole."""
    with SkewersFile(path) as file:
        header, pixels = file.header, file.shape[-1]
        values = np.exp(-file.read().reshape(-1, pixels).astype(np.float64))
    width = header.pixel_kms * pixels
    lowest = 2 * np.pi / width
    highest = max(min(np.pi / header.pixel_kms, LARGEST_K), 2 * lowest)
    edges = np.geomspace(0.99 * lowest, highest, POWER_BINS + 1).tolist()
    power = line_power(ONE_PROCESS, [(values, values)], pixels, width, edges)
    _, density = flux_distribution(ONE_PROCESS, [values])
    chosen = np.linspace(0, len(values) - 1, min(LINES, len(values))).astype(int)
    full = power.modes > 0
    return DrawnFlux(
        redshift=header.redshift,
        velocity=(np.arange(pixels) + 0.5) * header.pixel_kms,
        lines=values[chosen],
        k=power.k[full],
        power=power.power[full],
        density=density,
    )
