# SPDX-License-Identifier: GPL-3.0-or-later
"""Optical depth of Lyman-alpha along lines of sight through a map of neutral hydrogen."""

import dataclasses
import itertools
import logging
import math

import numpy as np

from jerald_tools.agreement import differing_parameters, same_lengths, same_redshift
from jerald_tools.cosmology import hubble_rate, scale_factor_of
from jerald_tools.errors import SELF_CHECK, BadInput, RunFailed
from jerald_tools.io.grids import MapFile, MapHeader
from jerald_tools.io.parallel import load_field, load_particles, read_header, write_on_root
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.io.skewers import SkewersHeader, write_skewers
from jerald_tools.lines.constants import LYMAN_ALPHA_AREA, MEGAPARSEC
from jerald_tools.lines.gas import ThermalState, gas_on_mesh, thermal_state
from jerald_tools.lines.geometry import AXES, Lines, along_lines, lines_of_mesh, read_positions
from jerald_tools.lines.mean_flux import mean_flux, scale_to_mean_flux
from jerald_tools.lines.optical_depth import Spectrograph, optical_depth
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, gather, on_root, pieces_on_root, world
from jerald_tools.stages.outputs import check_outputs
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.run import Run

logger = logging.getLogger(__name__)

VALUES_AT_ONCE = 2**21
"""Pixels of all lines of a rank that are worked on together."""

CONSERVATION = 1e-6
"""Largest relative difference between the optical depth of all pixels and that of all atoms."""


@dataclasses.dataclass(frozen=True)
class LineOptions:
    """Which lines are drawn, and how.

    Attributes:
        axis: "x", "y" or "z".
        every: distance of the lines, in nodes of the map.
        positions: file of positions in place of the nodes; None for the nodes.
        pixel: largest width of a pixel [km/s].
        profile: "voigt" or "gaussian".
        temperature: at the mean density [K]; None for that of the map.
        gamma: of the power law of temperature; None for that of the map.
        mean_flux: that the optical depth is scaled to; None to leave it.
    """

    axis: str = "z"
    every: int = 1
    positions: str | None = None
    pixel: float = 5.0
    profile: str = "voigt"
    temperature: float | None = None
    gamma: float | None = None
    mean_flux: float | None = None


def draw_skewers(
    run: Run,
    hydrogen: str,
    particles: str,
    lines: LineOptions,
    output: str,
    dry_run: bool = False,
) -> None:
    """Write the optical depth of lines of sight.

    Args:
        run: how the stage runs.
        hydrogen: map of neutral hydrogen in real space.
        particles: of the same run, as FastPM left them.
        lines: which lines, and how.
        output: name of the file.
        dry_run: whether to print sizes alone.

    Raises:
        BadInput: on every rank, if files or options do not match.
        RunFailed: on every rank, if optical depth was lost.
    """
    ranks = world()
    header = read_hydrogen_header(ranks, hydrogen, particles)
    gas = thermal_state(hydrogen, header, lines.temperature, lines.gamma)
    mesh = make_mesh(header.mesh, header.box_size, run.precision, ranks)
    chosen = _chosen_lines(ranks, mesh, lines)
    spectrograph = _spectrograph(header, AXES.index(lines.axis), lines.pixel, run.precision)
    if lines.mean_flux is not None and not 0 < lines.mean_flux < 1:
        raise BadInput(f"--mean-flux {lines.mean_flux:g}: give a number above 0 and below 1")
    inputs = [hydrogen, particles, *([lines.positions] if lines.positions else [])]
    check_outputs(ranks, [output], inputs, run.force)
    if dry_run:
        if ranks.is_root:
            print(_sizes(mesh, chosen, spectrograph), flush=True)
        return
    with run.stopwatch.stage("reading"):
        # Densities in proper cm^-3 are near float32's least: as columns they are not.
        density, velocity = _gas(mesh, particles, AXES.index(lines.axis))
        field = load_field(mesh, MapFile, hydrogen)
        refuse_negative(ranks, hydrogen, field)
    with run.stopwatch.stage("lines"):
        fields = [field, density, velocity]
        tau = _lines_of_rank(mesh, header, fields, chosen, spectrograph, gas, lines.profile)
    with run.stopwatch.stage("mean flux"):
        scale = 1.0
        if lines.mean_flux is not None:
            scale = scale_to_mean_flux(ranks, tau, lines.mean_flux)
        tau *= tau.dtype.type(scale)
        mean = mean_flux(ranks, tau)
    made = {"temperature": gas.temperature, "gamma": gas.gamma, "profile": lines.profile}
    file_header = SkewersHeader(
        axis=lines.axis,
        box_size=header.box_size,
        mesh=header.mesh,
        redshift=header.redshift,
        cosmology=header.cosmology,
        pixel_kms=spectrograph.pixel,
        mean_flux=mean,
        scale=scale,
        attributes=made,
    )
    record = provenance_of(run, mesh, inputs)
    where = chosen.positions.reshape(*chosen.shape, 2)
    pieces = pieces_on_root(ranks, tau.reshape(-1, *chosen.shape[1:], spectrograph.pixels))
    write_on_root(
        ranks,
        [pieces],
        lambda: write_skewers(
            output, file_header, where, spectrograph.pixels, pieces, record, run.force
        ),
    )
    logger.info("%s: %d lines, mean flux %.4f", output, chosen.number, mean)


