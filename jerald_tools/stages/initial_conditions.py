# SPDX-License-Identifier: GPL-3.0-or-later
"""The linear overdensity at z = 0: generated from a seed or a file, or recovered from another run.

Both write initial conditions from which :func:`jerald_tools.stages.fastpm.run_fastpm` starts.
"""

import dataclasses
import functools
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, block_until_ready
from jaxtyping import Float

from jerald_tools.agreement import same_lengths
from jerald_tools.cosmology import Cosmology
from jerald_tools.engines import OWN_ENGINE
from jerald_tools.errors import BadInput
from jerald_tools.gravity.lpt import lattice_shape, linear_field
from jerald_tools.gravity.recovered_field import recovered_linear_field
from jerald_tools.gravity.white_noise import noise_of_field, white_noise
from jerald_tools.io.grids import FieldFile, FieldHeader, InitialConditionsHeader
from jerald_tools.io.parallel import Opener, load_field, read_header, save_initial_conditions
from jerald_tools.io.white_noise import open_white_noise
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, on_root, world
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import Snapshot, describe_snapshot
from jerald_tools.snapshots.stated_cosmology import radiation_of
from jerald_tools.stages.outputs import check_outputs
from jerald_tools.stages.power_table import PowerTable, linear_power
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.room import require_room_for_universe
from jerald_tools.stages.run import Run
from jerald_tools.targets.lattice import lattice_displacements, lattice_mesh
from jerald_tools.targets.mass_budget import warn_of_mass

logger = logging.getLogger(__name__)


class _OwnEngine:
    """What an engine of :mod:`jerald_tools.engines` has, by our own functions."""

    white_noise = staticmethod(white_noise)
    noise_of_field = staticmethod(noise_of_field)
    linear_field = staticmethod(linear_field)


