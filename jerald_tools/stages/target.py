# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of a quantity from the snapshot of a hydrodynamical simulation, to train on."""

import dataclasses
import logging
from collections.abc import Sequence

from jerald_tools.io.parallel import save_map
from jerald_tools.io.uv_background import read_rates
from jerald_tools.mesh.ranks import on_root, world
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import SnapshotHeader, describe_snapshot
from jerald_tools.stages.outputs import check_outputs
from jerald_tools.stages.progress import progress
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.run import Run
from jerald_tools.targets.neutral_gas import cross_section
from jerald_tools.targets.recipe import Recipe, check_recipe, map_header
from jerald_tools.targets.target_map import plan, rounds, target_map, target_mesh

logger = logging.getLogger(__name__)

# Particle types of Gadget that no map has: disk and bulge, or boundaries; neutrinos; black holes.
LEFT_OUT = (2, 3, 5)


@dataclasses.dataclass(frozen=True)
class MapOptions:
    """The map to make of a snapshot.

    Attributes:
        quantity: "dark-matter", "gas", "stellar-mass" or "neutral-hydrogen".
        nodes: along x; cells are cubes.
        deposit: particles as clouds of a cell ("cic") or as their kernels ("sph").
        uvb: table of photoionisation rates to compute neutral fractions with; None takes the
            snapshot's.
        self_shielding: whether dense gas shields itself from these rates.
        star_forming_gas: "as-is", "cold", "neutral" or "left-out".
        hydrogen_fraction: of the gas's mass, where the snapshot does not state it.
        clip: most neutral hydrogen of a cell [proper cm^-3], or None.
    """

    quantity: str
    nodes: int
    deposit: str = "cic"
    uvb: str | None = None
    self_shielding: bool = False
    star_forming_gas: str = "as-is"
    hydrogen_fraction: float = 0.76
    clip: float | None = None

    def recipe(self, header: SnapshotHeader) -> Recipe:
        """The recipe of this map, with the rates at the snapshot's redshift.

        Raises:
            BadInput: if the table of rates cannot be read or does not reach that redshift, or
                self-shielding is unknown there.
        """
        if self.self_shielding:
            cross_section(header.redshift)
        return Recipe(
            quantity=self.quantity,
            deposit=self.deposit,
            rates=read_rates(self.uvb, header.redshift) if self.uvb else None,
            shielded=self.self_shielding,
            star_forming=self.star_forming_gas,
            hydrogen_fraction=self.hydrogen_fraction,
            clip=self.clip,
        )


def make_target(
    run: Run,
    snapshot: Sequence[str],
    overrides: Overrides,
    wanted: MapOptions,
    output: str | None,
    chunk: int = 2**22,
    dry_run: bool = False,
) -> None:
    """Write a map of a snapshot, or print what that would read and cost.

    Args:
        run: how the stage runs.
        snapshot: its directory, files, or a pattern.
        overrides: units and cosmology that the files do not state.
        wanted: the map.
        output: map to write; a dry run needs none.
        chunk: particles in memory at a time, on all ranks together.
        dry_run: whether to print the plan and stop.

    Raises:
        BadInput: on every rank, if the snapshot cannot be read or lacks what the map needs.
        RunFailed: on every rank, if the map is not finite.
    """
    ranks = world()
    check_outputs(ranks, [output] if output else [], snapshot, run.force)
    opened = on_root(ranks, open_snapshot, snapshot, overrides)
    recipe = on_root(ranks, wanted.recipe, opened.header)
    on_root(ranks, check_recipe, opened, recipe)
    mesh = target_mesh(opened.header, wanted.nodes)
    others = [opened.header.counts[kind] for kind in LEFT_OUT]
    if recipe.species == "dark-matter" and sum(others):
        logger.warning("types %s are left out, which have %s particles", LEFT_OUT, others)
    if dry_run:
        lines = plan(mesh, opened, recipe, chunk, run.precision)
        if ranks.is_root:
            print("\n".join(lines), flush=True)
        return
    number = rounds(ranks, opened.header.number(recipe.species), chunk)
    with run.stopwatch.stage("deposit"), progress(number, recipe.quantity) as advance:
        field = target_map(mesh, opened, recipe, chunk, advance)
    source = on_root(ranks, describe_snapshot, opened)
    provenance = provenance_of(run, mesh, [source, *([wanted.uvb] if wanted.uvb else [])])
    header = map_header(opened, recipe, mesh.shape)
    save_map(output, mesh, field.astype(run.dtype), header, provenance, run.force)
    logger.info("%s: %s at z = %g [%s]", output, header.quantity, header.redshift, header.units)
