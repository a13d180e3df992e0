# SPDX-License-Identifier: GPL-3.0-or-later
"""FastPM from initial conditions to particles, which resumes after an interruption."""

import dataclasses
import functools
import itertools
import logging
import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jerald_tools.engines import OWN_ENGINE
from jerald_tools.errors import BadInput
from jerald_tools.gravity.checkpoint import Checkpoint
from jerald_tools.gravity.fastpm import State, simulate, verify_first_step
from jerald_tools.gravity.lpt import InitialConditions
from jerald_tools.gravity.particles import Particles
from jerald_tools.gravity.step_scheme import StepScheme
from jerald_tools.io.fingerprint import RUN_DIGEST, fingerprint, is_output_of, run_digest
from jerald_tools.io.grids import InitialConditionsFile
from jerald_tools.io.parallel import ParticleSet, load_field, read_header, save_particles
from jerald_tools.io.particles import ParticlesFile, ParticlesHeader
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import Ranks, on_root, stop_if_requested, world
from jerald_tools.stages.outputs import check_outputs, redshift_names, refuse_inputs
from jerald_tools.stages.progress import progress
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.room import require_room_for_universe
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
            it the same call resumes after an interruption; it keeps complete outputs.
        verify_ranks: whether to repeat the first step on rank 0 alone and compare.

    Raises:
        BadInput: on every rank, if a file or an option cannot be used.
        RunFailed: on every rank, if ranks differ or a value is not finite.
        RunStopped: on every rank, after a step, if the process was asked to stop.
    """
    if run.engine != OWN_ENGINE:
        scheme = _scheme_of_engine(run, scheme, checkpoint, verify_ranks)
    engine = run.load_engine()
    if engine is not None:
        logger.info("second order: grows as with --second-order fastpm")
    ranks = world()
    redshifts = list(redshifts)
    stages_of = {z: stages for stages, reached in scheme.runs(redshifts) for z in reached}
    names = redshift_names(redshifts, output)
    # A checkpoint is an input too, which is removed in the end.
    refuse_inputs(names.values(), [initial_conditions, checkpoint])
    refuse_inputs([checkpoint] if checkpoint else [], [initial_conditions])
    header = read_header(ranks, InitialConditionsFile, initial_conditions)
    options = {"initial_conditions": initial_conditions, "redshifts": redshifts}
    options |= {"precision": run.precision, **dataclasses.asdict(scheme)}
    if engine is not None:
        options |= {"engine": run.notes["engine_versions"]}
    run_fingerprint = on_root(ranks, fingerprint, "run-fastpm", options, [initial_conditions])
    resumed = _Resumed()
    if checkpoint is not None:
        resumed = _resume(ranks, Checkpoint(checkpoint, ranks, run_fingerprint), names, run.force)
    missing = [names[redshift] for redshift in redshifts if redshift not in resumed.complete]
    check_outputs(ranks, missing, [], run.force)
    require_room_for_universe(
        *(run, "run-fastpm", header.mesh, header.lattice),
        *(scheme.steps, scheme.force_mesh_factor),
    )
    mesh = make_mesh(header.mesh, header.box_size, run.precision, ranks)
    density = load_field(mesh, InitialConditionsFile, initial_conditions)
    initial = InitialConditions(mesh, density, header.lattice, header.cosmology)
    if verify_ranks:
        with run.stopwatch.stage("verifying ranks"):
            run.record_verification(verify_first_step(initial, scheme, redshifts))
    own_or_other = simulate if engine is None else engine.simulate
    outputs = functools.partial(own_or_other, initial, scheme, redshifts)
    for redshift, particles in _follow(run, ranks, scheme.runs(redshifts), outputs, resumed):
        attributes = {
            "step_scheme": scheme.description(stages_of[redshift]),
            "initial_conditions": header.attributes,
        }
        moved = ParticleSet(
            ParticlesHeader(
                header.box_size, header.lattice, redshift, header.cosmology, attributes
            ),
            particles.ids,
            particles.positions,
            particles.velocities(redshift),
            ranks,
        )
        record = provenance_of(run, mesh, [initial_conditions])
        of_run = {**record.run, RUN_DIGEST: run_digest(run_fingerprint)}
        record = dataclasses.replace(record, run=of_run)
        save_particles(names[redshift], moved, record, run.force)
        logger.info("%s: %s particles, z = %g", names[redshift], header.lattice, redshift)
    if resumed.checkpoint is not None:
        resumed.checkpoint.remove()


class _Resumed(NamedTuple):
    """Where a simulation stands; the default is its beginning, without a checkpoint.

    Attributes:
        checkpoint: the file that keeps its state.
        state: the state in it.
        complete: redshifts whose outputs are complete.
    """

    checkpoint: Checkpoint | None = None
    state: State | None = None
    complete: Container[float] = ()


def _resume(
    ranks: Ranks, checkpoint: Checkpoint, names: Mapping[float, str], force: bool
) -> _Resumed:
    """The last state and the complete outputs of an interrupted call with the same arguments."""
    check_outputs(ranks, [os.fspath(checkpoint.path)], [], force=True)
    state = checkpoint.load(force)
    complete = set()
    for redshift, name in names.items():
        if on_root(ranks, is_output_of, name, ParticlesFile, checkpoint.fingerprint):
            logger.info("%s: complete already", name)
            complete.add(redshift)
    return _Resumed(checkpoint, state, complete)


def _scheme_of_engine(
    run: Run, scheme: StepScheme, checkpoint: str | None, verify_ranks: bool
) -> StepScheme:
    """The scheme as another engine has it.

    Raises:
        BadInput: for options that only our own engine has.
    """
    for option, given in {"--checkpoint": checkpoint, "--verify-ranks": verify_ranks}.items():
        if given:
            raise BadInput(f"{option}: --engine {run.engine} has none; leave one of them out")
    return dataclasses.replace(scheme, second_order="fastpm")


def _follow(
    run: Run,
    ranks: Ranks,
    runs: Sequence[tuple[np.ndarray, list[float]]],
    simulation: Callable[..., Iterator[tuple[float, Particles]]],
    resumed: _Resumed,
) -> Iterator[tuple[float, Particles]]:
    """Redshift and particles of each missing output, in the order in which they are reached.

    After each step progress is shown, the checkpoint saved, and the run stopped if asked to.
    """
    steps_before = [0, *itertools.accumulate(len(stages) - 1 for stages, _ in runs)]
    with progress(steps_before[-1], "FastPM step") as advance:

        def after_step(state: State) -> None:
            advance(steps_before[state.run] + state.steps)
            if resumed.checkpoint is not None:
                resumed.checkpoint.save(state)
            stop_if_requested(ranks)

        outputs = simulation(after_step, resumed.state, resumed.complete)
        while True:
            with run.stopwatch.stage("FastPM"):
                output = next(outputs, None)
            if output is None:
                return
            redshift, particles = output
            yield redshift, particles.without_padding()