class FieldInput(NamedTuple):
    """A file with a field on a mesh, and the function that opens it."""

    path: str
    open_file: Opener


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the phases of a universe come from: a seed, or one of two files in its place.

    Attributes:
        seed: of white noise.
        seed_order: whose, one of :data:`jerald_tools.gravity.white_noise.SEED_ORDERS`.
        white_noise: file of numbers of variance 1 on nodes.
        linear_density: HDF5 file of the linear overdensity at z = 0.
        mesh: nodes per side of a seed's mesh; a file states its own.
        box_size: side of the box along x [Mpc/h], unless a file states it.
        fixed: whether a seed's amplitudes are at their mean.
        paired: whether all phases are shifted by pi.

    Raises:
        BadInput: if these contradict each other, or a seed's mesh or box is missing.
    """

    seed: int | None = None
    white_noise: str | None = None
    linear_density: str | None = None
    mesh: int | None = None
    box_size: float | None = None
    fixed: bool = False
    paired: bool = False
    seed_order: str = "n-genic"

    def __post_init__(self):
        sources = (self.seed, self.white_noise, self.linear_density)
        if sum(source is not None for source in sources) != 1:
            raise BadInput("give one of --seed, --white-noise and --linear-density")
        if self.seed is None and self.fixed:
            raise BadInput("--fixed is for a --seed; leave it out")
        if self.seed is None and self.seed_order != "n-genic":
            raise BadInput(f"--seed-order {self.seed_order} is for a --seed; leave it out")
        if self.linear_density is not None and self.paired:
            raise BadInput("--paired is for a --seed or --white-noise; leave it out")
        if self.seed is not None and (self.mesh is None or self.box_size is None):
            raise BadInput("a --seed needs --mesh and --box-size; give both")

    @property
    def file(self) -> FieldInput | None:
        """The file in place of a seed."""
        if self.white_noise is not None:
            return FieldInput(self.white_noise, open_white_noise)
        if self.linear_density is not None:
            open_file = functools.partial(FieldFile, name="linear_density")
            return FieldInput(self.linear_density, open_file)
        return None


def generate(
    run: Run,
    source: Source,
    table: PowerTable,
    cosmology: Mapping[str, float],
    particles: int | None,
    output: str,
) -> None:
    """Write the linear overdensity at z = 0 of a seed, of white noise or of a linear density.

    Args:
        run: how the stage runs.
        source: where the phases come from.
        table: of the linear power, or CAMB's.
        cosmology: parameters by name, the others as the file or :class:`Cosmology` has them.
        particles: per side along x, a divisor of the mesh; None for half the mesh.
        output: initial conditions to write.

    Raises:
        BadInput: on every rank, if a file cannot be used or contradicts an option.
    """
    if source.linear_density is not None and run.engine != OWN_ENGINE:
        raise BadInput(f"--engine {run.engine}: a --linear-density is made already; leave one out")
    if source.seed_order != "n-genic" and run.engine != OWN_ENGINE:
        raise BadInput(
            f"--engine {run.engine}: draws N-GenIC's seeds alone; leave out --seed-order"
        )
    ranks = world()
    inputs = [path for path in (source.white_noise, source.linear_density, table.power) if path]
    check_outputs(ranks, [output], inputs, run.force)
    found = _header_of(ranks, source)
    universe = dataclasses.replace(found.cosmology or Cosmology(), **cosmology)
    mesh = make_mesh(found.shape, _box_size(found, source), run.precision, ranks)
    lattice = lattice_shape(mesh.shape, particles)
    require_room_for_universe(run, "generate-ics", mesh.shape, lattice)
    field, attributes = _linear_density(run, mesh, source, table, universe)
    header = InitialConditionsHeader(mesh.box_size, mesh.shape, lattice, universe, attributes)
    provenance = provenance_of(run, mesh, inputs)
    save_initial_conditions(output, mesh, field, header, provenance, run.force)
    logger.info("%s: mesh %s, particles %s, %s", output, mesh.shape, lattice, universe)


@dataclasses.dataclass(frozen=True)
class Theory:
    """The theory that displaced the particles of a snapshot.

    Attributes:
        lpt_order: 1 or 2.
        second_order: how its second order grows, "exact" or "fastpm".
        radiation: whether the growth of the run had radiation, where its files say nothing.
    """

    lpt_order: int
    second_order: str = "exact"
    radiation: bool = False


def recover(
    run: Run,
    snapshot: Sequence[str],
    overrides: Overrides,
    theory: Theory,
    particles: int | None,
    output: str,
) -> None:
    """Write the linear overdensity behind the displaced lattice of a snapshot.

    Args:
        run: how the stage runs.
        snapshot: files of the initial conditions of another code.
        overrides: units and cosmology that the files do not state.
        theory: that displaced the particles.
        particles: per side of a run that starts from it; None for half the lattice.
        output: initial conditions to write.

    Raises:
        BadInput: on every rank, if the files cannot be used or hold no displaced lattice.
    """
    ranks = world()
    check_outputs(ranks, [output], snapshot, run.force)
    opened = on_root(ranks, open_snapshot, snapshot, overrides)
    header = opened.header
    omega_r = _radiation(opened, theory.radiation)
    warn_of_mass(ranks, opened)
    mesh = lattice_mesh(opened)
    lattice = lattice_shape(mesh.shape, particles)
    with run.stopwatch.stage("displacements"):
        species = [
            lattice_displacements(mesh, opened, name)
            for name in ("gas", "dark-matter")
            if header.number(name)
        ]
    with run.stopwatch.stage("linear density"):
        field = recovered_linear_field(
            mesh,
            species,
            header.scale_factor,
            header.cosmology,
            theory.lpt_order,
            theory.second_order,
            omega_r,
        ).astype(run.dtype)
    attributes = {
        "recovered_from": header.format,
        "recovered_at_redshift": header.redshift,
        "lpt_order": theory.lpt_order,
        "omega_r": omega_r,
    }
    if theory.lpt_order == 2:
        attributes["second_order"] = theory.second_order
    written = InitialConditionsHeader(
        mesh.box_size, mesh.shape, lattice, header.cosmology, attributes
    )
    provenance = provenance_of(run, mesh, [on_root(ranks, describe_snapshot, opened)])
    save_initial_conditions(output, mesh, field, written, provenance, run.force)
    logger.info("%s: mesh %s, recovered at z = %g", output, mesh.shape, header.redshift)


def _radiation(snapshot: Snapshot, asked: bool) -> float:
    """Radiation today in the background of the run, from its files or by option."""
    header = snapshot.header
    if header.omega_r is None:
        return radiation_of(header.cosmology.h) if asked else 0.0
    if asked and header.omega_r == 0:
        raise BadInput(f"{snapshot.paths[0]}: its header has no radiation; leave out --radiation")
    return header.omega_r


def _header_of(ranks: Ranks, source: Source) -> FieldHeader:
    """The mesh of a seed, or what the file in its place states of its field."""
    if source.file is None:
        assert source.mesh is not None  # a seed has one
        return FieldHeader((source.mesh, source.mesh, source.mesh), box_size=None, cosmology=None)
    found = read_header(ranks, source.file.open_file, source.file.path)
    if source.mesh not in (None, found.shape[0]):
        raise BadInput(f"{source.file.path}: its mesh is {found.shape}; leave out --mesh")
    return found


def _box_size(found: FieldHeader, source: Source) -> tuple[float, float, float]:
    """The sides of the box [Mpc/h], from the file or from the side along x."""
    side, path = source.box_size, source.file.path if source.file else None
    if side is None:
        if found.box_size is None:
            raise BadInput(f"{path}: has no attribute box_size; give --box-size")
        return found.box_size
    if not 0 < side < math.inf:
        raise BadInput(f"--box-size {side:g}: give a positive length in Mpc/h")
    nx, ny, nz = found.shape
    box_size = (side * nx / nx, side * ny / nx, side * nz / nx)
    if found.box_size is not None and not same_lengths(box_size, found.box_size):
        raise BadInput(f"{path}: its box is {found.box_size} Mpc/h; leave out --box-size {side:g}")
    return box_size


def _linear_density(
    run: Run, mesh: Mesh, source: Source, table: PowerTable, cosmology: Cosmology
) -> tuple[Float[Array, "x y z"], dict]:
    """The linear overdensity at z = 0, this rank's slab, and how it was made."""
    if source.file is None:
        stored = None
        attributes = {"seed": source.seed, "fixed": source.fixed, "paired": source.paired}
        if source.seed_order != "n-genic":
            attributes["seed_order"] = source.seed_order
    else:
        stored = load_field(mesh, source.file.open_file, source.file.path).astype(mesh.dtype)
        attributes = {"paired": True} if source.paired else {}
    if source.linear_density is not None:
        return jnp.asarray(stored), attributes
    engine: Any = run.load_engine() or _OwnEngine
    spectrum = linear_power(mesh, table, cosmology)
    with run.stopwatch.stage("white noise"):
        if stored is None:
            assert source.seed is not None  # without a file there is one
            order = {} if source.seed_order == "n-genic" else {"order": source.seed_order}
            noise = engine.white_noise(mesh, source.seed, source.fixed, source.paired, **order)
        else:
            noise = engine.noise_of_field(mesh, -stored if source.paired else stored)
    with run.stopwatch.stage("linear density"):
        field = block_until_ready(engine.linear_field(mesh, noise, spectrum))
    return field, {**attributes, "linear_power": spectrum.source}
