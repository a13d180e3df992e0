# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles to maps, with a fit or as they are."""

import dataclasses
import os
import typing

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jerald_tools.agreement import RELATIVE_TOLERANCE
from jerald_tools.cosmology import hubble_rate, scale_factor_of
from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapHeader
from jerald_tools.io.inputs import describe_input
from jerald_tools.io.parallel import LoadedParticles, save_map
from jerald_tools.io.particles import ParticlesHeader
from jerald_tools.io.record import this_run
from jerald_tools.mesh.checks import (
    check_density,
    check_finite,
    on_one_rank,
    verify_on_one_rank,
    whole_on_root,
)
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import Ranks, on_root
from jerald_tools.model.redshift_space import line_of_sight_shifts, move_map
from jerald_tools.model.validity import validity_of

if typing.TYPE_CHECKING:
    from jerald_tools.model.fitted_model import FittedModel

AXES = ("x", "y", "z")


@dataclasses.dataclass(frozen=True)
class FieldMap:
    """A map in memory, this rank's part.

    Attributes:
        mesh: of the map.
        field: this rank's slab in the units of the header.
        header: for the file.
        sources: files that it was made from.
    """

    mesh: Mesh
    field: Float[np.ndarray, "x y z"]
    header: MapHeader
    sources: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)

    def save(self, path: str | os.PathLike, force: bool = False) -> None:
        """Write the map, with the files that it was made from in its record.

        Raises:
            BadInput, RunFailed: on every rank, if rank 0 cannot write.
        """
        inputs = on_root(self.mesh.ranks, lambda: tuple(map(describe_input, self.sources)))
        save_map(path, self.mesh, self.field, self.header, this_run(inputs), force)


@dataclasses.dataclass(frozen=True)
class PaintedMap(FieldMap):
    """A map and the particles that it follows, this rank's part.

    Attributes:
        positions: particles after all layers, in real space [Mpc/h].
    """

    positions: Float[Array, "n 3"]


def painting_mesh(
    header: ParticlesHeader,
    fit: "FittedModel | None",
    nodes: int | None,
    precision: str,
    ranks: Ranks,
) -> Mesh:
    """The mesh of a map of particles, with cubic cells.

    Args:
        header: of the particles.
        fit: whose cells the mesh has, unless ``nodes`` is given; None for the density.
        nodes: along x; None for the cells of the fit, or one node a particle without a fit.
        precision: "single" or "double".
        ranks: that share the mesh.

    Raises:
        BadInput: if the cells do not fill the box.
    """
    shape = _mesh_shape(header, fit, nodes)
    return make_mesh(shape, header.box_size, precision, ranks)


def require_paintable(
    path: str, header: ParticlesHeader, mesh: Mesh, fit: "FittedModel", allow_mismatch: bool
) -> None:
    """Refuse a fit that cannot paint particles, before anything is computed.

    Args:
        path: of the particles, for messages.
        header: of the particles.
        mesh: of the map.
        fit: that is to paint.
        allow_mismatch: whether the fit may be used where it was not trained.

    Raises:
        BadInput: if the fit is incomplete, or not valid for the particles.
    """
    fit.at(header.redshift)
    fit.map_attributes()
    if not allow_mismatch:
        fix = f"paint particles like its own, not {path}, or use --allow-mismatch"
        fit.require_match([validity_of(mesh, header)], fix)


