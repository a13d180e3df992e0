# SPDX-License-Identifier: GPL-3.0-or-later
"""FastPM from initial conditions to particles, which goes on after an interruption."""

import dataclasses
import itertools
import logging
from collections.abc import Container, Mapping, Sequence

from jerald_tools.gravity.checkpoint import Checkpoint
from jerald_tools.gravity.fastpm import State, simulate, verify_first_step
from jerald_tools.gravity.lpt import InitialConditions
from jerald_tools.gravity.step_scheme import StepScheme
from jerald_tools.io.fingerprint import RUN_DIGEST, fingerprint, is_output_of, run_digest
from jerald_tools.io.grids import InitialConditionsFile
from jerald_tools.io.parallel import load_field, read_header, save_particles
from jerald_tools.io.particles import ParticlesFile, ParticlesHeader
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import Ranks, on_root, stop_if_requested, world
from jerald_tools.stages.outputs import check_outputs, redshift_names, refuse_inputs
from jerald_tools.stages.progress import progress
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.run import Run

logger = logging.getLogger(__name__)


def run_fastpm(
    run: Run,
    initial_conditions: str,
    redshifts: Sequence[float],
    scheme: StepScheme,
    output: str,
    checkpoint: str | None = None,
    verify_ranks: bool = False,
) -> None:
    """Write the particles of a universe at each redshift.

    Args:
        run: how the stage runs.
        initial_conditions: file with the linear overdensity at z = 0.
        redshifts: of the outputs.
        scheme: the steps.
        output: name of the outputs, in which ``{redshift}`` becomes 5.00, say.
        checkpoint: file that keeps the state after each step until all outputs are complete. From
            it the same call goes on after an interruption; it keeps complete outputs.
        verify_ranks: whether to repeat the first step on rank 0 alone and compare.

    Raises:
        BadInput: on every rank, if a file or an option cannot be used.
        RunFailed: on every rank, if ranks differ or a value is not finite.
        RunStopped: on every rank, after a step, if the process was asked to stop.
    """
    ranks = world()
    redshifts = list(redshifts)
    planned = scheme.runs(redshifts)
    names = redshift_names(redshifts, output)
    # A checkpoint is an input too, which is removed in the end.
    refuse_inputs(names.values(), [initial_conditions, checkpoint])
    refuse_inputs([checkpoint] if checkpoint else [], [initial_conditions])
    header = read_header(ranks, InitialConditionsFile, initial_conditions)
    options = {"initial_conditions": initial_conditions, "redshifts": redshifts}
    options |= {"precision": run.precision, **dataclasses.asdict(scheme)}
    identity = on_root(ranks, fingerprint, "run-fastpm", options, [initial_conditions])
    saved, state, done = None, None, set()
    if checkpoint is not None:
        check_outputs(ranks, [checkpoint], [], force=True)
        saved = Checkpoint(checkpoint, ranks, identity)
        state = saved.load(run.force)
        done = _complete_outputs(ranks, names, identity)
    pending = [redshift for redshift in redshifts if redshift not in done]
    check_outputs(ranks, [names[redshift] for redshift in pending], [], run.force)
    mesh = make_mesh(header.mesh, header.box_size, run.precision, ranks)
    density = load_field(mesh, InitialConditionsFile, initial_conditions)
    initial = InitialConditions(mesh, density, header.lattice, header.cosmology)
    if verify_ranks:
        with run.stopwatch.stage("verifying ranks"):
            run.record_verification(verify_first_step(initial, scheme, redshifts))

    stages_of = {redshift: stages for stages, reached in planned for redshift in reached}
    steps_before = [0, *itertools.accumulate(len(stages) - 1 for stages, _ in planned)]
    with progress(steps_before[-1], "FastPM step") as advance:

        def after_step(state: State) -> None:
            advance(steps_before[state.run] + state.steps)
            if saved is not None:
                saved.save(state)
            stop_if_requested(ranks)

        states = simulate(initial, scheme, redshifts, after_step, state, done)
        for _ in pending:
            with run.stopwatch.stage("FastPM"):
                redshift, particles = next(states)
            particles = particles.without_padding()
            attributes = {
                "step_scheme": scheme.description(stages_of[redshift]),
                "initial_conditions": header.attributes,
            }
            record = provenance_of(run, mesh, [initial_conditions])
            save_particles(
                names[redshift],
                ranks,
                particles.ids,
                particles.positions,
                particles.velocities(redshift),
                ParticlesHeader(
                    header.box_size, header.lattice, redshift, header.cosmology, attributes
                ),
                dataclasses.replace(record, run={**record.run, RUN_DIGEST: run_digest(identity)}),
                run.force,
            )
            logger.info("%s: %s particles, z = %g", names[redshift], header.lattice, redshift)
    if saved is not None:
        saved.remove()


def _complete_outputs(ranks: Ranks, names: Mapping[float, str], identity: dict) -> Container[float]:
    """The redshifts whose output this same run wrote already."""
    done = set()
    for redshift, name in names.items():
        if on_root(ranks, is_output_of, name, ParticlesFile, identity):
            logger.info("%s: complete already", name)
            done.add(redshift)
    return done
