# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of particles, painted with a fit, with the members of its ensemble, or as they are."""

import dataclasses
import itertools
import logging
from collections.abc import Mapping, Sequence

from jerald_tools.errors import BadInput
from jerald_tools.fitting.problem_files import white_noise_of
from jerald_tools.io.parallel import (
    ParticleSet,
    load_particles,
    read_header,
    save_map,
    save_particles,
)
from jerald_tools.io.particles import ParticlesFile, ParticlesHeader
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import on_root, world
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.model.painting import (
    paint_particles,
    painting_mesh,
    require_paintable,
    verify_map,
)
from jerald_tools.stages.outputs import check_outputs, member_names, output_names
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.room import require_room_for_model
from jerald_tools.stages.run import Run

logger = logging.getLogger(__name__)

LEFT_OUT = "left-out"

DENSITY = "dark-matter"


@dataclasses.dataclass(frozen=True)
class PaintOptions:
    """How maps are painted.

    Attributes:
        nodes: along x; None for the cells of the fit, or one node a particle without a fit.
        redshift_space: line of sight "x", "y" or "z"; None for real space.
        allow_mismatch: whether a fit may be used where it was not trained.
        accept_edited: whether a fit that was edited by hand is taken.
        members: "all", the number of a member of the fit's ensemble, or "left-out" for the member
            that left the box of the particles out; None for the fit alone.
        verify_ranks: whether to repeat each map on rank 0 alone and compare.
        fine: whether maps are on the mesh of the fit's model, finer than that of its training maps.
    """

    nodes: int | None = None
    redshift_space: str | None = None
    allow_mismatch: bool = False
    accept_edited: bool = False
    members: str | None = None
    verify_ranks: bool = False
    fine: bool = False


def paint(
    run: Run,
    particles: Sequence[str],
    fit: str | None,
    options: PaintOptions,
    output: str,
    save_particles: str | None = None,
) -> None:
    """Write maps of particle files; each file is read once for all members of the fit.

    Args:
        run: how the stage runs.
        particles: files from run-fastpm.
        fit: fit file of the quantity; None for the particles' own density.
        options: how maps are painted.
        output: name of the maps, in which ``{name}`` becomes the particle file's name and
            ``{member}`` the number of a member.
        save_particles: name of the same kind for the displaced particles that the maps follow.

    Raises:
        BadInput: on every rank, before anything is painted, if files or options do not match.
        RunFailed: on every rank, if a map is not finite, or ranks differ.
    """
    ranks = world()
    if options.members and not fit:
        raise BadInput("--members needs a --fit")
    model = on_root(ranks, FittedModel.load, fit, options.accept_edited) if fit else None
    if options.fine:
        _require_finer_model(model)
    headers = [read_header(ranks, ParticlesFile, path) for path in particles]
    chosen = [
        _chosen_fits(model, path, header, options.members)
        for path, header in zip(particles, headers, strict=True)
    ]
    maps = _names(particles, chosen, output)
    displaced = _names(particles, chosen, save_particles) if save_particles else [[]] * len(maps)
    if repeated := {*itertools.chain(*maps)} & {*itertools.chain(*displaced)}:
        raise BadInput(f"map and particles would be written to {min(repeated)}: give two names")
    check_outputs(ranks, itertools.chain(*maps, *displaced), [fit, *particles], run.force)
    tasks = []
    for number, (path, header, fits) in enumerate(zip(particles, headers, chosen, strict=True)):
        mesh = painting_mesh(header, model, options.nodes, run.precision, ranks)
        for one in fits.values():
            if one is not None:
                require_paintable(path, header, mesh, one, options.allow_mismatch)
        # The particles' own density costs no more than that of dark matter.
        name, refine = (model.quantity.name, model.quantity.refine) if model else (DENSITY, 1)
        require_room_for_model(run, f"paint {name}", [header.lattice], mesh.shape, refine)
        inputs = [path, *([fit] if fit else [])]
        tasks.append(_Task(inputs, header, mesh, fits, maps[number], displaced[number]))
    for task in tasks:
        _paint_members(run, task, options)


@dataclasses.dataclass(frozen=True)
class _Task:
    """All maps of one particle file.

    Attributes:
        inputs: the particle file, and the fit if there is one.
        header: of the particles.
        mesh: of the maps.
        fits: members of the fit by number; 0 with None for the density.
        maps: names of the maps, in the order of the members.
        displaced: names of the displaced particles, or none.
    """

    inputs: Sequence[str]
    header: ParticlesHeader
    mesh: Mesh
    fits: Mapping[int, FittedModel | None]
    maps: Sequence[str]
    displaced: Sequence[str]


def _chosen_fits(
    model: FittedModel | None, path: str, header: ParticlesHeader, members: str | None
) -> Mapping[int, FittedModel | None]:
    """The members that paint a particle file."""
    if model is None or members is None:
        return {0: model}
    if members == LEFT_OUT:
        return model.member_without(white_noise_of(path, header) or path)
    return model.chosen_members(members)


def _names(particles: Sequence[str], chosen: Sequence[Mapping], template: str) -> list[list[str]]:
    """Output names of each particle file, one for each of its members."""
    return [
        member_names(name, fits)
        for name, fits in zip(output_names(particles, template), chosen, strict=True)
    ]


def _require_finer_model(model: FittedModel | None) -> None:
    if model is None:
        raise BadInput("--fine needs a --fit")
    if model.quantity.refine == 1:
        raise BadInput(f"{model.path}: its model acts on the mesh of the map: leave out --fine")


def _paint_members(run: Run, task: _Task, options: PaintOptions) -> None:
    with run.stopwatch.stage("reading"):
        particles = load_particles(task.mesh, task.inputs[0])
    displaced = task.displaced or [None] * len(task.maps)
    for fit, map_path, particles_path in zip(task.fits.values(), task.maps, displaced, strict=True):
        with run.stopwatch.stage("painting"):
            painted = paint_particles(
                task.mesh, particles, task.header, fit, options.redshift_space, options.fine
            )
        if options.verify_ranks:
            with run.stopwatch.stage("verifying ranks"):
                verified = verify_map(
                    task.mesh,
                    painted,
                    particles,
                    task.header,
                    fit,
                    options.redshift_space,
                    options.fine,
                )
                run.record_verification(verified)
        provenance = provenance_of(run, task.mesh, task.inputs)
        save_map(map_path, painted.mesh, painted.field, painted.header, provenance, run.force)
        if particles_path is not None:
            assert painted.positions is not None  # only a map that was read has none
            # With the velocities of the particles as FastPM left them.
            moved = ParticleSet(
                task.header,
                particles.ids,
                painted.positions,
                particles.velocities,
                task.mesh.ranks,
            )
            save_particles(particles_path, moved, provenance, run.force)
        logger.info("%s: %s at z = %g", map_path, painted.header.quantity, task.header.redshift)
