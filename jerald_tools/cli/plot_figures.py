# SPDX-License-Identifier: GPL-3.0-or-later
"""plot-figures: the paper's figures, and tables of how good the maps are."""

from pathlib import Path

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.command_group import command_group
from jerald_tools.targets.registry import NAMES

main = command_group(
    "plot-figures",
    example="""
    plot-figures slices dm_z2.h5 --reference dm_ref_z2.h5 -o maps.png
    plot-figures spectra dm_z5.csv dm_z2.csv --baseline fastpm_z2.csv -o power.png
    plot-figures relative-difference dm_z2.h5 --reference dm_ref_z2.h5 --region test -o cube.png
    plot-figures distribution dm_z2.h5 --reference dm_ref_z2.h5 -o distribution.png
    plot-figures table dm_z5.csv dm_z2.csv -o quality.md
    plot-figures coverage dm_z5_band.csv dm_z2_band.csv -o coverage.md
    plot-figures losses dm_z2.json dm_z2_without_layers.json -o losses.md
    plot-figures scaling ranks1.json ranks2.json -o figure2.png
    """,
    help_text="Draw maps and spectra beside their reference, in the manner of the paper. Each "
    "subcommand has its own --help.",
)

FIGURE_SUFFIXES = (".png", ".pdf", ".svg")
TABLE_SUFFIXES = (".md", ".csv")

models_argument = click.argument("models", nargs=-1, required=True, type=click.Path())
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
    "-o", "--output", required=True, type=click.Path(), help="Figure: .png, .pdf or .svg."
)
table_option = click.option(
    "-o", "--output", required=True, type=click.Path(), help="Table: .md (Markdown) or .csv."
)


def _write_on_root(run: Run, output: str, suffixes: tuple[str, ...], make) -> None:
    """Write what ``make()`` returns: all work is rank 0's, its errors are everyone's."""
    if Path(output).suffix.lower() not in suffixes:
        raise click.UsageError(
            f"{output}: the name of the output must end in {', '.join(suffixes)}"
        )

    import matplotlib

    from jerald_tools.analysis.figures.style import SETTINGS
    from jerald_tools.io.atomic import atomic_write, check_target
    from jerald_tools.mesh.ranks import on_root, world

    def work():
        check_target(output, run.force)
        with matplotlib.rc_context(SETTINGS):
            made = make()
            with atomic_write(output, run.force) as temporary:
                if isinstance(made, str):
                    temporary.write_text(made, encoding="utf-8")
                else:
                    made.savefig(temporary, format=Path(output).suffix[1:].lower())

    on_root(world(), work)


@command(
    "slices",
    example="""
    plot-figures slices dm_z2.h5 stars_z2.h5 --reference dm_ref_z2.h5 --reference stars_ref_z2.h5 \
        -o maps.png
    """,
)
@models_argument
@references_option
@click.option(
    "--test-region/--no-test-region",
    default=True,
    show_default=True,
    help="Mark the test region of the training split with a red square.",
)
@figure_option
def slices(run: Run, models, references, test_region, output):
    """Slices through maps, reference beside model (figures 3 and 9 of the paper).

    An eighth of the box thick, out of the half that no fit was trained on.
    """

    def make():
        from jerald_tools.analysis.figures.slices import plot_slices
        from jerald_tools.analysis.tables import in_order
        from jerald_tools.cli.figure_inputs import load_pairs, shape_of_test_region

        pairs = in_order(load_pairs(models, references), NAMES)
        return plot_slices(pairs, shape_of_test_region(pairs), mark_test_region=test_region)

    _write_on_root(run, output, FIGURE_SUFFIXES, make)


@command(
    "spectra",
    example="""
    plot-figures spectra dm_z5.csv dm_z2.csv --baseline fastpm_z5.csv --baseline fastpm_z2.csv \
        -o power.png
    """,
)
@click.argument("spectra_files", metavar="SPECTRA...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    type=click.Path(),
    help="Spectrum of FastPM alone, drawn dotted; may be given several times.",
)
@figure_option
def spectra(run: Run, spectra_files, baselines, output):
    """P(k), P / P_ref and r(k) from files of powerspec (figures 6, 7, 8 and 10 of the paper).

    A column for each quantity, a colour for each redshift.
    """

    def make():
        from jerald_tools.analysis.figures.spectra import plot_spectra
        from jerald_tools.analysis.tables import in_order
        from jerald_tools.cli.figure_inputs import load_curve

        curves = [load_curve(path) for path in spectra_files]
        curves += [load_curve(path, is_baseline=True) for path in baselines]
        return plot_spectra(in_order(curves, NAMES))

    _write_on_root(run, output, FIGURE_SUFFIXES, make)


