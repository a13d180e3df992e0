# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of a quantity from the snapshot of a hydrodynamical simulation, to train on."""

import logging
from collections.abc import Sequence

from jerald_tools.errors import BadInput
from jerald_tools.io.parallel import save_map
from jerald_tools.mesh.ranks import on_root, world
from jerald_tools.quantities import quantity_named
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import describe_snapshot
from jerald_tools.stages.outputs import check_outputs
from jerald_tools.stages.progress import progress
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.run import Run
from jerald_tools.targets.mass_budget import require_mass
from jerald_tools.targets.options import TargetOptions
from jerald_tools.targets.target import Recipe
from jerald_tools.targets.target_map import plan, rounds, target_map, target_mesh

logger = logging.getLogger(__name__)


def make_target(
    run: Run,
    snapshot: Sequence[str],
    overrides: Overrides,
    wanted: TargetOptions,
    output: str | None,
    chunk: int = 2**22,
    dry_run: bool = False,
) -> None:
    """Write a map of a snapshot, or print what that would read and cost.

    Args:
        run: how the stage runs.
        snapshot: its directory, files, or a pattern.
        overrides: units and cosmology that the files do not state, and whether they are a part of
            the box.
        wanted: the map.
        output: map to write; a dry run needs none.
        chunk: particles in memory at a time, on all ranks together.
        dry_run: whether to print the plan and stop.

    Raises:
        BadInput: on every rank, if options contradict each other, or if the snapshot cannot be
            read, lacks what the map needs, or has not the mass of its universe.
        RunFailed: on every rank, if the map is not finite.
    """
    if output is None and not dry_run:
        raise BadInput("a map has no name; give -o FILE, or --dry-run")
    ranks, target = world(), quantity_named(wanted.quantity).target
    target.check_options(wanted)
    check_outputs(ranks, [output] if output else [], snapshot, run.force)
    opened = on_root(ranks, open_snapshot, snapshot, overrides)
    target = on_root(ranks, target.with_options, wanted, opened.header)
    recipe = Recipe(wanted.quantity, target, wanted.deposit)
    on_root(ranks, recipe.check_snapshot, opened)
    mesh = target_mesh(opened.header, wanted.nodes)
    # A dry run reads no more than a sample.
    if not (overrides.part_of_box or dry_run):
        require_mass(ranks, opened, chunk)
    others = [opened.header.counts[kind] for kind in target.types_left_out]
    if any(others):
        logger.warning(
            "types %s are left out, which have %s particles", target.types_left_out, others
        )
    if output is None or dry_run:
        lines = plan(mesh, opened, recipe, chunk, run.precision)
        if ranks.is_root:
            print("\n".join(lines), flush=True)
        return
    number = rounds(ranks, opened.header.number(target.species), chunk)
    with run.stopwatch.stage("deposit"), progress(number, recipe.quantity) as advance:
        field = target_map(mesh, opened, recipe, chunk, advance)
    source = on_root(ranks, describe_snapshot, opened)
    provenance = provenance_of(run, mesh, [source, *([wanted.uvb] if wanted.uvb else [])])
    header = recipe.header(opened, mesh.shape)
    save_map(output, mesh, field.astype(run.dtype), header, provenance, run.force)
    logger.info("%s: %s at z = %g [%s]", output, header.quantity, header.redshift, header.units)
