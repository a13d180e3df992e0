# SPDX-License-Identifier: GPL-3.0-or-later
"""make-target: from a snapshot of a hydrodynamical simulation to a map to train on."""

import click

from jerald_tools.cli.command import command
from jerald_tools.cli.options import snapshot_options
from jerald_tools.cli.snapshot_box import box_size_option
from jerald_tools.quantities import NAMES
from jerald_tools.targets.options import DEPOSITS, STAR_FORMING_GAS


@command(
    "make-target",
    body="jerald_tools.stages.target:make_target",
    example="""
    make-target snapdir_033 --quantity dark-matter --mesh 48 -o dark-matter_z2.00.h5
    make-target snap_033.0.hdf5 --quantity neutral-hydrogen --mesh 48 --uvb TREECOOL -o hi.h5
    make-target 'snap_033.*.hdf5' --quantity stellar-mass --mesh 512 --dry-run
    """,
)
@click.argument("snapshot", nargs=-1, required=True)
@click.option("--quantity", type=click.Choice(NAMES), required=True, help="Quantity of the map.")
@click.option("--mesh", "nodes", type=click.IntRange(min=1), required=True, help="Nodes along x.")
@click.option(
    "--deposit",
    type=click.Choice(list(DEPOSITS)),
    default="cic",
    show_default=True,
    help="Particles as clouds of a cell, or as their kernels.",
)
@click.option(
    "--chunk",
    type=click.IntRange(min=1),
    default=2**22,
    show_default=True,
    help="Particles in memory at a time, on all ranks together.",
)
@click.option(
    "--uvb",
    metavar="TABLE",
    help="Compute neutral hydrogen in equilibrium with this background: columns log10(1+z) and "
    "the photoionisation rates of HI, HeI, HeII [1/s].  [default: the snapshot's neutral fraction]",
)
@click.option(
    "--self-shielding", is_flag=True, help="Dense gas shields itself (Rahmati et al. 2013)."
)
@click.option(
    "--star-forming-gas",
    type=click.Choice(STAR_FORMING_GAS),
    default="as-is",
    show_default=True,
    help="Treat star-forming gas as any other, as 10^4 K cold, as neutral, or leave it out.",
)
@click.option(
    "--hydrogen-fraction",
    type=float,
    default=0.76,
    show_default=True,
    help="Of the gas's mass, where the snapshot does not state it.",
)
@click.option("--clip", type=float, help="Most neutral hydrogen of a cell [proper cm^-3].")
@snapshot_options
@box_size_option
@click.option(
    "--part-of-box",
    is_flag=True,
    help="The files hold a part of the box that their header describes, as a cutout or a subsample "
    "does: count their particles, and compare their mass with no cosmology.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print what would be read and its cost; read no particles."
)
@click.option("-o", "--output", metavar="FILE", help="Map to write.")
def main(**options) -> dict:
    """Make a map of dark matter, gas, stellar mass or neutral hydrogen from a snapshot.

    SNAPSHOT is a directory, a file, one file of a set, a pattern, or several files: HDF5 of Gadget,
    Arepo, GIZMO, EAGLE or SWIFT, Gadget's binary formats, or BigFile. What its files do not state
    must be given, and is never guessed.
    """
    if options["output"] is None and not options["dry_run"]:
        raise click.UsageError("Missing option '-o' / '--output'.")
    return options
