# SPDX-License-Identifier: GPL-3.0-or-later
"""powerspec: power of maps and particles, and how it compares with a reference's."""

import click

from jerald_tools.cli.command import command


@command(
    "powerspec",
    body="jerald_tools.stages.spectrum:measure_spectra",
    example="""
    powerspec hi_z2.h5 --reference hi_ref_z2.h5 -o hi_z2.csv
    powerspec hi_[0-6].h5 --band --reference hi_ref_z2.h5 -o hi_z2.csv
    powerspec skewers.h5 --reference truth.h5 -o p1d.csv
    powerspec hi_redshift_space.h5 --multipoles --los z -o multipoles.csv
    powerspec particles_z2.h5 --mesh 96 --window tsc --interlace --compensate -o '{name}_pk.csv'
    """,
    engine="nbodykit",
)
@click.argument("inputs", nargs=-1, required=True, type=click.Path())
@click.option("--reference", type=click.Path(), help="Map (or particles) to compare with.")
@click.option(
    "--mean",
    type=click.Choice(["reference", "own"]),
    help="Whose mean the overdensity is over.  [default: the reference's, if there is one]",
)
@click.option(
    "--region",
    type=click.Choice(["all", "training", "validation", "test"]),
    default="all",
    show_default=True,
    help="Only the nodes of this region of the training split, zero overdensity elsewhere.",
)
@click.option(
    "--edges",
    help="Edges of the k bins [h/Mpc], as 0.15,0.5,1.2.  [default: around multiples of 2 pi/L]",
)
@click.option("--label", help="Its name in the table of plot-figures.  [default: its region]")
@click.option(
    "--mesh",
    "nodes",
    type=click.IntRange(min=2),
    help="Nodes along x to paint particles on; cells are cubes.  [default: the reference's, else "
    "the particles' lattice]",
)
@click.option(
    "--window",
    type=click.Choice(["cic", "tsc"]),
    default="cic",
    show_default=True,
    help="Shape that particles are painted with.",
)
@click.option(
    "--band",
    is_flag=True,
    help="INPUTS are the members of one ensemble (paint --members all): write one spectrum, their "
    "median and the 68 % band around it.",
)
@click.option(
    "--multipoles",
    is_flag=True,
    help="P0, P2 and P4 of the power in the angle to the line of sight.",
)
@click.option(
    "--mu-bins",
    type=click.IntRange(min=1),
    metavar="N",
    help="Power in N bins of the cosine of that angle.",
)
@click.option(
    "--los",
    type=click.Choice(["x", "y", "z"]),
    help="Line of sight.  [default: the map's own, or that of the lines; z in real space]",
)
@click.option(
    "--pdf",
    is_flag=True,
    help="Of files of skewers: the distribution of flux in 20 bins, in place of its power.",
)
@click.option(
    "--units",
    type=click.Choice(["s/km", "h/Mpc"]),
    default="s/km",
    show_default=True,
    help="Of k along lines, and of --edges there.",
)
@click.option("--interlace", is_flag=True, help="Paint particles twice, half a cell aside.")
@click.option("--compensate", is_flag=True, help="Divide particles' spectra by their window.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(),
    help="CSV file; of several inputs, a name with {name} in it.",
)
def main(edges: str | None, **options) -> dict:
    """Measure P(k), and with a reference the ratio P / P_ref and r(k) = P_x / sqrt(P_ref P).

    Of files of skewers: the power of flux along the lines, of F / <F> - 1, divided by the window of
    a pixel; with --multipoles or --mu-bins the lines are a field in redshift space.

    Shot noise is reported for particles, not subtracted. A region's spectrum is smeared over the
    width of the region, model and reference alike.
    """
    if options["reference"] is None and options["mean"] == "reference":
        raise click.UsageError("--mean reference needs a --reference")
    if options["multipoles"] and options["mu_bins"] is not None:
        raise click.UsageError("--multipoles and --mu-bins exclude each other; give one of them")
    is_anisotropic = options["multipoles"] or options["mu_bins"] is not None
    if options["los"] is not None and not is_anisotropic:
        raise click.UsageError("--los needs --multipoles or --mu-bins")
    if is_anisotropic and options["band"]:
        raise click.UsageError("--band has no --multipoles or --mu-bins; leave them out")
    if options["pdf"] and (is_anisotropic or edges is not None):
        raise click.UsageError("--pdf has no --multipoles, --mu-bins or --edges; leave them out")
    return {"edges": _numbers(edges), **options}


def _numbers(edges: str | None) -> tuple[float, ...] | None:
    if edges is None:
        return None
    try:
        return tuple(float(number) for number in edges.split(","))
    except ValueError as error:
        raise click.UsageError(f"--edges {edges}: give numbers with commas between them") from error