def read_hydrogen_header(ranks: Ranks, hydrogen: str, particles: str) -> MapHeader:
    """The header of a map of hydrogen in real space that is of the same run as particles.

    Raises:
        BadInput: on every rank, if it is another map, or of another run.
    """
    header: MapHeader = read_header(ranks, MapFile, hydrogen)
    if header.quantity != "neutral-hydrogen" or not header.units.startswith("cm^-3"):
        raise BadInput(
            f"{hydrogen}: {header.quantity} in {header.units}: give neutral-hydrogen in cm^-3 "
            "(proper)"
        )
    if header.attributes.get("redshift_space", "none") != "none":
        raise BadInput(f"{hydrogen}: is in redshift space; paint it without --redshift-space")
    other = read_header(ranks, ParticlesFile, particles)
    if not same_lengths(header.box_size, other.box_size):
        raise BadInput(
            f"{particles}: box {other.box_size} Mpc/h, but {hydrogen} has {header.box_size}; "
            "give the particles that the map was painted on"
        )
    if not same_redshift(header.redshift, other.redshift):
        raise BadInput(
            f"{particles}: redshift {other.redshift:g}, but {hydrogen} has {header.redshift:g}; "
            "give the particles that the map was painted on"
        )
    if differing := differing_parameters(header.cosmology, other.cosmology):
        raise BadInput(
            f"{particles}: has another {', '.join(differing)} than {hydrogen}; give the particles "
            "that the map was painted on"
        )
    return header


def _chosen_lines(ranks: Ranks, mesh: Mesh, lines: LineOptions) -> Lines:
    axis = AXES.index(lines.axis)
    if lines.positions is None:
        return lines_of_mesh(mesh, axis, lines.every)
    positions = on_root(ranks, read_positions, lines.positions)
    return Lines(axis, positions, (len(positions),))


def _spectrograph(header: MapHeader, axis: int, pixel: float, precision: str) -> Spectrograph:
    """Pixels of one width, at most that asked for, which fill the box."""
    if not 0 < pixel < math.inf:
        raise BadInput(f"--pixel {pixel:g}: give a width in km/s above 0")
    width = box_width(header, axis)
    if pixel > width / 2:
        raise BadInput(f"--pixel {pixel:g}: the box is {width:g} km/s wide; give narrower pixels")
    return Spectrograph(width, math.ceil(width / pixel * (1 - 1e-9)), precision)


