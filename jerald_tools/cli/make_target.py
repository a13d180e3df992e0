# SPDX-License-Identifier: GPL-3.0-or-later
"""make-target: from a snapshot of a hydrodynamical simulation to a map to learn from."""

import logging
import math

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.output_names import refuse_inputs
from jerald_tools.cli.snapshot_options import snapshot_options, stated_of
from jerald_tools.errors import BadInput
from jerald_tools.targets.recipe import SPECIES_OF, STAR_FORMING

logger = logging.getLogger(__name__)

# Particle types of Gadget that no map has: disk and bulge, or boundaries; neutrinos; black holes.
LEFT_OUT = (2, 3, 5)


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
    type=click.Choice(tuple(SPECIES_OF)),
    required=True,
    help="What the map is to hold.",
)
@click.option("--mesh", "nodes", type=click.IntRange(min=1), required=True, help="Nodes along x.")
@click.option(
    "--deposit",
    type=click.Choice(["cic", "sph"]),
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
    type=click.Choice(STAR_FORMING),
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
def main(run: Run, snapshot, nodes, chunk, dry_run, output, **options):
    """Make a map of dark matter, gas, stellar mass or neutral hydrogen from a snapshot.

    SNAPSHOT is a directory, a file, one file of a set, a pattern, or several files: HDF5 of Gadget,
    Arepo or SWIFT, or BigFile. What its files do not say is asked for, never guessed.
    """
    stated = stated_of(options)
    refuse_inputs([output] if output else [], snapshot)
    _refuse_contradictions(output=output, dry_run=dry_run, **options)

    from jerald_tools.cli.progress import progress
    from jerald_tools.cli.provenance import provenance_of
    from jerald_tools.io.atomic import check_target
    from jerald_tools.io.parallel import save_map
    from jerald_tools.mesh.ranks import on_root, world
    from jerald_tools.snapshots.open import describe_snapshot, open_snapshot
    from jerald_tools.targets.recipe import check_recipe, map_header
    from jerald_tools.targets.target_map import plan, rounds, target_map, target_mesh

    ranks = world()
    if output is not None:
        on_root(ranks, check_target, output, run.force)
    opened = on_root(ranks, open_snapshot, snapshot, stated)
    recipe = on_root(ranks, _recipe, opened.header, options)
    on_root(ranks, check_recipe, opened, recipe)
    mesh = target_mesh(opened.header, nodes)
    others = [opened.header.counts[kind] for kind in LEFT_OUT]
    if recipe.quantity == "dark-matter" and sum(others):
        logger.warning("types %s are left out, which have %s particles", LEFT_OUT, others)
    if dry_run:
        lines = plan(mesh, opened, recipe, chunk, run.precision)
        if ranks.is_root:
            click.echo("\n".join(lines))
        return
    number = rounds(ranks, opened.header.number(recipe.species), chunk)
    with run.stages.stage("deposit"), progress(number, recipe.quantity) as advance:
        field = target_map(mesh, opened, recipe, chunk, advance)
    source = on_root(ranks, describe_snapshot, opened)
    uvb = options["uvb"]
    provenance = provenance_of(run, mesh, [source, *([uvb] if uvb else [])])
    header = map_header(opened, recipe, mesh.shape)
    precision = {"single": "float32", "double": "float64"}[run.precision]
    save_map(output, mesh, field.astype(precision), header, provenance, run.force)
    logger.info("%s: %s at z = %g [%s]", output, header.quantity, header.redshift, header.units)


def _refuse_contradictions(
    quantity, output, dry_run, uvb, self_shielding, star_forming_gas, clip, hydrogen_fraction, **_
):
    if output is None and not dry_run:
        raise click.UsageError("Missing option '-o' / '--output'.")
    if quantity != "neutral-hydrogen":
        for option, is_given in (
            ("--uvb", uvb is not None),
            ("--self-shielding", self_shielding),
            ("--star-forming-gas", star_forming_gas != "as-is"),
            ("--clip", clip is not None),
        ):
            if is_given:
                raise click.UsageError(f"{option} is for neutral-hydrogen; leave it out")
    if uvb is None and (self_shielding or star_forming_gas == "cold"):
        option = "--self-shielding" if self_shielding else "--star-forming-gas cold"
        raise click.UsageError(
            f"{option} changes the equilibrium, which the snapshot's neutral fraction has behind "
            "it; give --uvb TABLE"
        )
    if not 0 < hydrogen_fraction <= 1:
        raise BadInput(f"--hydrogen-fraction {hydrogen_fraction:g}: give a number above 0, to 1")
    if clip is not None and not 0 < clip < math.inf:
        raise BadInput(f"--clip {clip:g}: give a positive density [proper cm^-3]")


def _recipe(header, options):
    from jerald_tools.io.uv_background import read_rates
    from jerald_tools.targets.neutral_gas import cross_section
    from jerald_tools.targets.recipe import Recipe

    if options["self_shielding"]:
        cross_section(header.redshift)
    return Recipe(
        quantity=options["quantity"],
        deposit=options["deposit"],
        rates=options["uvb"] and read_rates(options["uvb"], header.redshift),
        shielded=options["self_shielding"],
        star_forming=options["star_forming_gas"],
        hydrogen_fraction=options["hydrogen_fraction"],
        clip=options["clip"],
    )
