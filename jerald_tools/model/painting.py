# SPDX-License-Identifier: GPL-3.0-or-later
"""Particle files to maps, with a fit or as they are."""

import dataclasses
import typing

import numpy as np

from jerald_tools.cosmology import hubble_rate
from jerald_tools.errors import BadInput
from jerald_tools.io.fits import edited_parts
from jerald_tools.io.grids import MapHeader
from jerald_tools.io.parallel import LoadedParticles, load_particles, read_header
from jerald_tools.io.particles import ParticlesFile, ParticlesHeader
from jerald_tools.mesh.checks import check_density, check_finite
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import world
from jerald_tools.model.chain import paint_trained
from jerald_tools.model.fit_reading import model_of, refusing_shape, trained_setting, trained_target
from jerald_tools.model.redshift_space import line_of_sight_shifts, move_map
from jerald_tools.model.setting import require_same_setting, setting_of

AXES = ("x", "y", "z")


@dataclasses.dataclass(frozen=True)
class PaintedMap:
    """A map and the particles that it follows, this rank's part.

    Attributes:
        mesh: of the map.
        field: (nx_local, ny, nz) in the units of the header.
        header: for the file.
        particles_header: of the particle file.
        particles: as they were read.
        positions: after all layers, in real space (n, 3) [Mpc/h].
    """

    mesh: Mesh
    field: typing.Any
    header: MapHeader
    particles_header: ParticlesHeader
    particles: LoadedParticles
    positions: typing.Any


def check_file(
    path: str,
    fit: dict | None = None,
    fit_path: str = "",
    nodes: int | None = None,
    precision: str = "single",
    allow_mismatch: bool = False,
) -> tuple[ParticlesHeader, Mesh]:
    """Whether a particle file can be painted, before anything is computed.

    Arguments and errors as :func:`paint_file`; returns the file's header and the map's mesh.
    """
    ranks = world()
    header = read_header(ranks, ParticlesFile, path)
    mesh = make_mesh(_mesh_shape(header, fit, fit_path, nodes), header.box_size, precision, ranks)
    if fit is not None:
        model_of(fit, fit_path, header.redshift)
        trained_target(fit, fit_path)
        _fit_attributes(fit, fit_path)
    if fit is not None and not allow_mismatch:
        mend = f"paint particles like its own, not {path}, or use --allow-mismatch"
        trained = trained_setting(fit, fit_path)
        require_same_setting(fit_path, trained, setting_of(mesh, header), mend)
    return header, mesh


def paint_file(
    path: str,
    fit: dict | None = None,
    fit_path: str = "",
    nodes: int | None = None,
    precision: str = "single",
    allow_mismatch: bool = False,
    redshift_space: str | None = None,
) -> PaintedMap:
    """Paint one particle file.

    Args:
        path: of the particles, from run-fastpm.
        fit: document of the quantity's fit; None for the particles' own density.
        fit_path: its file, for messages.
        nodes: along x; by default as the fit's cells ask, or one node a particle.
        precision: "single" or "double".
        allow_mismatch: use the fit in a setting that is not its own.
        redshift_space: line of sight "x", "y" or "z"; None for real space.

    Raises:
        BadInput: on every rank, if the files do not go together.
        RunFailed: see :func:`paint_particles`.
    """
    header, mesh = check_file(path, fit, fit_path, nodes, precision, allow_mismatch)
    return paint_particles(mesh, load_particles(mesh, path), header, fit, fit_path, redshift_space)


def paint_particles(
    mesh: Mesh,
    particles: LoadedParticles,
    header: ParticlesHeader,
    fit: dict | None = None,
    fit_path: str = "",
    redshift_space: str | None = None,
) -> PaintedMap:
    """Paint particles that were read.

    Args:
        mesh: of the map.
        particles: this rank's.
        header: of their file.
        fit: document of the quantity's fit; None for the particles' own density.
        fit_path: its file, for messages.
        redshift_space: line of sight "x", "y" or "z"; None for real space.

    Raises:
        RunFailed: on every rank, if the map is not finite, or has not the particles' mass.
    """
    if fit is None:
        field, positions = density(mesh, particles.positions), particles.positions
        check_density(mesh, "painting the particles", field, len(positions))
        quantity, units, mean = "dark-matter", "1 + delta", 1.0
        description = "density of the particles over its mean, cloud-in-cell"
    else:
        model = model_of(fit, fit_path, header.redshift)
        field, positions = paint_trained(mesh, model, particles.positions)
        target = trained_target(fit, fit_path)
        quantity, units, mean = model.quantity, target["units"], model.target_mean
        description = f"painted by JERALD: {target['description']}"
    attributes = {"redshift_space": redshift_space or "none"}
    if redshift_space is not None:
        rate = float(hubble_rate(1 / (1 + header.redshift), header.cosmology))
        axis = AXES.index(redshift_space)
        shifts = line_of_sight_shifts(mesh, particles.velocities, axis, header.redshift, rate)
        field = move_map(mesh, field, positions, shifts)
    if fit is not None:
        attributes |= _fit_attributes(fit, fit_path)
    # In double precision: number densities of neutral hydrogen are near float32's least.
    field = (np.asarray(field, np.float64) * mean).astype(mesh.dtype)
    check_finite(mesh, f"painting the map of {quantity}", {"values": field})
    return PaintedMap(
        mesh,
        field,
        MapHeader(
            quantity,
            units,
            description,
            mesh.box_size,
            mesh.shape,
            header.redshift,
            header.cosmology,
            attributes,
        ),
        header,
        particles,
        positions,
    )


def _fit_attributes(fit: dict, fit_path: str) -> dict:
    """What a map says of the fit that it was painted with."""
    attributes = {"fit_sha256": fit["sha256"]}
    with refusing_shape(fit_path):
        if "member" in fit:
            attributes["member"] = int(fit["member"])
            for name in ("k", "model_error"):
                attributes[name] = [float(value) for value in fit["ensemble"][name]]
    if edited := edited_parts(fit):
        attributes["fit_edited"] = [place or "itself" for place in edited]
    return attributes


def _mesh_shape(
    header: ParticlesHeader, fit: dict | None, fit_path: str, nodes: int | None
) -> tuple[int, int, int]:
    """Cubic cells: as many along x as asked for, else the fit's cells, else one a particle."""
    if nodes is not None:
        cell_size = (header.box_size[0] / nodes,) * 3
    elif fit is not None:
        cell_size = trained_setting(fit, fit_path).cell_size
    else:
        return header.lattice
    exact = np.array(header.box_size) / cell_size
    shape = np.round(exact)
    if not np.allclose(exact, shape, rtol=1e-6, atol=0) or min(shape) < 1:
        box = " x ".join(f"{side:g}" for side in header.box_size)
        source, mend = (
            (fit_path, "give --mesh and --allow-mismatch, or another box")
            if nodes is None
            else (f"--mesh {nodes}", "give another number of nodes")
        )
        raise BadInput(
            f"{source}: cells of {cell_size[0]:g} Mpc/h do not fill a box of {box} Mpc/h: {mend}"
        )
    return tuple(int(n) for n in shape)
