# SPDX-License-Identifier: GPL-3.0-or-later
"""run-fastpm: from initial conditions to particles at the redshifts wanted."""

import itertools
import logging

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.verify_ranks import tell_verification, verify_ranks_option
from jerald_tools.errors import BadInput

logger = logging.getLogger(__name__)

PLACEHOLDER = "{redshift}"


@command(
    "run-fastpm",
    example="""
    run-fastpm ics.h5 --redshift 5 --redshift 2 --steps 10 -o particles_z{redshift}.h5
    """,
)
@click.argument("initial_conditions", metavar="ICS")
@click.option(
    "--redshift",
    "redshifts",
    type=float,
    multiple=True,
    required=True,
    help="Redshift of an output; may be repeated.",
)
@click.option("--steps", default=10, show_default=True, help="Steps of each run.")
@click.option(
    "--spacing",
    default="linear",
    show_default=True,
    help="Of the steps: linear or logarithmic in the scale factor.",
)
@click.option("--start-redshift", default=9.0, show_default=True, help="Where 2LPT hands over.")
@click.option(
    "--force-mesh-factor",
    default=1,
    show_default=True,
    help="Nodes of the force mesh per particle, along each axis.",
)
@click.option(
    "--single-run",
    is_flag=True,
    help="One run through all redshifts, with further steps where they cut one, instead of a run "
    "for each.",
)
@verify_ranks_option
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="SWIFT file to write; {redshift} in it becomes 5.00, say.",
)
def main(run: Run, initial_conditions, redshifts, output, verify_ranks, **scheme_options):
    """Move particles by 2LPT and FastPM from initial conditions to each redshift.

    Each redshift is a run of its own with all its steps, unless it is a single run. The lattice of
    particles and the cosmology are those of the initial conditions.
    """
    from jerald_tools.cli.progress import progress
    from jerald_tools.cli.provenance import provenance_of
    from jerald_tools.files.atomic import check_target
    from jerald_tools.files.initial_conditions import open_initial_conditions
    from jerald_tools.files.particles import ParticlesHeader
    from jerald_tools.gravity.fastpm import simulate
    from jerald_tools.gravity.step_scheme import StepScheme
    from jerald_tools.gravity.verify_step import verify_first_step
    from jerald_tools.mesh.distributed_files import load_field, read_header, save_particles
    from jerald_tools.mesh.mesh import make_mesh
    from jerald_tools.mesh.ranks import on_root, world

    ranks = world()
    scheme = StepScheme(**scheme_options)
    runs = scheme.runs(redshifts)
    names = _output_names(output, redshifts)
    for name in names.values():
        on_root(ranks, check_target, name, run.force)
    header = read_header(ranks, open_initial_conditions, initial_conditions)
    mesh = make_mesh(header.mesh, header.box_size, run.precision)
    density = load_field(mesh, open_initial_conditions, initial_conditions)

    if verify_ranks:
        with run.stages.stage("verifying ranks"):
            universe = (mesh, density, header.lattice, header.cosmology)
            tell_verification(run, verify_first_step(*universe, scheme, redshifts))

    run_of = {redshift: stages for stages, reached in runs for redshift in reached}
    inputs = [initial_conditions]
    steps = itertools.count(1)
    with progress(sum(len(stages) - 1 for stages, _ in runs), "FastPM step") as advance:
        states = simulate(
            mesh,
            density,
            header.lattice,
            header.cosmology,
            scheme,
            redshifts,
            after_step=lambda: advance(next(steps)),
        )
        for _ in redshifts:
            with run.stages.stage("FastPM"):
                redshift, particles = next(states)
            particles = particles.without_padding()
            attributes = {
                "step_scheme": scheme.description(run_of[redshift]),
                "initial_conditions": header.attributes,
            }
            save_particles(
                names[redshift],
                ranks,
                particles.ids,
                particles.positions,
                particles.velocities(redshift),
                ParticlesHeader(
                    header.box_size, header.lattice, redshift, header.cosmology, attributes
                ),
                provenance_of(run, mesh, inputs),
                run.force,
            )
            logger.info("%s: %s particles, z = %g", names[redshift], header.lattice, redshift)


def _output_names(output: str, redshifts: tuple[float, ...]) -> dict[float, str]:
    """The file of each redshift."""
    if len(redshifts) > 1 and PLACEHOLDER not in output:
        raise BadInput(f"-o {output}: {len(redshifts)} redshifts need {PLACEHOLDER} in the name")
    names = {redshift: output.replace(PLACEHOLDER, f"{redshift:.2f}") for redshift in redshifts}
    if len(set(names.values())) < len(redshifts):
        raise BadInput(
            f"-o {output}: redshifts {', '.join(f'{z:g}' for z in redshifts)} would share a name, "
            "which has two decimals; run them one by one"
        )
    return names
