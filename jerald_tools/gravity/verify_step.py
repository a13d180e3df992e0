# SPDX-License-Identifier: GPL-3.0-or-later
"""2LPT and a first FastPM step on all ranks, held against the same on one of them alone."""

import dataclasses

import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.gravity.background import scale_factor_of
from jerald_tools.gravity.fastpm import evolve, second_order_start
from jerald_tools.gravity.step_scheme import StepScheme, step_factors
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.verify_ranks import on_one_rank, verify_on_one_rank, whole_on_root


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
    :func:`jerald_tools.mesh.verify_ranks.verify_on_one_rank`. Rank 0 needs memory for all.
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
