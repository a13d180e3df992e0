# SPDX-License-Identifier: GPL-3.0-or-later
"""run-fastpm: from initial conditions to particles at the redshifts wanted."""

import dataclasses
import itertools
import logging

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.output_names import refuse_inputs
from jerald_tools.cli.stop_signals import stop_when_asked
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
    "--checkpoint",
    metavar="FILE",
    help="Keep the state after each step in FILE until all outputs are whole. From it the same "
    "command goes on after an interruption, on any number of ranks; it keeps whole outputs.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="SWIFT file to write; {redshift} in it becomes 5.00, say.",
)
def main(
    run: Run, initial_conditions, redshifts, checkpoint, output, verify_ranks, **scheme_options
):
    """Move particles by 2LPT and FastPM from initial conditions to each redshift.

    Each redshift is a run of its own with all its steps, unless it is a single run. The lattice of
    particles and the cosmology are those of the initial conditions.
    """
    stop_when_asked(
        "the same command again, with --force over whole outputs, starts anew; with --checkpoint "
        "it would go on"
        if checkpoint is None
        else "the same command again goes on from there"
    )

    from jerald_tools.cli.progress import progress
    from jerald_tools.cli.provenance import provenance_of
    from jerald_tools.cli.run_identity import run_identity
    from jerald_tools.gravity.checkpoint import Checkpoint
    from jerald_tools.gravity.fastpm import simulate, verify_first_step
    from jerald_tools.gravity.lpt import InitialConditions
    from jerald_tools.gravity.step_scheme import StepScheme
    from jerald_tools.io.atomic import check_target
    from jerald_tools.io.fingerprint import RUN_DIGEST, is_output_of, run_digest
    from jerald_tools.io.grids import open_initial_conditions
    from jerald_tools.io.parallel import load_field, read_header, save_particles
    from jerald_tools.io.particles import ParticlesHeader, open_particles
    from jerald_tools.mesh.mesh import make_mesh
    from jerald_tools.mesh.ranks import on_root, stop_if_requested, world

    ranks = world()
    scheme = StepScheme(**scheme_options)
    runs = scheme.runs(redshifts)
    names = _output_names(output, redshifts)
    # A state is an input too, which goes in the end.
    refuse_inputs(names.values(), [initial_conditions, checkpoint])
    refuse_inputs([checkpoint] if checkpoint else [], [initial_conditions])
    header = read_header(ranks, open_initial_conditions, initial_conditions)
    inputs = [initial_conditions]
    identity = on_root(ranks, run_identity, inputs)
    saved, state, done = None, None, {}
    if checkpoint is not None:
        saved = Checkpoint(checkpoint, ranks, identity)
        on_root(ranks, check_target, checkpoint, True)
        state = saved.load(run.force)
        for redshift, name in names.items():
            if on_root(ranks, is_output_of, name, open_particles, identity):
                done[redshift] = name
                logger.info("%s: whole already", name)
    for redshift, name in names.items():
        if redshift not in done:
            on_root(ranks, check_target, name, run.force)
    mesh = make_mesh(header.mesh, header.box_size, run.precision)
    density = load_field(mesh, open_initial_conditions, initial_conditions)
    initial = InitialConditions(mesh, density, header.lattice, header.cosmology)

    if verify_ranks:
        with run.stages.stage("verifying ranks"):
            tell_verification(run, verify_first_step(initial, scheme, redshifts))

    run_of = {redshift: stages for stages, reached in runs for redshift in reached}
    steps_before = [0, *itertools.accumulate(len(stages) - 1 for stages, _ in runs)]
    with progress(steps_before[-1], "FastPM step") as advance:

        def after_step(state):
            advance(steps_before[state.run] + state.steps)
            if saved is not None:
                saved.save(state)
            stop_if_requested(ranks)

        states = simulate(initial, scheme, redshifts, after_step, state, done)
        for _ in range(len(redshifts) - len(done)):
            with run.stages.stage("FastPM"):
                redshift, particles = next(states)
            particles = particles.without_padding()
            attributes = {
                "step_scheme": scheme.description(run_of[redshift]),
                "initial_conditions": header.attributes,
            }
            provenance = provenance_of(run, mesh, inputs)
            save_particles(
                names[redshift],
                ranks,
                particles.ids,
                particles.positions,
                particles.velocities(redshift),
                ParticlesHeader(
                    header.box_size, header.lattice, redshift, header.cosmology, attributes
                ),
                dataclasses.replace(
                    provenance, details={**provenance.details, RUN_DIGEST: run_digest(identity)}
                ),
                run.force,
            )
            logger.info("%s: %s particles, z = %g", names[redshift], header.lattice, redshift)
    if saved is not None:
        saved.remove()


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