@command(
    "relative-difference",
    example="""
    plot-figures relative-difference dm_z2.h5 --reference dm_ref_z2.h5 --region test -o cube.png
    """,
)
@models_argument
@references_option
@click.option(
    "--region",
    type=click.Choice(["all", "test"]),
    default="all",
    show_default=True,
    help="The whole box, or the test region of the training split.",
)
@figure_option
def relative_difference(run: Run, models, references, region, output):
    """Relative difference of model and reference along z (figures 4 and 5 of the paper).

    Maps are clipped below half of the reference's mean and smoothed over 0.2 Mpc/h before.
    """

    def make():
        from jerald_tools.analysis.figures.relative_difference import plot_relative_difference
        from jerald_tools.analysis.tables import in_order
        from jerald_tools.cli.figure_inputs import load_pairs, shape_of_test_region

        pairs = in_order(load_pairs(models, references), NAMES)
        return plot_relative_difference(
            pairs, shape_of_test_region(pairs) if region == "test" else None
        )

    _write_on_root(run, output, FIGURE_SUFFIXES, make)


@command(
    "distribution",
    example="""
    plot-figures distribution hi_z2.h5 --reference hi_ref_z2.h5 -o distribution.png
    """,
)
@models_argument
@references_option
@figure_option
def distribution(run: Run, models, references, output):
    """One-point distribution of maps: share of the cells by value, and of the total above it."""

    def make():
        from jerald_tools.analysis.figures.distribution import plot_distribution
        from jerald_tools.analysis.tables import in_order
        from jerald_tools.cli.figure_inputs import load_pairs

        return plot_distribution(in_order(load_pairs(models, references), NAMES))

    _write_on_root(run, output, FIGURE_SUFFIXES, make)


@command(
    "table",
    example="""
    plot-figures table dm_z5.csv dm_z2.csv -o quality.md
    plot-figures table paper/dm_z2.json dm_z2.json -o validation.md
    """,
)
@click.argument("files", metavar="SPECTRA|FITS...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--by-quantity",
    is_flag=True,
    help="Order rows by quantity and redshift, whatever the order of the files.",
)
@table_option
def table(run: Run, files, by_quantity, output):
    """Mean, P / P_ref and r(k) in five bins of k, a row for each file of powerspec.

    Of a fit it is what the fit says of its own map in the validation region, where it was chosen.

    Bins where the map is poor (P / P_ref not within 70 %, or r below 0.7) are marked.
    """

    def make():
        from jerald_tools.analysis.tables import in_order, quality_csv, quality_markdown
        from jerald_tools.cli.figure_inputs import load_measured_map

        write = quality_markdown if output.lower().endswith(".md") else quality_csv
        maps = [load_measured_map(path) for path in files]
        return write(in_order(maps, NAMES) if by_quantity else maps)

    _write_on_root(run, output, TABLE_SUFFIXES, make)


@command("coverage", example="plot-figures coverage dm_z5.csv dm_z2.csv -o coverage.md")
@click.argument("spectra_files", metavar="SPECTRA...", nargs=-1, required=True, type=click.Path())
@table_option
def coverage(run: Run, spectra_files, output):
    """In how many bins the ensembles' bands hold the reference, a row for each file with a band."""

    def make():
        from jerald_tools.analysis.tables import coverage_csv, coverage_markdown
        from jerald_tools.cli.figure_inputs import load_banded_map

        write = coverage_markdown if output.lower().endswith(".md") else coverage_csv
        return write([load_banded_map(path) for path in spectra_files])

    _write_on_root(run, output, TABLE_SUFFIXES, make)


@command("losses", example="plot-figures losses dm_z2.json dm_z2_without_layers.json -o losses.md")
@click.argument("fits", nargs=-1, required=True, type=click.Path())
@table_option
def losses(run: Run, fits, output):
    """Losses of fits in each region, beside those of the fits without layers (--layers 0)."""

    def make():
        from jerald_tools.analysis.tables import losses_csv, losses_markdown
        from jerald_tools.cli.figure_inputs import load_fitted_loss

        write = losses_markdown if output.lower().endswith(".md") else losses_csv
        return write([load_fitted_loss(path) for path in fits], NAMES)

    _write_on_root(run, output, TABLE_SUFFIXES, make)


@command("scaling", example="plot-figures scaling ranks1.json ranks2.json -o figure2.png")
@click.argument("measurements", nargs=-1, required=True, type=click.Path())
@figure_option
def scaling(run: Run, measurements, output):
    """Time and memory of an optimisation step against ranks (figure 2 of the paper).

    From what benchmarks/step.py --json prints, one file for each number of ranks.
    """

    def make():
        from jerald_tools.analysis.figures.scaling import plot_scaling
        from jerald_tools.cli.figure_inputs import load_measured_steps

        return plot_scaling(load_measured_steps(measurements))

    _write_on_root(run, output, FIGURE_SUFFIXES, make)


for subcommand in (
    slices,
    spectra,
    relative_difference,
    distribution,
    table,
    coverage,
    losses,
    scaling,
):
    main.add_command(subcommand)