def box_width(header: MapHeader, axis: int) -> float:
    """Velocity of the Hubble flow from one end of the box to the other, a H L [km/s]."""
    a = scale_factor_of(header.redshift)
    return float(100 * a * hubble_rate(a, header.cosmology) * header.box_size[axis])


def _gas(mesh: Mesh, path: str, axis: int) -> tuple[np.ndarray, np.ndarray]:
    particles = load_particles(mesh, path)
    density, velocity = gas_on_mesh(mesh, particles.positions, particles.velocities[:, axis])
    return np.asarray(density), velocity


def refuse_negative(ranks: Ranks, path: str, field: np.ndarray) -> None:
    """Refuse a map of hydrogen with values below zero.

    Raises:
        BadInput: on every rank.
    """
    if min(gather(ranks, float(field.min(initial=0)))) < 0:
        raise BadInput(f"{path}: map has values below 0; no hydrogen does")


def _sizes(mesh: Mesh, lines: Lines, spectrograph: Spectrograph) -> str:
    """What a run would write, and the memory that it would take."""
    values = lines.number * spectrograph.pixels
    share = values * mesh.dtype.itemsize / mesh.ranks.size
    slab = math.prod(mesh.local_shape) * mesh.dtype.itemsize * 8
    at_once = 8 * VALUES_AT_ONCE * (6 + mesh.ranks.size)
    return (
        f"{lines.number} lines of {spectrograph.pixels} pixels of {spectrograph.pixel:.4g} km/s: "
        f"{values * mesh.dtype.itemsize / 1e6:.4g} MB on disk, about "
        f"{(share + slab + at_once) / 1e6:.4g} MB of memory on each of {mesh.ranks.size} rank(s)"
    )


def _lines_of_rank(
    mesh: Mesh,
    header: MapHeader,
    fields: list[np.ndarray],
    lines: Lines,
    spectrograph: Spectrograph,
    gas: ThermalState,
    profile: str,
) -> np.ndarray:
    """Optical depth of this rank's lines, an equal part of the rows of all."""
    ranks, axis = mesh.ranks, lines.axis
    in_row = math.prod(lines.shape[1:])
    starts = [lines.shape[0] * rank // ranks.size * in_row for rank in range(ranks.size + 1)]
    own = starts[ranks.rank + 1] - starts[ranks.rank]
    at_once = max(1, VALUES_AT_ONCE // max(spectrograph.pixels, mesh.shape[axis]))
    proper_cell = mesh.cell_size[axis] / header.cosmology.h * scale_factor_of(header.redshift)
    tau = np.empty((own, spectrograph.pixels), mesh.dtype)
    drawn = there = 0.0
    for start in range(0, max(np.diff(starts)), at_once):
        # The next lines of every rank, since each rank has a part of the box.
        rows = [
            np.arange(begin + start, min(begin + start + at_once, end))
            for begin, end in itertools.pairwise(starts)
        ]
        ends = np.cumsum([0, *map(len, rows)])
        here = slice(ends[ranks.rank], ends[ranks.rank + 1])
        found = along_lines(mesh, fields, axis, lines.positions[np.concatenate(rows)])
        if here.start == here.stop:  # more ranks than rows of lines
            continue
        hydrogen, density, velocity = (each[here] for each in found)
        columns = hydrogen * (proper_cell * MEGAPARSEC)
        depth = optical_depth(spectrograph, columns, velocity, gas.widths(density), profile)
        tau[start : start + len(depth)] = depth
        drawn += float(depth.sum()) * spectrograph.pixel
        there += float(columns.sum()) * LYMAN_ALPHA_AREA
    drawn, there = (sum(column) for column in zip(*gather(ranks, (drawn, there)), strict=True))
    if not abs(drawn - there) <= CONSERVATION * there:
        raise RunFailed(
            f"{SELF_CHECK} of lines: optical depth times velocity is {drawn:.9g} km/s in the "
            f"pixels, {there:.9g} in the gas"
        )
    return tau
