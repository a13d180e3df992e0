# SPDX-License-Identifier: GPL-3.0-or-later
"""Second-order Lagrangian perturbation theory, and one FastPM step (force mesh of N, B = 1)."""

import measuring  # isort: skip  first: it sets the threads
import click
import jax
import jax.numpy as jnp
import numpy as np
from inputs import gaussian_density, reference_mesh

from jerald_tools.cosmology import Cosmology
from jerald_tools.gravity.fastpm import accelerations, step
from jerald_tools.gravity.lpt import displacements, lattice_points
from jerald_tools.gravity.particles import Particles
from jerald_tools.gravity.step_scheme import step_factors
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.process import launched_size

STAGES = ("2lpt", "step")


def second_order_displacements(mesh: Mesh):
    """2LPT on a mesh of N as a function without arguments, and the bytes of its inputs."""
    density = jnp.asarray(gaussian_density(mesh))
    points, _ = lattice_points(mesh, mesh.shape)
    points = jnp.asarray(points)
    return lambda: displacements(mesh, density, points), density.nbytes + points.nbytes


def one_step(mesh: Mesh):
    """A step to z = 2 as a function without arguments, and the bytes of its inputs."""
    positions = jnp.asarray(measuring.realistic_particles(mesh))
    numbers = jnp.arange(len(positions), dtype=jnp.int64)
    particles = Particles(positions, jnp.zeros_like(positions), numbers).sent_home(mesh)
    cosmology = Cosmology()
    (factors,) = step_factors(np.array([0.30, 1 / 3]), cosmology).astype(mesh.dtype)
    state = particles, accelerations(mesh, particles, cosmology.omega_m)
    inputs = sum(leaf.nbytes for leaf in jax.tree.leaves(state))

    def next_step():
        # A step takes the memory of its particles.
        nonlocal state
        state = step(mesh, *state, factors, cosmology.omega_m)
        return state

    return next_step, inputs


@click.command()
@click.option("--mesh", "side", default=128, show_default=True, help="Nodes per side.")
@click.option("--stage", default="step", show_default=True, type=click.Choice(STAGES))
@click.option(
    "--precision", default="single", show_default=True, type=click.Choice(["single", "double"])
)
@click.option("--ranks", default=1, show_default=True, help="MPI ranks.")
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(min=5))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def main(side, stage, precision, ranks, repeats, as_json):
    """Time and memory of 2LPT or of a FastPM step, on one core a rank."""
    if ranks > launched_size():
        measuring.relaunch_on_ranks(ranks)
    mesh = reference_mesh(side, precision)
    memory = measuring.PeakMemory()
    make = {"2lpt": second_order_displacements, "step": one_step}[stage]
    function, input_bytes = make(mesh)
    memory.forget_peak()
    timing = measuring.time_calls(function, repeats)
    peak = memory.above_start()
    measuring.report(
        {
            "mesh": side,
            "stage": stage,
            "precision": precision,
            "ranks": mesh.ranks.size,
            **measuring.per_cell(mesh, timing, repeats),
            **measuring.bytes_per_cell(mesh, peak, input_bytes),
        },
        as_json,
    )


if __name__ == "__main__":
    main()
