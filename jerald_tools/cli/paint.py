# SPDX-License-Identifier: GPL-3.0-or-later
"""paint: maps from particles and a fit, or the particles' own density."""

import itertools
import logging

import click

from jerald_tools.cli.command import command
from jerald_tools.cli.options import accept_edited_option, verify_ranks_option
from jerald_tools.stages.run import Run

logger = logging.getLogger(__name__)


@command(
    "paint",
    body="jerald_tools.cli.paint:paint_files",
    example="""
    paint particles_z2.00.h5 --fit data/fits/neutral-hydrogen_z2.00.json -o hi.h5
    paint universe*_z2.00.h5 --fit dm.json -o '{name}_dm.h5'
    paint particles_z2.00.h5 --fit hi.json --members all -o 'hi_{member}.h5'
    paint particles_z2.00.h5 --mesh 48 -o density.h5
    """,
)
@click.argument("particles", nargs=-1, required=True)
@click.option("--fit", metavar="FIT", help="Paint this fit's quantity.  [default: the density]")
@click.option(
    "--mesh",
    "nodes",
    type=click.IntRange(min=1),
    help="Nodes along x.  [default: the cell size of the fit; one node a particle without one]",
)
@click.option(
    "--redshift-space",
    type=click.Choice(["x", "y", "z"]),
    help="Line of sight: shift the particles by their velocities along it before painting.",
)
@click.option(
    "--allow-mismatch",
    is_flag=True,
    help="Use a fit in another cell size, redshift, cosmology or step scheme than its own.",
)
@accept_edited_option
@click.option(
    "--members",
    metavar="all|N",
    help="Paint all members of the fit's ensemble, {member} in the names becoming 0 for the fit "
    "itself, then 1, 2, ...; or one of them.",
)
@click.option(
    "--save-particles",
    metavar="FILE",
    help="Also write the displaced particles whose density the map follows.",
)
@verify_ranks_option
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="Map to write; {name} in it becomes the particle file's name without its ending.",
)
def main(**options):
    """Paint dark matter, stellar mass or neutral hydrogen on the particles of run-fastpm.

    A fit file carries the fits that it stands on. Many particle files are painted in one process.
    """
    if options["members"] and not options["fit"]:
        raise click.UsageError("--members needs a --fit")
    return options


def paint_files(
    run: Run,
    particles,
    fit,
    nodes,
    redshift_space,
    allow_mismatch,
    accept_edited,
    members,
    save_particles,
    verify_ranks,
    output,
):
    """Paint each particle file with each member of the fit."""
    from jerald_tools.io.atomic import check_target
    from jerald_tools.io.fits import read_fit
    from jerald_tools.io.parallel import save_map
    from jerald_tools.mesh.ranks import on_root, world
    from jerald_tools.model.members import chosen_members
    from jerald_tools.model.painting import check_file, paint_file
    from jerald_tools.model.verify_map import verify_map
    from jerald_tools.stages.outputs import member_names, output_names, refuse_inputs
    from jerald_tools.stages.provenance import provenance_of

    ranks = world()
    document = fit and on_root(ranks, read_fit, fit, accept_edited)
    chosen = chosen_members(document, fit, members) if members else {0: document}
    documents = chosen.values()
    outputs = member_names(output_names(particles, output), chosen)
    saved = [[None] * len(chosen)] * len(particles)
    if save_particles:
        saved = member_names(output_names(particles, save_particles), chosen)
    maps_and_particles = [
        pair for pairs in zip(outputs, saved, strict=True) for pair in zip(*pairs, strict=True)
    ]
    for map_path, particles_path in maps_and_particles:
        if map_path == particles_path:
            raise click.UsageError(
                f"map and particles would be written to {map_path}: give two names"
            )
    written = list(filter(None, itertools.chain(*maps_and_particles)))
    refuse_inputs(written, [fit, *particles])
    for path in written:
        on_root(ranks, check_target, path, run.force)
    how = (nodes, run.precision, allow_mismatch)
    tasks = list(itertools.product(particles, documents))
    for path, one in tasks:
        check_file(path, one, fit, *how)
    for (path, one), (map_path, particles_path) in zip(tasks, maps_and_particles, strict=True):
        with run.stopwatch.stage("painting"):
            painted = paint_file(path, one, fit, *how, redshift_space)
        if verify_ranks:
            with run.stopwatch.stage("verifying ranks"):
                run.record_verification(verify_map(painted, one, fit, redshift_space))
        provenance = provenance_of(run, painted.mesh, [path, *([fit] if fit else [])])
        save_map(map_path, painted.mesh, painted.field, painted.header, provenance, run.force)
        if particles_path is not None:
            _save_displaced(particles_path, ranks, painted, provenance, run.force)
        logger.info("%s: %s at z = %g", map_path, painted.header.quantity, painted.header.redshift)


def _save_displaced(path, ranks, painted, provenance, force) -> None:
    """Write the particles that the map follows, with the velocities that they came with."""
    from jerald_tools.io.parallel import save_particles

    read = painted.particles
    save_particles(
        path,
        ranks,
        read.ids,
        painted.positions,
        read.velocities,
        painted.particles_header,
        provenance,
        force,
    )
