# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain in memory: initial conditions, FastPM, maps and spectra as Python objects.

``import jerald_tools as jt`` offers these functions. Arrays are this rank's part under MPI. The
first use of any of them imports JAX and switches its double precision on (``jax_enable_x64``).
"""

import os

import numpy as np

from jerald_tools.analysis.power_spectrum import (
    BinnedPower,
    Comparison,
    compare,
    cross_power,
    overdensity,
    region_mean,
)
from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.gravity.fastpm import simulate
from jerald_tools.gravity.linear_power import camb_linear_power, read_linear_power
from jerald_tools.gravity.lpt import InitialConditions, lattice_shape, linear_field
from jerald_tools.gravity.step_scheme import StepScheme
from jerald_tools.gravity.white_noise import white_noise
from jerald_tools.io.grids import MapFile
from jerald_tools.io.parallel import ParticleSet, load_field, read_header
from jerald_tools.io.particles import ParticlesFile, ParticlesHeader
from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import agree, on_root, world
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.model.painting import FieldMap, PaintedMap, paint_particles, painting_mesh


def initial_conditions(
    seed: int,
    mesh: int,
    particles: int,
    box_size: float,
    cosmology: Cosmology | None = None,
    power: str | os.PathLike | None = None,
) -> InitialConditions:
    """The linear overdensity at z = 0 of a seed, with the white noise of N-GenIC.

    Args:
        seed: of the white noise.
        mesh: nodes per side, even; a multiple of ``particles``.
        particles: per side.
        box_size: side of the box [Mpc/h].
        cosmology: the cosmological parameters; the paper's by default.
        power: table of k [h/Mpc] and linear P at z = 0 [(Mpc/h)^3]; None for CAMB's.

    Raises:
        BadInput: for numbers or a table that cannot be used.
    """
    ranks, cosmology = world(), cosmology or Cosmology()
    grid = make_mesh(mesh, box_size, ranks=ranks)
    lattice = lattice_shape(grid.shape, particles)
    if power is None:
        spectrum = on_root(ranks, camb_linear_power, cosmology, wavenumber_table(grid)[-1])
    else:
        spectrum = on_root(ranks, read_linear_power, power)
    density = linear_field(grid, white_noise(grid, seed), spectrum)
    return InitialConditions(grid, density, lattice, cosmology)


def run_fastpm(
    initial: InitialConditions, redshift: float, scheme: StepScheme | None = None
) -> ParticleSet:
    """The particles of a universe at a redshift, by 2LPT and FastPM.

    Args:
        initial: the universe.
        redshift: of the particles.
        scheme: the steps; by default ten, linear in the scale factor, from z = 9.

    Raises:
        BadInput: for a redshift that the scheme does not reach.
        RunFailed: if a position or a momentum is not finite.
    """
    scheme = scheme or StepScheme()
    ((stages, _),) = scheme.runs([redshift])
    ((_, particles),) = simulate(initial, scheme, [redshift])
    particles = particles.without_padding()
    attributes = {"step_scheme": scheme.description(stages)}
    header = ParticlesHeader(
        initial.mesh.box_size, initial.lattice, redshift, initial.cosmology, attributes
    )
    rows = (particles.ids, particles.positions, particles.velocities(redshift))
    return ParticleSet(header, *map(np.asarray, rows), ranks=initial.mesh.ranks)


def read_particles(path: str | os.PathLike) -> ParticleSet:
    """The particles in a file of ``run-fastpm``.

    Raises:
        BadInput: if it is missing, damaged, or no particle file of this package.
    """
    ranks = world()
    header = read_header(ranks, ParticlesFile, path)
    start, stop = (header.number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1))

    def read():
        with ParticlesFile(path) as file:
            return file.read(start, stop)

    return ParticleSet(header, *agree(ranks, read), ranks=ranks, sources=(os.fspath(path),))


def load_fit(path: str | os.PathLike, accept_edited: bool = False) -> FittedModel:
    """A fit, whose method ``paint`` makes maps of particles.

    Args:
        path: the fit file.
        accept_edited: whether a fit that was edited by hand is taken.

    Raises:
        BadInput: if it is missing, damaged, edited, or no fit.
    """
    return on_root(world(), FittedModel.load, path, accept_edited)


def paint_density(particles: ParticleSet, nodes: int | None = None) -> PaintedMap:
    """The density of particles over its mean, cloud-in-cell.

    Args:
        particles: of :func:`run_fastpm` or :func:`read_particles`.
        nodes: of the map along x; None for one node a particle.
    """
    mesh = painting_mesh(particles.header, None, nodes, "single", particles.ranks)
    return paint_particles(mesh, particles.on(mesh), particles.header)


def read_map(path: str | os.PathLike) -> FieldMap:
    """The map in a file of ``paint`` or ``make-target``.

    Raises:
        BadInput: if it is missing, damaged, or no map.
    """
    ranks = world()
    header = read_header(ranks, MapFile, path)
    mesh = make_mesh(header.mesh, header.box_size, ranks=ranks)
    return FieldMap(mesh, load_field(mesh, MapFile, path), header, sources=(os.fspath(path),))


def power_spectrum(
    painted: FieldMap, reference: FieldMap | None = None
) -> BinnedPower | Comparison:
    """The power of a map, or how it compares with the power of a reference.

    Both are measured in bins around the multiples of the smallest wavenumber, of the overdensity
    over the reference's mean, or over the map's own without a reference.

    Args:
        painted: the map.
        reference: on the same mesh and in the same units.

    Raises:
        BadInput: if the meshes differ, or a mean is zero.
    """
    mesh = painted.mesh
    if reference is None:
        spectrum = r2c(mesh, overdensity(mesh, painted.field))
        return cross_power(mesh, spectrum, spectrum)
    if reference.mesh != mesh:
        raise BadInput(f"maps on {mesh.shape} and {reference.mesh.shape} nodes: give one mesh")
    mean = region_mean(mesh, reference.field)
    first, second = (r2c(mesh, overdensity(mesh, one.field, mean)) for one in (painted, reference))
    return compare(mesh, first, second)
