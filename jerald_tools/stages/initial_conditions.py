# SPDX-License-Identifier: GPL-3.0-or-later
"""The linear overdensity at z = 0: generated from a seed or a file, or recovered from another run.

Both write initial conditions from which :func:`jerald_tools.stages.fastpm.run_fastpm` starts.
"""

import dataclasses
import functools
import logging
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jax import Array
from jaxtyping import Complex, Float

from jerald_tools.agreement import same_lengths
from jerald_tools.cosmology import Cosmology, growth
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower, camb_linear_power, read_linear_power
from jerald_tools.gravity.lpt import lattice_shape, linear_field
from jerald_tools.gravity.recovered_field import recovered_linear_field
from jerald_tools.gravity.white_noise import noise_of_field, white_noise
from jerald_tools.io.grids import FieldFile, FieldHeader, InitialConditionsHeader
from jerald_tools.io.parallel import load_field, read_header, save_initial_conditions
from jerald_tools.io.white_noise import BinaryNoise, open_white_noise
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, on_root, world
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import describe_snapshot
from jerald_tools.stages.outputs import check_outputs
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.run import Run
from jerald_tools.targets.lattice import lattice_displacements, lattice_mesh

logger = logging.getLogger(__name__)

# A larger relative difference between the sigma8 of a table and of the cosmology is worth a line.
SIGMA8_TOLERANCE = 0.01


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
    """

    seed: int | None = None
    white_noise: str | None = None
    linear_density: str | None = None
    mesh: int | None = None
    box_size: float | None = None
    fixed: bool = False
    paired: bool = False

    @property
    def path(self) -> str | None:
        """The file in place of a seed."""
        return self.white_noise or self.linear_density

    @property
    def open_file(self) -> Callable[[str], FieldFile | BinaryNoise]:
        """The function that opens that file."""
        if self.white_noise is not None:
            return open_white_noise
        return functools.partial(FieldFile, name="linear_density")


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
    ranks = world()
    check_outputs(ranks, [output], [power, source.path], run.force)
    found = _header_of(ranks, source)
    universe = dataclasses.replace(found.cosmology or Cosmology(), **cosmology)
    mesh = make_mesh(found.shape, _box_size(found, source), run.precision, ranks)
    lattice = lattice_shape(mesh.shape, particles)
    field, attributes = _linear_density(run, mesh, source, power, universe)
    header = InitialConditionsHeader(mesh.box_size, mesh.shape, lattice, universe, attributes)
    inputs = [path for path in (source.path, power) if path is not None]
    provenance = provenance_of(run, mesh, inputs)
    save_initial_conditions(output, mesh, field, header, provenance, run.force)
    logger.info("%s: mesh %s, particles %s, %s", output, mesh.shape, lattice, universe)


def recover(
    run: Run,
    snapshot: Sequence[str],
    overrides: Overrides,
    lpt_order: int,
    particles: int | None,
    output: str,
) -> None:
    """Write the linear overdensity behind the displaced lattice of a snapshot.

    Args:
        run: how the stage runs.
        snapshot: files of the initial conditions of another code.
        overrides: units and cosmology that the files do not state.
        lpt_order: 1 or 2, of the theory that displaced the particles.
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
        growth_then = growth(header.scale_factor, header.cosmology)
        field = recovered_linear_field(mesh, species, growth_then, lpt_order).astype(run.dtype)
    attributes = {
        "recovered_from": header.format,
        "recovered_at_redshift": header.redshift,
        "lpt_order": lpt_order,
    }
    written = InitialConditionsHeader(
        mesh.box_size, mesh.shape, lattice, header.cosmology, attributes
    )
    provenance = provenance_of(run, mesh, [on_root(ranks, describe_snapshot, opened)])
    save_initial_conditions(output, mesh, field, written, provenance, run.force)
    logger.info("%s: mesh %s, recovered at z = %g", output, mesh.shape, header.redshift)


def _header_of(ranks: Ranks, source: Source) -> FieldHeader:
    """The mesh of a seed, or what the file in its place states of its field."""
    if source.path is None:
        return FieldHeader((source.mesh,) * 3, box_size=None, cosmology=None)
    found = read_header(ranks, source.open_file, source.path)
    if source.mesh not in (None, found.shape[0]):
        raise BadInput(f"{source.path}: its mesh is {found.shape}; leave out --mesh")
    return found


def _box_size(found: FieldHeader, source: Source) -> tuple[float, float, float]:
    """The sides of the box [Mpc/h], from the file or from the side along x."""
    side = source.box_size
    if side is None:
        if found.box_size is None:
            raise BadInput(f"{source.path}: has no attribute box_size; give --box-size")
        return found.box_size
    if not 0 < side < math.inf:
        raise BadInput(f"--box-size {side:g}: give a positive length in Mpc/h")
    nodes = found.shape[0]
    box_size = (side * nodes / nodes, side * found.shape[1] / nodes, side * found.shape[2] / nodes)
    if found.box_size is not None and not same_lengths(box_size, found.box_size):
        raise BadInput(
            f"{source.path}: its box is {found.box_size} Mpc/h; leave out --box-size {side:g}"
        )
    return box_size


def _linear_density(
    run: Run, mesh: Mesh, source: Source, power: str | None, cosmology: Cosmology
) -> tuple[Float[Array, "x y z"], dict]:
    """The linear overdensity at z = 0, this rank's slab, and how it was made."""
    attributes = {}
    if source.path is None:
        attributes |= {"seed": source.seed, "fixed": source.fixed, "paired": source.paired}
    elif source.paired:
        attributes["paired"] = True
    if source.linear_density is not None:
        return _stored_field(mesh, source), attributes
    spectrum = _linear_power(mesh, power, cosmology)
    attributes["linear_power"] = spectrum.source
    with run.stopwatch.stage("white noise"):
        noise = _white_noise(mesh, source)
    with run.stopwatch.stage("linear density"):
        field = linear_field(mesh, noise, spectrum).block_until_ready()
    return field, attributes


def _stored_field(mesh: Mesh, source: Source) -> Float[np.ndarray, "x y z"]:
    """This rank's slab of the field in the source's file."""
    return load_field(mesh, source.open_file, source.path).astype(mesh.dtype)


def _white_noise(mesh: Mesh, source: Source) -> Complex[Array, "x y z"]:
    """The modes of the white noise of a seed or a file, this rank's part."""
    if source.seed is not None:
        return white_noise(mesh, source.seed, source.fixed, source.paired)
    field = _stored_field(mesh, source)
    return noise_of_field(mesh, -field if source.paired else field)


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
