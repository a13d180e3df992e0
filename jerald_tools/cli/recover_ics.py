# SPDX-License-Identifier: GPL-3.0-or-later
"""recover-ics: the linear overdensity behind the initial conditions of a hydrodynamical run."""

import logging

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.output_names import refuse_inputs
from jerald_tools.cli.snapshot_options import snapshot_options, stated_of

logger = logging.getLogger(__name__)


@command(
    "recover-ics",
    example="""
    recover-ics ics.hdf5 --lpt-order 2 -o ics.h5
    """,
)
@click.argument("snapshot", nargs=-1, required=True)
@click.option(
    "--lpt-order",
    type=click.IntRange(1, 2),
    required=True,
    help="Of the theory that displaced the particles: 1 is Zel'dovich's.",
)
@click.option(
    "--particles",
    type=int,
    help="Particles per side to start from it.  [default: half the lattice]",
)
@snapshot_options
@click.option("-o", "--output", metavar="FILE", required=True, help="HDF5 file to write.")
def main(run: Run, snapshot, lpt_order, particles, output, **options):
    """Recover the linear overdensity at z = 0 from the displacements of initial conditions.

    For a run whose seed is not N-GenIC's: SNAPSHOT is what it started from, with particles that
    were displaced from a lattice. The mesh is that lattice.
    """
    stated = stated_of(options)
    refuse_inputs([output], snapshot)

    from jerald_tools.cli.provenance import provenance_of
    from jerald_tools.cosmology import growth
    from jerald_tools.gravity.lpt import lattice_shape
    from jerald_tools.gravity.recovered_field import recovered_linear_field
    from jerald_tools.io.atomic import check_target
    from jerald_tools.io.grids import InitialConditionsHeader
    from jerald_tools.io.parallel import save_initial_conditions
    from jerald_tools.mesh.ranks import on_root, world
    from jerald_tools.snapshots.open import describe_snapshot, open_snapshot
    from jerald_tools.targets.lattice import lattice_displacements, lattice_mesh

    ranks = world()
    on_root(ranks, check_target, output, run.force)
    opened = on_root(ranks, open_snapshot, snapshot, stated)
    header = opened.header
    mesh = lattice_mesh(opened)
    lattice = lattice_shape(mesh.shape, particles)
    with run.stages.stage("displacements"):
        species = [
            lattice_displacements(mesh, opened, name)
            for name in ("gas", "dark-matter")
            if header.number(name)
        ]
    with run.stages.stage("linear density"):
        grown = growth(header.scale_factor, header.cosmology)
        field = recovered_linear_field(mesh, species, grown, lpt_order)
    attributes = {
        "recovered_from": header.format,
        "recovered_at_redshift": header.redshift,
        "lpt_order": lpt_order,
    }
    made = InitialConditionsHeader(mesh.box_size, mesh.shape, lattice, header.cosmology, attributes)
    source = on_root(ranks, describe_snapshot, opened)
    provenance = provenance_of(run, mesh, [source])
    field = field.astype({"single": "float32", "double": "float64"}[run.precision])
    save_initial_conditions(output, mesh, field, made, provenance, run.force)
    logger.info("%s: mesh %s, recovered at z = %g", output, mesh.shape, header.redshift)
