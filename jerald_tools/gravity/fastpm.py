# SPDX-License-Identifier: GPL-3.0-or-later
"""FastPM (arXiv:1603.00476): particle-mesh gravity in few steps, from 2LPT to some redshifts.

A Python loop over jitted kicks and drifts: between steps the particles may change rank, which no
jitted function can do.
"""

import dataclasses
import functools
from collections.abc import Callable, Container, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jerald_tools.cosmology import scale_factor_of
from jerald_tools.gravity.lpt import (
    GRADIENT_ORDER,
    InitialConditions,
    inverse_laplacian,
    second_order_start,
)
from jerald_tools.gravity.particles import Particles, check_particles
from jerald_tools.gravity.step_scheme import StepScheme, step_factors
from jerald_tools.mesh.checks import on_one_rank, verify_on_one_rank, whole_on_root
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.paint import density, readout_gradient


@dataclasses.dataclass(frozen=True)
class State:
    """Where a simulation stands, see :mod:`jerald_tools.gravity.checkpoint`.

    Attributes:
        run: number of the run, from 0, as :meth:`StepScheme.runs` plans them.
        steps: how many steps the run has made.
        particles: this rank's particles after these steps.
    """

    run: int
    steps: int
    particles: Particles


def simulate(
    initial: InitialConditions,
    scheme: StepScheme,
    redshifts: Sequence[float],
    after_step: Callable[[State], None] = lambda state: None,
    state: State | None = None,
    skip: Container[float] = (),
) -> Iterator[tuple[float, Particles]]:
    """Run from initial conditions to particles at each redshift.

    Args:
        initial: the universe, this rank's part.
        scheme: how the runs are cut into steps.
        redshifts: where the runs have outputs.
        after_step: called after every step.
        state: where an interrupted simulation stood; its run continues from there.
        skip: redshifts whose particles are not needed, because they were written before.

    Yields:
        Redshift and particles: in the order given, or from high to low in a single run.

    Raises:
        BadInput: redshifts that the scheme does not reach.
        RunFailed: on every rank, if a position, a momentum or a force is not finite.
    """
    mesh, omega_m = force_mesh(initial, scheme), initial.cosmology.omega_m

    @functools.cache
    def start() -> Particles:
        return start_of(initial, scheme)

    for run, (stages, outputs) in enumerate(scheme.runs(redshifts)):
        pending = [redshift for redshift in outputs if redshift not in skip]
        steps_to = {z: int(np.searchsorted(stages, scale_factor_of(z))) for z in pending}
        if not steps_to:
            continue
        if state is not None and state.run == run and state.steps <= min(steps_to.values()):
            steps, particles = state.steps, state.particles
        else:
            steps, particles = 0, start()
        factors = step_factors(stages, initial.cosmology)
        for redshift, reached in steps_to.items():

            def after(number, particles, run=run, before=steps):
                after_step(State(run, before + number, particles))

            # Whoever was given them may keep them, and all runs begin with the same.
            own = jax.tree.map(jnp.copy, particles)
            particles = evolve(mesh, own, factors[steps:reached], omega_m, after)
            steps = reached
            yield redshift, particles


def start_of(initial: InitialConditions, scheme: StepScheme) -> Particles:
    """The particles that every run of a scheme starts from.

    Raises:
        RunFailed: on every rank, if a position or a momentum is not finite.
    """
    a = scale_factor_of(scheme.start_redshift)
    return second_order_start(initial, a, scheme.second_order)


def force_mesh(initial: InitialConditions, scheme: StepScheme) -> Mesh:
    """The mesh that forces are computed on: a multiple of the lattice."""
    nx, ny, nz = (points * scheme.force_mesh_factor for points in initial.lattice)
    return dataclasses.replace(initial.mesh, shape=(nx, ny, nz))


def evolve(
    mesh: Mesh,
    particles: Particles,
    factors: Float[np.ndarray, "steps 3"],
    omega_m: float,
    after_step: Callable[[int, Particles], None] = lambda number, particles: None,
) -> Particles:
    """Kick, drift and kick, step by step.

    Args:
        mesh: the force mesh.
        particles: this rank's particles, anywhere, whose memory the first step takes.
        factors: of each step, see :func:`jerald_tools.gravity.step_scheme.step_factors`.
        omega_m: matter density today.
        after_step: called after every step with its number, from 1, and the particles.

    Raises:
        RunFailed: on every rank, if a position, a momentum or a force is not finite.
    """
    particles = particles.sent_home(mesh)
    force = accelerations(mesh, particles, omega_m)
    for number, of_step in enumerate(np.asarray(factors, mesh.dtype), 1):
        particles, force = step(mesh, particles, force, of_step, omega_m)
        jax.block_until_ready(particles)
        check_particles(mesh, f"FastPM step {number} of {len(factors)}", particles, force)
        after_step(number, particles)
    check_particles(mesh, "the last FastPM step", particles)
    return particles


