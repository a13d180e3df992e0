# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: reportMissingImports=false
"""fastpm-python: particles by its 2LPT, its kicks, drifts and forces, on the stages of our scheme.

Its second-order displacements grow as ``--second-order fastpm`` has it, 3/7 today. Its growth
factors are solved to about 1e-7.
"""

from collections.abc import Callable, Container, Iterator, Sequence

import numpy as np
from fastpm.core import Solver, StateVector, leapfrog
from nbodykit.cosmology import Cosmology as NbodykitCosmology

from jerald_tools.cosmology import Cosmology, scale_factor_of
from jerald_tools.engines.fields import field_of_slab, particle_mesh
from jerald_tools.errors import BadInput
from jerald_tools.gravity.fastpm import State
from jerald_tools.gravity.lpt import InitialConditions, lattice_points
from jerald_tools.gravity.particles import Particles, check_particles
from jerald_tools.gravity.step_scheme import StepScheme


def simulate(
    initial: InitialConditions,
    scheme: StepScheme,
    redshifts: Sequence[float],
    after_step: Callable[[State], None] = lambda state: None,
    state: State | None = None,
    skip: Container[float] = (),
) -> Iterator[tuple[float, Particles]]:
    """Run from initial conditions to particles at each redshift.

    Arguments and results as of :func:`jerald_tools.gravity.fastpm.simulate`. A rank keeps the
    particles of its part of the lattice.

    Raises:
        BadInput: redshifts that the scheme does not reach, a state to continue from, or a
            cosmology that CLASS refuses.
        RunFailed: on every rank, if a position or a momentum is not finite.
    """
    if state is not None:
        raise BadInput("--engine fastpm: cannot resume in the middle of a run")
    mesh = initial.mesh
    linear = field_of_slab(mesh, initial.linear_density).r2c(out=Ellipsis)
    solver = Solver(
        particle_mesh(mesh, initial.lattice),
        _cosmology(initial.cosmology),
        B=scheme.force_mesh_factor,
    )
    points, ids = lattice_points(mesh, initial.lattice)
    for run, (stages, outputs) in enumerate(scheme.runs(redshifts)):
        reached = {int(np.searchsorted(stages, scale_factor_of(z))): z for z in outputs}
        moving = solver.lpt(linear, points, stages[0], order=2)
        step, done = solver.nbodystep, 0
        for action, start, at, end in leapfrog(stages):
            step.run(action, start, at, end, moving, None)
            if action != "K" or not moving.synchronized:
                continue
            done += 1
            particles = _particles(moving, ids)
            check_particles(mesh, f"step {done} of fastpm-python", particles)
            after_step(State(run, done, particles))
            if done in reached and reached[done] not in skip:
                yield reached[done], particles


def _particles(moving: StateVector, ids: np.ndarray) -> Particles:
    """Positions [Mpc/h], not wrapped, and momenta a^2 dx/dt / H0 [Mpc/h] of its state."""
    return Particles(moving.X, moving.P.copy(), ids)


def _cosmology(cosmology: Cosmology) -> NbodykitCosmology:
    """Its cosmology, without massive neutrinos: the solver takes omega_m alone from it.

    Raises:
        BadInput: parameters that CLASS refuses.
    """
    try:
        theirs = NbodykitCosmology(
            h=cosmology.h,
            Omega0_b=cosmology.omega_b,
            Omega0_cdm=cosmology.omega_m - cosmology.omega_b,
            m_ncdm=[],
            n_s=cosmology.n_s,
        )
        density = float(theirs.Om0)
    except Exception as error:
        line = " ".join(str(error).split())
        raise BadInput(f"--engine fastpm: CLASS refuses the cosmology: {line}") from error
    if abs(density - cosmology.omega_m) > 1e-10:
        raise BadInput(
            f"--engine fastpm: CLASS has omega_m = {density!r} where {cosmology.omega_m!r} is asked"
        )
    return theirs
