# SPDX-License-Identifier: GPL-3.0-or-later
"""skewers: optical depth of Lyman-alpha along lines of sight through a map of hydrogen."""

import click

from jerald_tools.cli.command import command

NUMBER = click.FloatRange(min=0, min_open=True)


@command(
    "skewers",
    body="jerald_tools.stages.skewers:draw_skewers",
    example="""
    skewers hi_fine.h5 --particles particles_z3.00.h5 --axis z -o skewers.h5
    skewers hi_fine.h5 --particles particles_z3.00.h5 --every 4 --mean-flux 0.7 -o skewers.h5
    skewers hi.h5 --particles particles_z2.00.h5 --temperature 12000 --gamma 1.5 -o skewers.h5
    skewers hi_fine.h5 --particles particles_z3.00.h5 --positions lines.txt --pixel 2 -o skewers.h5
    """,
)
@click.argument("hydrogen", type=click.Path())
@click.option(
    "--particles",
    required=True,
    type=click.Path(),
    help="Particles of run-fastpm that the map was painted on: gas moves as they do.",
)
@click.option(
    "--axis",
    type=click.Choice(["x", "y", "z"]),
    default="z",
    show_default=True,
    help="That the lines are along.",
)
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Lines through every N-th node of the map along both other axes.",
)
@click.option(
    "--positions",
    type=click.Path(),
    help="Lines in place of those: a text file of two columns, where lines cross the other two "
    "axes, in the order x, y, z [Mpc/h].",
)
@click.option(
    "--pixel",
    type=NUMBER,
    default=5.0,
    show_default=True,
    metavar="WIDTH",
    help="Largest width of a pixel [km/s]; a whole number of them fills the box.",
)
@click.option(
    "--profile",
    type=click.Choice(["voigt", "gaussian"]),
    default="voigt",
    show_default=True,
    help="Shape of the line of an atom at rest in gas of one temperature.",
)
@click.option(
    "--temperature",
    type=NUMBER,
    metavar="KELVIN",
    help="Of gas at the mean density.  [default: that of the map's target]",
)
@click.option(
    "--gamma",
    type=float,
    help="T = T0 (1 + delta)^(gamma - 1).  [default: that of the map's target]",
)
@click.option(
    "--mean-flux",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
    metavar="F",
    help="Scale the optical depth to this mean of exp(-tau) over all lines.  [default: as it is]",
)
@click.option("--dry-run", is_flag=True, help="Print the sizes of file and memory alone.")
@click.option("-o", "--output", metavar="FILE", required=True, help="HDF5 file of the lines.")
def main(positions: str | None, every: int, **options) -> dict:
    """Draw lines of sight through a map of neutral hydrogen.

    HYDROGEN is a map in real space, best on the mesh of the fit's model (paint --fine). The file
    has the optical depth of Lyman-alpha, lines first, then pixels of velocity.
    """
    if positions is not None and every != 1:
        raise click.UsageError("--every and --positions exclude each other; give one of them")
    return {"positions": positions, "every": every, **options}
