# SPDX-License-Identifier: GPL-3.0-or-later
"""FastPM: particle-mesh gravity in few steps, from 2LPT to the redshifts wanted.

A Python loop over jitted kicks and drifts: between steps the particles may change rank, which no
jitted function can do.
"""

import dataclasses
import functools
from collections.abc import Callable, Container, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.cosmology import Cosmology, growth, scale_factor_of
from jerald_tools.gravity.lpt import GRADIENT_ORDER, displacements, inverse_laplacian, lattice
from jerald_tools.gravity.particles import Particles, bring_home
from jerald_tools.gravity.step_scheme import StepScheme, step_factors
from jerald_tools.mesh.checks import check_finite, on_one_rank, verify_on_one_rank, whole_on_root
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density, readout_gradient


@dataclasses.dataclass(frozen=True)
class State:
    """Where a simulation stands.

    Attributes:
        run: number of the run, from 0, as :meth:`StepScheme.runs` plans them.
        steps: that it has made.
        particles: this rank's after these steps.
    """

    run: int
    steps: int
    particles: Particles


def simulate(
    mesh: Mesh,
    linear_density,
    particles_per_axis: tuple[int, int, int],
    cosmology: Cosmology,
    scheme: StepScheme,
    redshifts: list[float],
    after_step: Callable[[State], None] = lambda state: None,
    state: State | None = None,
    unwanted: Container[float] = (),
) -> Iterator[tuple[float, Particles]]:
    """Run from linear overdensity to particles at each redshift.

    Args:
        mesh: the mesh of the linear density.
        linear_density: linear overdensity at z = 0, this rank's slab (nx_local, ny, nz).
        particles_per_axis: lattice points along x, y, z.
        cosmology: the cosmological parameters.
        scheme: the steps.
        redshifts: the redshifts of the runs.
        after_step: called after every step.
        state: where an interrupted simulation stood; its run goes on from there.
        unwanted: redshifts that nothing need be yielded of.

    Yields:
        Redshift and particles: in the order given, or from high to low in a single run.

    Raises:
        BadInput: redshifts that the scheme does not reach.
    """
    runs = scheme.runs(redshifts)
    force_mesh = dataclasses.replace(
        mesh, shape=tuple(n * scheme.force_mesh_factor for n in particles_per_axis)
    )

    @functools.cache
    def beginning() -> Particles:
        at = scale_factor_of(scheme.start_redshift)
        return second_order_start(mesh, linear_density, particles_per_axis, cosmology, at)

    for run, (stages, outputs) in enumerate(runs):
        wanted = {
            redshift: int(np.searchsorted(stages, scale_factor_of(redshift)))
            for redshift in outputs
            if redshift not in unwanted
        }
        if not wanted:
            continue
        if state is not None and state.run == run and state.steps <= min(wanted.values()):
            steps, particles = state.steps, state.particles
        else:
            steps, particles = 0, beginning()
        factors = step_factors(stages, cosmology)
        for redshift, reached in wanted.items():

            def after(number, particles, run=run, before=steps):
                after_step(State(run, before + number, particles))

            stretch = factors[steps:reached]
            particles = evolve(force_mesh, particles, stretch, cosmology.omega_m, after)
            steps = reached
            yield redshift, particles


def second_order_start(
    mesh: Mesh,
    linear_density,
    particles_per_axis: tuple[int, int, int],
    cosmology: Cosmology,
    scale_factor: float,
) -> Particles:
    """Particles displaced from their lattice by 2LPT (see :func:`displace`).

    Args:
        mesh: the mesh of the linear density.
        linear_density: linear overdensity at z = 0, this rank's slab (nx_local, ny, nz).
        particles_per_axis: lattice points along x, y, z.
        cosmology: the cosmological parameters.
        scale_factor: where the run starts.
    """
    lattice_positions, ids = lattice(mesh, particles_per_axis)
    first, second = displacements(mesh, jnp.asarray(linear_density, mesh.dtype), lattice_positions)
    factors = displacement_factors(scale_factor, cosmology).astype(mesh.dtype)
    start = displace(lattice_positions, ids, first, second, factors)
    _check_particles(mesh, "2LPT", start)
    return start


def displacement_factors(scale_factor: float, cosmology: Cosmology) -> np.ndarray:
    """D1, D2, a^2 E D1 f1 and a^2 E D2 f2: the weights of :func:`displace`, (4,)."""
    at = growth(scale_factor, cosmology)
    speed = scale_factor**2 * at.hubble
    return np.stack(
        [
            at.first,
            at.second,
            speed * at.first * at.first_rate,
            speed * at.second * at.second_rate,
        ]
    )


@jax.jit
def displace(lattice_positions, ids, first, second, factors) -> Particles:
    """Particles at q + D1 psi1 + D2 psi2 with momenta a^2 E (D1 f1 psi1 + D2 f2 psi2).

    Args:
        lattice_positions: q, (n, 3) [Mpc/h].
        ids: (n,) int64.
        first: psi1 where D1 = 1, (n, 3) [Mpc/h].
        second: psi2 where D2 = 1, (n, 3) [Mpc/h].
        factors: (4,) as :func:`displacement_factors` gives them.
    """
    first_shift, second_shift, first_momentum, second_momentum = factors
    return Particles(
        positions=lattice_positions + first_shift * first + second_shift * second,
        momenta=first_momentum * first + second_momentum * second,
        ids=ids,
    )


