# SPDX-License-Identifier: GPL-3.0-or-later
"""to-swift: particles of other codes as ours, to paint on."""

import logging

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.output_names import refuse_inputs
from jerald_tools.cli.snapshot_options import snapshot_options, stated_of

logger = logging.getLogger(__name__)


@command(
    "to-swift",
    example="""
    to-swift fastpm_0.3333 --omega-b 0.0482 -o particles_z2.00.h5
    """,
)
@click.argument("snapshot", nargs=-1, required=True)
@snapshot_options
@click.option("-o", "--output", metavar="FILE", required=True, help="Particles to write.")
def main(run: Run, snapshot, output, **options):
    """Make particles of ours from the dark matter of a snapshot that started from a lattice.

    SNAPSHOT is as for make-target; its IDs number the lattice as (i N + j) N + k, from 0 or 1.
    """
    stated = stated_of(options)
    refuse_inputs([output], snapshot)

    from jerald_tools.cli.provenance import provenance_of_copy
    from jerald_tools.io.atomic import check_target
    from jerald_tools.io.parallel import save_particles
    from jerald_tools.mesh.ranks import on_root, world
    from jerald_tools.snapshots.open import describe_snapshot, open_snapshot
    from jerald_tools.targets.lattice import lattice_particles

    ranks = world()
    on_root(ranks, check_target, output, run.force)
    opened = on_root(ranks, open_snapshot, snapshot, stated)
    header, rows = lattice_particles(ranks, opened)
    source = on_root(ranks, describe_snapshot, opened)
    provenance = provenance_of_copy(run, ranks, [source])
    precision = {"single": "float32", "double": "float64"}[run.precision]
    velocities = rows["velocities"].astype(precision)
    save_particles(
        output, ranks, rows["ids"], rows["positions"], velocities, header, provenance, run.force
    )
    logger.info("%s: %d particles at z = %g", output, header.number, header.redshift)