def step(
    mesh: Mesh,
    particles: Particles,
    force: Float[AnyArray, "n 3"],
    factors: Float[AnyArray, "3"],
    omega_m: float,
) -> tuple[Particles, Float[AnyArray, "m 3"]]:
    """One step: kick, drift and kick (outside jit).

    Args:
        mesh: the force mesh.
        particles: this rank's particles, each on the rank of its slab. The step takes their
            memory: JAX refuses to read them afterwards.
        force: their :func:`accelerations`.
        factors: first kick, drift, second kick.
        omega_m: matter density today.

    Returns:
        The particles after the step, on the ranks of their slabs, and their accelerations.
    """
    first_kick, drift_factor, second_kick = factors
    particles = kick_and_drift(particles, force, first_kick, drift_factor)
    particles = particles.sent_home(mesh)
    return accelerate_and_kick(mesh, particles, second_kick, omega_m)


@functools.partial(jax.jit, donate_argnums=0)
def kick_and_drift(
    particles: Particles, force: Float[AnyArray, "n 3"], kick_factor: float, drift_factor: float
) -> Particles:
    """Particles with new momenta, and then new positions, in the memory of the old ones."""
    return drift(kick(particles, force, kick_factor), drift_factor)


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def accelerate_and_kick(
    mesh: Mesh, particles: Particles, kick_factor: float, omega_m: float
) -> tuple[Particles, Float[Array, "n 3"]]:
    """Particles with new momenta, in the memory of the old ones, and their accelerations."""
    force = accelerations(mesh, particles, omega_m)
    return kick(particles, force, kick_factor), force


@functools.partial(jax.jit, static_argnums=0)
def accelerations(mesh: Mesh, particles: Particles, omega_m: float) -> Float[Array, "n 3"]:
    """Gravity at the particles, 3/2 omega_m grad (1/k^2) (1 + d) [Mpc/h], on the force mesh."""
    potential = inverse_laplacian(mesh, density(mesh, particles.positions, particles.weights))
    gradient = readout_gradient(mesh, potential, particles.positions, GRADIENT_ORDER)
    return (1.5 * omega_m * gradient).astype(mesh.dtype)


def kick(particles: Particles, accelerations: Float[AnyArray, "n 3"], factor: float) -> Particles:
    """Particles with momenta + factor x accelerations."""
    return dataclasses.replace(particles, momenta=particles.momenta + factor * accelerations)


def drift(particles: Particles, factor: float) -> Particles:
    """Particles with positions + factor x momenta."""
    positions = particles.positions + factor * particles.momenta
    return dataclasses.replace(particles, positions=positions)


def verify_first_step(
    initial: InitialConditions, scheme: StepScheme, redshifts: Sequence[float]
) -> str:
    """Compare the particles after the first step of the first run with those of one rank alone.

    Rank 0 needs memory for all. Arguments as of :func:`simulate`; result and errors as of
    :func:`jerald_tools.mesh.checks.verify_on_one_rank`.
    """
    stages, _ = scheme.runs(redshifts)[0]

    def first_step(initial):
        start = start_of(initial, scheme)
        factors = step_factors(stages, initial.cosmology)[:1]
        mesh = force_mesh(initial, scheme)
        return evolve(mesh, start, factors, initial.cosmology.omega_m).without_padding()

    def in_order(ids, positions, momenta):
        order = np.argsort(ids)
        return {"positions": positions[order], "momenta": momenta[order]}

    ranks = initial.mesh.ranks
    particles = first_step(initial)
    rows = (particles.ids, particles.positions, particles.momenta)
    whole = [whole_on_root(ranks, each) for each in rows]
    whole_density = whole_on_root(ranks, initial.linear_density)

    def repeat():
        alone = dataclasses.replace(
            initial, mesh=on_one_rank(initial.mesh), linear_density=whole_density
        )
        moved = first_step(alone)
        return in_order(*map(np.asarray, (moved.ids, moved.positions, moved.momenta)))

    of_all_ranks = in_order(*whole) if ranks.is_root else {}
    what = "2LPT and the first FastPM step"
    return verify_on_one_rank(initial.mesh, what, of_all_ranks, repeat)