@functools.partial(jax.jit, static_argnums=0)
def accelerations(mesh: Mesh, particles: Particles, omega_m):
    """Gravity at the particles, 3/2 omega_m grad (1/k^2) (1 + d), (n, 3) [Mpc/h].

    Args:
        mesh: the force mesh.
        particles: this rank's particles.
        omega_m: matter density today.
    """
    potential = inverse_laplacian(mesh, density(mesh, particles.positions, particles.weights))
    gradient = readout_gradient(mesh, potential, particles.positions, GRADIENT_ORDER)
    return (1.5 * omega_m * gradient).astype(mesh.dtype)


@jax.jit
def kick(particles: Particles, accelerations, factor) -> Particles:
    """Particles with momenta + factor x accelerations."""
    return dataclasses.replace(particles, momenta=particles.momenta + factor * accelerations)


@jax.jit
def drift(particles: Particles, factor) -> Particles:
    """Particles with positions + factor x momenta."""
    positions = particles.positions + factor * particles.momenta
    return dataclasses.replace(particles, positions=positions)


def evolve(
    mesh: Mesh,
    particles: Particles,
    factors: np.ndarray,
    omega_m: float,
    after_step: Callable[[int, Particles], None] = lambda number, particles: None,
) -> Particles:
    """Kick, drift and kick, step by step.

    Args:
        mesh: the force mesh.
        particles: this rank's particles, anywhere.
        factors: (steps, 3) as :func:`jerald_tools.gravity.step_scheme.step_factors` gives them.
        omega_m: matter density today.
        after_step: called after every step with its number, from 1, and the particles.

    Raises:
        RunFailed: on every rank, if a position, a momentum or a force is not finite.
    """
    particles = bring_home(mesh, particles)
    force = accelerations(mesh, particles, omega_m)
    for number, three in enumerate(np.asarray(factors, mesh.dtype), 1):
        particles, force = step(mesh, particles, force, three, omega_m)
        jax.block_until_ready(particles)
        # A Fourier transform spreads one position that is not finite over the whole mesh: the
        # force on any particle tells of all.
        _check_particles(mesh, f"FastPM step {number} of {len(factors)}", particles, force)
        after_step(number, particles)
    _check_particles(mesh, "the last FastPM step", particles)
    return particles


def _check_particles(mesh: Mesh, stage: str, particles: Particles, force=None) -> None:
    """Check that particles are finite after a stage; with a force, by that of the first one."""
    arrays = {"positions": particles.positions, "momenta": particles.momenta}
    if force is None:
        check_finite(mesh, stage, arrays)
    else:
        check_finite(mesh, stage, arrays | {"accelerations": force}, probe=force)


def step(mesh: Mesh, particles: Particles, force, factors, omega_m: float):
    """One step: kick, drift and kick (outside jit).

    Args:
        mesh: the force mesh.
        particles: this rank's particles, at home.
        force: their :func:`accelerations`.
        factors: (3,) first kick, drift, second kick.
        omega_m: matter density today.

    Returns:
        The particles after the step, at home, and their accelerations.
    """
    first_kick, drift_factor, second_kick = factors
    particles = drift(kick(particles, force, first_kick), drift_factor)
    particles = bring_home(mesh, particles)
    force = accelerations(mesh, particles, omega_m)
    return kick(particles, force, second_kick), force


# 2LPT and a first FastPM step on all ranks, held against the same on one of them alone.


def verify_first_step(
    mesh: Mesh,
    linear_density,
    particles_per_axis: tuple[int, int, int],
    cosmology: Cosmology,
    scheme: StepScheme,
    redshifts: list[float],
) -> str:
    """Compare positions and momenta after the first step of the first run.

    Arguments as of :func:`jerald_tools.gravity.fastpm.simulate`; result and errors as of
    :func:`jerald_tools.mesh.checks.verify_on_one_rank`. Rank 0 needs memory for all.
    """
    stages, _ = scheme.runs(redshifts)[0]

    def first_step(mesh, linear_density):
        force_mesh = dataclasses.replace(
            mesh, shape=tuple(n * scheme.force_mesh_factor for n in particles_per_axis)
        )
        begin = scale_factor_of(scheme.start_redshift)
        start = second_order_start(mesh, linear_density, particles_per_axis, cosmology, begin)
        factors = step_factors(stages, cosmology)[:1]
        return evolve(force_mesh, start, factors, cosmology.omega_m).without_padding()

    def in_order(ids, positions, momenta):
        order = np.argsort(ids)
        return {"positions": positions[order], "momenta": momenta[order]}

    particles = first_step(mesh, linear_density)
    rows = (particles.ids, particles.positions, particles.momenta)
    whole = [whole_on_root(mesh.ranks, each) for each in rows]
    whole_density = whole_on_root(mesh.ranks, linear_density)

    def repeat():
        alone = first_step(on_one_rank(mesh), whole_density)
        return in_order(*map(np.asarray, (alone.ids, alone.positions, alone.momenta)))

    of_all_ranks = in_order(*whole) if mesh.ranks.is_root else {}
    return verify_on_one_rank(mesh, "2LPT and the first FastPM step", of_all_ranks, repeat)
