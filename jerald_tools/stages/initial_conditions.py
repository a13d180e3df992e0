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
from jerald_tools.gravity.linear_power import LinearPower, camb_linear_power, read_linear_power
from jerald_tools.gravity.lpt import lattice_shape, linear_field
from jerald_tools.gravity.recovered_field import recovered_linear_field
from jerald_tools.gravity.white_noise import noise_of_field, white_noise
from jerald_tools.io.grids import FieldFile, FieldHeader, InitialConditionsHeader
from jerald_tools.io.parallel import Opener, load_field, read_header, save_initial_conditions
from jerald_tools.io.white_noise import open_white_noise
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, on_root, world
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import describe_snapshot
from jerald_tools.stages.outputs import check_outputs
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.room import require_room_for_universe
from jerald_tools.stages.run import Run
from jerald_tools.targets.lattice import lattice_displacements, lattice_mesh

logger = logging.getLogger(__name__)

# A larger relative difference between the sigma8 of a table and of the cosmology is worth a line.
SIGMA8_TOLERANCE = 0.01


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
        seed: of N-GenIC's white noise.
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

    def __post_init__(self):
        sources = (self.seed, self.white_noise, self.linear_density)
        if sum(source is not None for source in sources) != 1:
            raise BadInput("give one of --seed, --white-noise and --linear-density")
        if self.seed is None and self.fixed:
            raise BadInput("--fixed is for a --seed; leave it out")
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
    power: str | None,
    cosmology: Mapping[str, float],
    particles: int | None,
    output: str,
) -> None:
    """Write the linear overdensity at z = 0 of a seed, of white noise or of a linear density.

    Args:
        run: how the stage runs.
        source: where the phases come from.
        power: table of k [h/Mpc] and linear P at z = 0 [(Mpc/h)^3]; None for CAMB's. A linear
            density needs neither.
        cosmology: parameters by name, the others as the file or :class:`Cosmology` has them.
        particles: per side along x, a divisor of the mesh; None for half the mesh.
        output: initial conditions to write.

    Raises:
        BadInput: on every rank, if a file cannot be used or contradicts an option.
    """
    if source.linear_density is not None and run.engine != OWN_ENGINE:
        raise BadInput(f"--engine {run.engine}: a --linear-density is made already; leave one out")
    ranks = world()
    inputs = [path for path in (source.white_noise, source.linear_density, power) if path]
    check_outputs(ranks, [output], inputs, run.force)
    found = _header_of(ranks, source)
    universe = dataclasses.replace(found.cosmology or Cosmology(), **cosmology)
    mesh = make_mesh(found.shape, _box_size(found, source), run.precision, ranks)
    lattice = lattice_shape(mesh.shape, particles)
    require_room_for_universe(run, "generate-ics", mesh.shape, lattice)
    field, attributes = _linear_density(run, mesh, source, power, universe)
    header = InitialConditionsHeader(mesh.box_size, mesh.shape, lattice, universe, attributes)
    provenance = provenance_of(run, mesh, inputs)
    save_initial_conditions(output, mesh, field, header, provenance, run.force)
    logger.info("%s: mesh %s, particles %s, %s", output, mesh.shape, lattice, universe)


def recover(
    run: Run,
    snapshot: Sequence[str],
    overrides: Overrides,
    lpt_order: int,
    second_order: str,
    particles: int | None,
    output: str,
) -> None:
    """Write the linear overdensity behind the displaced lattice of a snapshot.

    Args:
        run: how the stage runs.
        snapshot: files of the initial conditions of another code.
        overrides: units and cosmology that the files do not state.
        lpt_order: 1 or 2, of the theory that displaced the particles.
        second_order: how its second order grows, "exact" or "fastpm".
        particles: per side of a run that starts from it; None for half the lattice.
        output: initial conditions to write.

    Raises:
        BadInput: on every rank, if the files cannot be used or hold no displaced lattice.
    """
    ranks = world()
    check_outputs(ranks, [output], snapshot, run.force)
    opened = on_root(ranks, open_snapshot, snapshot, overrides)
    header = opened.header
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
            mesh, species, header.scale_factor, header.cosmology, lpt_order, second_order
        ).astype(run.dtype)
    attributes = {
        "recovered_from": header.format,
        "recovered_at_redshift": header.redshift,
        "lpt_order": lpt_order,
    }
    if lpt_order == 2:
        attributes["second_order"] = second_order
    written = InitialConditionsHeader(
        mesh.box_size, mesh.shape, lattice, header.cosmology, attributes
    )
    provenance = provenance_of(run, mesh, [on_root(ranks, describe_snapshot, opened)])
    save_initial_conditions(output, mesh, field, written, provenance, run.force)
    logger.info("%s: mesh %s, recovered at z = %g", output, mesh.shape, header.redshift)


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
    run: Run, mesh: Mesh, source: Source, power: str | None, cosmology: Cosmology
) -> tuple[Float[Array, "x y z"], dict]:
    """The linear overdensity at z = 0, this rank's slab, and how it was made."""
    if source.file is None:
        stored = None
        attributes = {"seed": source.seed, "fixed": source.fixed, "paired": source.paired}
    else:
        stored = load_field(mesh, source.file.open_file, source.file.path).astype(mesh.dtype)
        attributes = {"paired": True} if source.paired else {}
    if source.linear_density is not None:
        return jnp.asarray(stored), attributes
    engine: Any = run.load_engine() or _OwnEngine
    spectrum = _linear_power(mesh, power, cosmology)
    with run.stopwatch.stage("white noise"):
        if stored is None:
            assert source.seed is not None  # without a file there is one
            noise = engine.white_noise(mesh, source.seed, source.fixed, source.paired)
        else:
            noise = engine.noise_of_field(mesh, -stored if source.paired else stored)
    with run.stopwatch.stage("linear density"):
        field = block_until_ready(engine.linear_field(mesh, noise, spectrum))
    return field, {**attributes, "linear_power": spectrum.source}


def _linear_power(mesh: Mesh, path: str | None, cosmology: Cosmology) -> LinearPower:
    """The linear power of a table, or of CAMB without one; rank 0 makes it for all."""
    if path is None:
        return on_root(mesh.ranks, camb_linear_power, cosmology, wavenumber_table(mesh)[-1])
    power = on_root(mesh.ranks, read_linear_power, path)
    if power.reaches_sigma8() and abs(power.sigma8() / cosmology.sigma8 - 1) > SIGMA8_TOLERANCE:
        logger.warning(
            "%s: warning: its sigma8 is %.4g, the cosmology's %.4g: it is used as it is",
            path,
            power.sigma8(),
            cosmology.sigma8,
        )
    return power
