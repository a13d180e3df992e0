# SPDX-License-Identifier: GPL-3.0-or-later
"""make-target: from a snapshot of a hydrodynamical simulation to a map to learn from."""

import dataclasses
import logging

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.output_names import refuse_inputs
from jerald_tools.cli.snapshot_options import snapshot_options, stated_of
from jerald_tools.targets.registry import NAMES, quantity_named
from jerald_tools.targets.target import DEPOSITS, STAR_FORMING_GAS, Recipe, TargetOptions

logger = logging.getLogger(__name__)


@command(
    "make-target",
    example="""
    make-target snapdir_033 --quantity dark-matter --mesh 48 -o dark-matter_z2.00.h5
    make-target snap_033.0.hdf5 --quantity neutral-hydrogen --mesh 48 --uvb TREECOOL -o hi.h5
    make-target 'snap_033.*.hdf5' --quantity stellar-mass --mesh 512 --dry-run
    """,
)
@click.argument("snapshot", nargs=-1, required=True)
@click.option(
    "--quantity",
    type=click.Choice(NAMES),
    required=True,
    help="What the map is to hold.",
)
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
    help="Take star-forming gas as any other, as 10^4 K cold, as neutral, or leave it out.",
)
@click.option(
    "--hydrogen-fraction",
    type=float,
    default=0.76,
    show_default=True,
    help="Of the gas's mass, where the snapshot does not say.",
)
@click.option("--clip", type=float, help="Most neutral hydrogen of a cell [proper cm^-3].")
@snapshot_options
@click.option("--dry-run", is_flag=True, help="Say what would be read and what it takes; do not.")
@click.option("-o", "--output", metavar="FILE", help="Map to write.")
def main(run: Run, snapshot, quantity, nodes, deposit, chunk, dry_run, output, **options):
    """Make a map of dark matter, gas, stellar mass or neutral hydrogen from a snapshot.

    SNAPSHOT is a directory, a file, one file of a set, a pattern, or several files: HDF5 of Gadget,
    Arepo or SWIFT, or BigFile. What its files do not say is asked for, never guessed.
    """
    if output is None and not dry_run:
        raise click.UsageError("Missing option '-o' / '--output'.")
    stated = stated_of(options)
    refuse_inputs([output] if output else [], snapshot)
    chosen = TargetOptions(
        **{field.name: options[field.name] for field in dataclasses.fields(TargetOptions)}
    )
    target = quantity_named(quantity).target
    target.check_options(quantity, chosen)

    from jerald_tools.cli.progress import progress
    from jerald_tools.cli.provenance import provenance_of
    from jerald_tools.io.atomic import check_target
    from jerald_tools.io.parallel import save_map
    from jerald_tools.mesh.ranks import on_root, world
    from jerald_tools.snapshots.open import describe_snapshot, open_snapshot
    from jerald_tools.targets.target_map import plan, rounds, target_map, target_mesh

    ranks = world()
    if output is not None:
        on_root(ranks, check_target, output, run.force)
    opened = on_root(ranks, open_snapshot, snapshot, stated)
    target = on_root(ranks, target.with_options, chosen, opened.header)
    recipe = Recipe(quantity, target, deposit)
    on_root(ranks, recipe.check_snapshot, opened)
    mesh = target_mesh(opened.header, nodes)
    others = [opened.header.counts[kind] for kind in target.types_left_out]
    if any(others):
        logger.warning(
            "particles of types %s are left out: there are %s", target.types_left_out, others
        )
    if dry_run:
        lines = plan(mesh, opened, recipe, chunk, run.precision)
        if ranks.is_root:
            click.echo("\n".join(lines))
        return
    number = rounds(ranks, opened.header.number(target.species), chunk)
    with run.stages.stage("deposit"), progress(number, quantity) as advance:
        field = target_map(mesh, opened, recipe, chunk, advance)
    source = on_root(ranks, describe_snapshot, opened)
    provenance = provenance_of(run, mesh, [source, *([chosen.uvb] if chosen.uvb else [])])
    header = recipe.header(opened, mesh.shape)
    precision = {"single": "float32", "double": "float64"}[run.precision]
    save_map(output, mesh, field.astype(precision), header, provenance, run.force)
    logger.info("%s: %s at z = %g [%s]", output, header.quantity, header.redshift, header.units)
