# SPDX-License-Identifier: GPL-3.0-or-later
"""plot-figures: the paper's figures, and tables of how good the maps are."""

from collections.abc import Callable
from pathlib import Path

import click

from jerald_tools.cli.command import command, command_group

main = command_group(
    "plot-figures",
    example="""
    plot-figures slices dm_z2.h5 --reference dm_ref_z2.h5 -o maps.png
    plot-figures spectra dm_z5.csv dm_z2.csv --baseline fastpm_z2.csv -o power.png
    plot-figures relative-difference dm_z2.h5 --reference dm_ref_z2.h5 --region test -o cube.png
    plot-figures distribution dm_z2.h5 --reference dm_ref_z2.h5 -o distribution.png
    plot-figures heatmap dm_z5.csv dm_z2.csv -o quality.png
    plot-figures table dm_z5.csv dm_z2.csv -o quality.md
    plot-figures cells dm_z2.h5 --reference dm_ref_z2.h5 -o cells.md
    plot-figures coverage dm_z5_band.csv dm_z2_band.csv -o coverage.md
    plot-figures losses dm_z2.json dm_z2_without_layers.json -o losses.md
    plot-figures flux skewers_z3.h5 --reference truth_z3.h5 -o flux.png
    plot-figures multipoles tb_z3.csv tb_z2.csv -o multipoles.png
    plot-figures scaling ranks1.json ranks2.json -o figure2.png
    """,
    help_text="Draw maps and spectra beside their reference, in the manner of the paper. Each "
    "subcommand has its own --help.",
)

FIGURE_SUFFIXES = (".png", ".pdf", ".svg")
TABLE_SUFFIXES = (".md", ".csv")


def _suffix_checked(*suffixes: str) -> Callable[[click.Context, click.Parameter, str], str]:
    """The callback of an output whose name must end in one of some suffixes."""

    def check(context: click.Context, parameter: click.Parameter, output: str) -> str:
        if Path(output).suffix.lower() not in suffixes:
            raise click.UsageError(
                f"{output}: the name of the output must end in {', '.join(suffixes)}"
            )
        return output

    return check


def path_arguments(name: str, metavar: str | None = None) -> Callable:
    """One or more files."""
    return click.argument(name, metavar=metavar, nargs=-1, required=True, type=click.Path())


references_option = click.option(
    "--reference",
    "references",
    multiple=True,
    required=True,
    type=click.Path(),
    help="Reference map; once for each model, in any order: partners are found by quantity and "
    "redshift.",
)
figure_option = click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(),
    callback=_suffix_checked(*FIGURE_SUFFIXES),
    help="Figure: .png, .pdf or .svg.",
)
table_option = click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(),
    callback=_suffix_checked(*TABLE_SUFFIXES),
    help="Table: .md (Markdown) or .csv.",
)


@command(
    "slices",
    body="jerald_tools.stages.figures:slices",
    example="""
    plot-figures slices dm_z2.h5 stars_z2.h5 --reference dm_ref_z2.h5 --reference stars_ref_z2.h5 \
        -o maps.png
    """,
    computes=False,
)
@path_arguments("models")
@references_option
@click.option(
    "--test-region/--no-test-region",
    default=True,
    show_default=True,
    help="Mark the test region of the training split with a red square.",
)
@figure_option
def slices(**options) -> dict:
    """Slices through maps, reference beside model (figures 3 and 9 of the paper).

    An eighth of the box thick, out of the half that no fit was trained on.
    """
    return options


@command(
    "spectra",
    body="jerald_tools.stages.figures:spectra",
    example="""
    plot-figures spectra dm_z5.csv dm_z2.csv --baseline fastpm_z5.csv --baseline fastpm_z2.csv \
        -o power.png
    """,
    computes=False,
)
@path_arguments("spectra_files", "SPECTRA...")
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    type=click.Path(),
    help="Spectrum of FastPM alone, drawn dotted; may be given several times.",
)
@figure_option
def spectra(**options) -> dict:
    """P(k), P / P_ref and r(k) from files of powerspec (figures 6, 7, 8 and 10 of the paper).

    A column for each quantity, a colour for each redshift.
    """
    return options


@command(
    "relative-difference",
    body="jerald_tools.stages.figures:relative_difference",
    example="""
    plot-figures relative-difference dm_z2.h5 --reference dm_ref_z2.h5 --region test -o cube.png
    """,
    computes=False,
)
@path_arguments("models")
@references_option
@click.option(
    "--region",
    type=click.Choice(["all", "test"]),
    default="all",
    show_default=True,
    help="The whole box, or the test region of the training split.",
)
@figure_option
def relative_difference(**options) -> dict:
    """Relative difference of model and reference along z (figures 4 and 5 of the paper).

    Maps are clipped below half of the reference's mean and smoothed over 0.2 Mpc/h before.
    """
    return options


