# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the paper and tables of quality, each drawn by rank 0 from files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib.style
from matplotlib.figure import Figure

from jerald_tools.analysis import tables
from jerald_tools.analysis.cell_table import cell_agreement, cells_csv, cells_markdown
from jerald_tools.analysis.figures.distribution import plot_distribution
from jerald_tools.analysis.figures.heatmap import plot_heatmap
from jerald_tools.analysis.figures.relative_difference import plot_relative_difference
from jerald_tools.analysis.figures.scaling import plot_scaling
from jerald_tools.analysis.figures.slices import plot_slices
from jerald_tools.analysis.figures.spectra import plot_spectra
from jerald_tools.analysis.figures.style import SETTINGS
from jerald_tools.analysis.tables import MeasuredMap
from jerald_tools.io.atomic import atomic_write, check_target
from jerald_tools.mesh.ranks import on_root, world
from jerald_tools.quantities import NAMES
from jerald_tools.stages.figure_inputs import (
    load_banded_map,
    load_curve,
    load_fitted_loss,
    load_measured_map,
    load_measured_steps,
    load_pairs,
    shape_of_test_region,
)
from jerald_tools.stages.run import Run

# All of these raise BadInput on every rank for a file that cannot be used, and write a figure
# (.png, .pdf or .svg) or a table (.md or .csv) by the suffix of the output.


def slices(
    run: Run,
    models: Sequence[str],
    references: Sequence[str],
    output: str,
    test_region: bool = True,
) -> None:
    """Draw slices through maps, reference beside model, the test region marked or not."""

    def draw() -> Figure:
        pairs = tables.in_order(load_pairs(models, references), NAMES)
        return plot_slices(pairs, shape_of_test_region(pairs), mark_test_region=test_region)

    write_figure(run, output, draw)


def spectra(
    run: Run, spectra_files: Sequence[str], output: str, baselines: Sequence[str] = ()
) -> None:
    """Draw P(k), P / P_ref and r(k) of spectra, those of baselines dotted."""

    def draw() -> Figure:
        curves = [load_curve(path) for path in spectra_files]
        curves += [load_curve(path, is_baseline=True) for path in baselines]
        return plot_spectra(tables.in_order(curves, NAMES))

    write_figure(run, output, draw)


def relative_difference(
    run: Run, models: Sequence[str], references: Sequence[str], output: str, region: str = "all"
) -> None:
    """Draw the relative difference of maps along z, in the whole box or the "test" region."""

    def draw() -> Figure:
        pairs = tables.in_order(load_pairs(models, references), NAMES)
        return plot_relative_difference(
            pairs, shape_of_test_region(pairs) if region == "test" else None
        )

    write_figure(run, output, draw)


def distribution(run: Run, models: Sequence[str], references: Sequence[str], output: str) -> None:
    """Draw the one-point distributions of maps beside those of their references."""

    def draw() -> Figure:
        return plot_distribution(tables.in_order(load_pairs(models, references), NAMES))

    write_figure(run, output, draw)


def heatmap(run: Run, files: Sequence[str], output: str, by_quantity: bool = False) -> None:
    """Draw the numbers of :func:`table` as heat maps of P / P_ref and r(k)."""
    write_figure(run, output, lambda: plot_heatmap(_measured_maps(files, by_quantity)))


def scaling(run: Run, measurements: Sequence[str], output: str) -> None:
    """Draw time and memory of an optimisation step against ranks, from benchmarks/step.py."""
    write_figure(run, output, lambda: plot_scaling(load_measured_steps(measurements)))


def table(run: Run, files: Sequence[str], output: str, by_quantity: bool = False) -> None:
    """Write mean, P / P_ref and r(k) in bins of k, a row for each spectrum or fit."""

    def write() -> str:
        maps = _measured_maps(files, by_quantity)
        return tables.quality_markdown(maps) if _is_markdown(output) else tables.quality_csv(maps)

    _write_table(run, output, write)


def cells(run: Run, models: Sequence[str], references: Sequence[str], output: str) -> None:
    """Write how well single cells of maps agree with their references, a row for each."""

    def write() -> str:
        pairs = tables.in_order(load_pairs(models, references), NAMES)
        rows = [cell_agreement(pair) for pair in pairs]
        return cells_markdown(rows) if _is_markdown(output) else cells_csv(rows)

    _write_table(run, output, write)


def coverage(run: Run, spectra_files: Sequence[str], output: str) -> None:
    """Write in how many bins the bands of ensembles hold the reference, a row for each."""

    def write() -> str:
        maps = [load_banded_map(path) for path in spectra_files]
        return tables.coverage_markdown(maps) if _is_markdown(output) else tables.coverage_csv(maps)

    _write_table(run, output, write)


def losses(run: Run, fits: Sequence[str], output: str) -> None:
    """Write the losses of fits in each region, beside those of the fits without layers."""

    def write() -> str:
        fitted = [load_fitted_loss(path) for path in fits]
        if _is_markdown(output):
            return tables.losses_markdown(fitted, NAMES)
        return tables.losses_csv(fitted, NAMES)

    _write_table(run, output, write)


def _measured_maps(files: Sequence[str], by_quantity: bool) -> list[MeasuredMap]:
    """A row for each file, in the order of the files or by quantity and redshift."""
    maps = [load_measured_map(path) for path in files]
    return tables.in_order(maps, NAMES) if by_quantity else maps


def _is_markdown(output: str) -> bool:
    return Path(output).suffix.lower() == ".md"


def write_figure(run: Run, output: str, draw: Callable[[], Figure]) -> None:
    """Draw and save on rank 0; what goes wrong there is raised on every rank."""

    def work() -> None:
        check_target(output, run.force)
        with matplotlib.style.context(SETTINGS):
            figure = draw()
            with atomic_write(output, run.force) as temporary:
                figure.savefig(temporary, format=Path(output).suffix[1:].lower())

    on_root(world(), work)


def _write_table(run: Run, output: str, write: Callable[[], str]) -> None:
    """Write a text on rank 0; what goes wrong there is raised on every rank."""

    def work() -> None:
        check_target(output, run.force)
        text = write()
        with atomic_write(output, run.force) as temporary:
            temporary.write_text(text, encoding="utf-8")

    on_root(world(), work)