def paint_particles(
    mesh: Mesh,
    particles: LoadedParticles,
    header: ParticlesHeader,
    fit: "FittedModel | None" = None,
    redshift_space: str | None = None,
    fine: bool = False,
) -> PaintedMap:
    """Paint a map of particles.

    Args:
        mesh: of the map.
        particles: this rank's.
        header: of their file.
        fit: of the quantity; None for the particles' own density.
        redshift_space: line of sight "x", "y" or "z"; None for real space.
        fine: whether the map is on the mesh of the fit's model, which may be finer than ``mesh``.

    Raises:
        RunFailed: on every rank, if the map is not finite, or has not the particles' mass.
    """
    if fit is None:
        field, positions = density(mesh, particles.positions), particles.positions
        check_density(mesh, "painting the particles", field, len(positions))
        name, units, mean = "dark-matter", "1 + delta", 1.0
        description = "density of the particles over its mean, cloud-in-cell"
    else:
        model = fit.at(header.redshift)
        if fine:
            field, positions = model.paint_fine(mesh, particles.positions)
            mean = model.target_mean * model.quantity.target.share_of_cell(model.quantity.refine)
            mesh = model.quantity.model_mesh(mesh)
        else:
            field, positions = model.paint(mesh, particles.positions)
            mean = model.target_mean
        name, units = model.quantity.name, fit.target_units
        description = f"painted by JERALD: {fit.target_description}"
    if redshift_space is not None:
        field = _in_redshift_space(mesh, field, positions, particles, header, redshift_space)
    attributes = {"redshift_space": redshift_space or "none"}
    if fit is not None:
        attributes |= fit.map_attributes()
    # In double precision: number densities of neutral hydrogen are near float32's least.
    values = (np.asarray(field, np.float64) * mean).astype(mesh.dtype)
    check_finite(mesh, f"painting the map of {name}", {"values": values})
    map_header = MapHeader(
        name,
        units,
        description,
        mesh.box_size,
        mesh.shape,
        header.redshift,
        header.cosmology,
        attributes,
    )
    return PaintedMap(mesh, values, map_header, positions)


def verify_map(
    mesh: Mesh,
    painted: PaintedMap,
    particles: LoadedParticles,
    header: ParticlesHeader,
    fit: "FittedModel | None" = None,
    redshift_space: str | None = None,
    fine: bool = False,
) -> str:
    """Paint a map again on rank 0 alone, which needs memory for all of it, and compare.

    Args:
        mesh: as for :func:`paint_particles`, like all but the next.
        painted: this rank's part of the map.
        particles: this rank's.
        header: of their file.
        fit: as it was painted with.
        redshift_space: the same.
        fine: the same.

    Returns:
        A line for log and provenance.

    Raises:
        RunFailed: see :func:`jerald_tools.mesh.checks.verify_on_one_rank`.
    """
    rows = (particles.positions, particles.velocities, particles.ids)
    whole = [whole_on_root(mesh.ranks, each) for each in rows]

    def repeat():
        particles = LoadedParticles(*(jnp.asarray(np.asarray(each)) for each in whole))
        alone = paint_particles(on_one_rank(mesh), particles, header, fit, redshift_space, fine)
        return {"values": alone.field}

    of_all_ranks = {"values": whole_on_root(mesh.ranks, painted.field)}
    return verify_on_one_rank(mesh, f"the map of {painted.header.quantity}", of_all_ranks, repeat)


def _in_redshift_space(
    mesh: Mesh,
    field: Float[Array, "x y z"],
    positions: Float[Array, "n 3"],
    particles: LoadedParticles,
    header: ParticlesHeader,
    line_of_sight: str,
) -> Float[Array, "x y z"]:
    rate = float(hubble_rate(scale_factor_of(header.redshift), header.cosmology))
    shifts = line_of_sight_shifts(
        mesh, particles.velocities, AXES.index(line_of_sight), header.redshift, rate
    )
    return move_map(mesh, field, positions, shifts)


def _mesh_shape(
    header: ParticlesHeader, fit: "FittedModel | None", nodes: int | None
) -> tuple[int, int, int]:
    """As many nodes along x as asked for, else those of the fit's cells, else one a particle."""
    if nodes is not None:
        cell_size = (header.box_size[0] / nodes,) * 3
        source, fix = f"--mesh {nodes}", "give another number of nodes"
    elif fit is not None:
        cell_size = fit.validity.cell_size
        source, fix = fit.path, "give --mesh and --allow-mismatch, or another box"
    else:
        return header.lattice
    exact = np.array(header.box_size) / cell_size
    x, y, z = (int(number) for number in np.round(exact))
    if not np.allclose(exact, (x, y, z), rtol=RELATIVE_TOLERANCE, atol=0) or min(x, y, z) < 1:
        box = " x ".join(f"{side:g}" for side in header.box_size)
        raise BadInput(
            f"{source}: cells of {cell_size[0]:g} Mpc/h do not fill a box of {box} Mpc/h: {fix}"
        )
    return x, y, z