@command(
    "distribution",
    body="jerald_tools.stages.figures:distribution",
    example="""
    plot-figures distribution hi_z2.h5 --reference hi_ref_z2.h5 -o distribution.png
    """,
    computes=False,
)
@path_arguments("models")
@references_option
@figure_option
def distribution(**options) -> dict:
    """One-point distribution of maps: share of the cells by value, and of the total above it."""
    return options


measured_arguments = path_arguments("files", "SPECTRA|FITS...")
by_quantity_option = click.option(
    "--by-quantity",
    is_flag=True,
    help="Order rows by quantity and redshift, regardless of the order of the files.",
)


@command(
    "heatmap",
    body="jerald_tools.stages.figures:heatmap",
    example="""
    plot-figures heatmap dm_z5.csv dm_z2.csv stars_z5.csv stars_z2.csv -o quality.png
    """,
    computes=False,
)
@measured_arguments
@by_quantity_option
@figure_option
def heatmap(**options) -> dict:
    """The numbers of `table` as two heat maps, P / P_ref and r(k): a row for each file.

    Numbers of poor bins are bold; bins without modes are grey.
    """
    return options


@command(
    "table",
    body="jerald_tools.stages.figures:table",
    example="""
    plot-figures table dm_z5.csv dm_z2.csv -o quality.md
    plot-figures table paper/dm_z2.json dm_z2.json -o validation.md
    """,
    computes=False,
)
@measured_arguments
@by_quantity_option
@table_option
def table(**options) -> dict:
    """Mean, P / P_ref and r(k) in five bins of k, a row for each file of powerspec.

    The row of a fit is what the fit states of its own map in the validation region, on which it was
    selected.

    Bins where the map is poor (P / P_ref not within 70 %, or r below 0.7) are marked.
    """
    return options


@command(
    "cells",
    body="jerald_tools.stages.figures:cells",
    example="plot-figures cells hi_z2.h5 --reference hi_ref_z2.h5 -o cells.md",
    computes=False,
)
@path_arguments("models")
@references_option
@table_option
def cells(**options) -> dict:
    """Correlation of the logarithms of cells, and the share of nearly empty ones."""
    return options


@command(
    "coverage",
    body="jerald_tools.stages.figures:coverage",
    example="plot-figures coverage dm_z5.csv dm_z2.csv -o coverage.md",
    computes=False,
)
@path_arguments("spectra_files", "SPECTRA...")
@table_option
def coverage(**options) -> dict:
    """In how many bins the ensembles' bands hold the reference, a row for each file with a band."""
    return options


@command(
    "losses",
    body="jerald_tools.stages.figures:losses",
    example="plot-figures losses dm_z2.json dm_z2_without_layers.json -o losses.md",
    computes=False,
)
@path_arguments("fits")
@table_option
def losses(**options) -> dict:
    """Losses of fits in each region, beside those of the fits without layers (--layers 0)."""
    return options


@command(
    "scaling",
    body="jerald_tools.stages.figures:scaling",
    example="plot-figures scaling ranks1.json ranks2.json -o figure2.png",
    computes=False,
)
@path_arguments("measurements")
@figure_option
def scaling(**options) -> dict:
    """Time and memory of an optimisation step against ranks (figure 2 of the paper).

    From what benchmarks/step.py --json prints, one file for each number of ranks.
    """
    return options


@command(
    "flux",
    body="jerald_tools.stages.observable_figures:flux",
    example="plot-figures flux skewers_z3.h5 --reference truth_z3.h5 -o flux.png",
)
@path_arguments("models")
@click.option("--reference", type=click.Path(), help="Lines in the same places to compare with.")
@figure_option
def flux(**options) -> dict:
    """Lines of sight, the power of flux along them, and its distribution.

    MODELS are files of skewers: the first is drawn, of several the range is shaded.
    """
    return options


@command(
    "multipoles",
    body="jerald_tools.stages.observable_figures:multipoles",
    example="plot-figures multipoles tb_z3.csv tb_z2.csv -o multipoles.png",
)
@path_arguments("spectra_files", "SPECTRA...")
@figure_option
def multipoles(**options) -> dict:
    """P0 and P2 / P0 of powerspec --multipoles, with the reference's where there is one."""
    return options


for subcommand in (
    slices,
    spectra,
    relative_difference,
    distribution,
    heatmap,
    table,
    cells,
    coverage,
    losses,
    scaling,
    flux,
    multipoles,
):
    main.add_command(subcommand)
