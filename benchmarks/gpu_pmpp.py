# SPDX-License-Identifier: GPL-3.0-or-later
"""What `gpu.py time` measures of PM++ (pip: pmpp), called as its own interface gives it.

Particles and mesh are as many and as far apart as this project's. PM++ makes its own universe; its
particles are those of 2LPT at a = 0.1, less clustered.
"""

import jax
from gpu_work import STAGES, Work
from inputs import CELL
from pmpp import Configuration
from pmpp.cosmology import SimpleLCDM, boltzmann
from pmpp.initial_conditions import linear_modes, lpt, white_noise
from pmpp.nbody import nbody_init, nbody_step

NAMES = ("2LPT", "PM step")


def work_named(name: str, side: int) -> Work:
    """One of :data:`NAMES` on a cube of a side, in single precision."""
    first, last = STAGES
    setting = Configuration(
        ptcl_spacing=CELL,
        ptcl_grid_shape=(side,) * 3,
        mesh_shape=1,
        a_start=0.1,
        a_stop=last,
        a_nbody_maxstep=1 / 30,
    )
    cosmology = boltzmann(SimpleLCDM(setting), setting)
    modes = linear_modes(white_noise(0, setting), cosmology, setting)
    second_order = jax.jit(lambda modes, cosmology: lpt(modes, cosmology, setting))
    if name == "2LPT":
        return Work(second_order, (modes, cosmology))
    particles = second_order(modes, cosmology)
    del modes
    start = jax.jit(lambda particles, cosmology: nbody_init(first, particles, cosmology, setting))
    step = jax.jit(
        lambda particles, cosmology: nbody_step(first, last, particles, cosmology, setting)
    )
    return Work(step, (start(particles, cosmology), cosmology))
