# SPDX-License-Identifier: GPL-3.0-or-later
"""What `gpu.py time` measures of this project, each in a process of its own.

Inputs are made on the device by repeating a small universe along each axis: making them takes no
more memory than they do, so the peak is that of the measured work. Particles are clustered as at
z = 2, in the order of their lattice for forces and in that of their cells for maps, as in the
commands.
"""

import dataclasses
import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np
from inputs import gaussian_density, lognormal_map, reference_mesh

from jerald_tools.cosmology import Cosmology
from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.residual_loss import paper_loss
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.gravity.fastpm import accelerations, step
from jerald_tools.gravity.lpt import (
    GRADIENT_ORDER,
    InitialConditions,
    displacements,
    inverse_laplacian,
    second_order_start,
)
from jerald_tools.gravity.particles import Particles
from jerald_tools.gravity.step_scheme import step_factors
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density, paint, readout_gradient
from jerald_tools.model.quantity import ModelInputs
from jerald_tools.quantities import quantity_named

LARGEST_TILE = 128
STAGES = (0.30, 1 / 3)
"""Scale factors before and after the PM step that is measured, those of PM++'s too."""


@dataclasses.dataclass(frozen=True)
class Work:
    """Something to measure.

    Attributes:
        call: function of arrays.
        arguments: its first.
        is_chain: whether what it returns is what it takes next, so that it may reuse the memory.
    """

    call: typing.Callable
    arguments: tuple
    is_chain: bool = False


def make_tile(side: int, path: str) -> None:
    """Write a universe of at most 128^3 particles that divides a mesh of a side, in float32."""
    mesh = reference_mesh(int(np.gcd(side, LARGEST_TILE)), "single")
    linear = gaussian_density(mesh)
    initial = InitialConditions(mesh, linear, mesh.shape, Cosmology())
    start = second_order_start(initial, STAGES[1])
    np.savez(
        path,
        positions=np.asarray(start.positions).reshape(*mesh.shape, 3),
        momenta=np.asarray(start.momenta).reshape(*mesh.shape, 3),
        linear=linear,
        target=lognormal_map(linear, 0.15).astype(np.float32),
        stars=lognormal_map(linear, 0.3).astype(np.float32),
    )


class Repeated:
    """The tile of a file, repeated until it fills a cube."""

    def __init__(self, mesh: Mesh, path: str):
        self.mesh = mesh
        self.tile = np.load(path)
        self.times = mesh.shape[0] // self.tile["linear"].shape[0]

    def field(self, name: str) -> jax.Array:
        """A field of the tile on the whole mesh."""
        return _repeat(self.times, self.tile[name])

    def positions(self) -> jax.Array:
        """All particles, in the order of their lattice, (n, 3) [Mpc/h]."""
        length = self.mesh.box_size[0] / self.times
        return _repeat_vectors(self.times, length, self.tile["positions"])

    def momenta(self) -> jax.Array:
        """Their momenta, (n, 3) [Mpc/h]."""
        return _repeat_vectors(self.times, 0.0, self.tile["momenta"])

    def lattice(self) -> jax.Array:
        """The nodes of the mesh, (n, 3) [Mpc/h]."""
        side, cell = self.mesh.shape[0], self.mesh.cell_size[0]
        return _repeat_vectors(side, cell, np.zeros((1, 1, 1, 3), np.float32))


@functools.partial(jax.jit, static_argnums=0)
def _repeat(times: int, tile):
    side = tile.shape[0]
    shape = (times, side, times, side, times, side)
    return jnp.broadcast_to(tile[None, :, None, :, None, :], shape).reshape((times * side,) * 3)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _repeat_vectors(times: int, shift: float, tile):
    side = tile.shape[0]
    shape = (times, side, times, side, times, side, 3)
    numbers = (jax.lax.broadcasted_iota(tile.dtype, shape, axis) for axis in (0, 2, 4))
    which = jax.lax.broadcasted_iota(jnp.int32, shape, 6)
    first, second, third = numbers
    number = jnp.where(which == 0, first, jnp.where(which == 1, second, third))
    vectors = tile[None, :, None, :, None, :, :] + jnp.asarray(shift, tile.dtype) * number
    return vectors.reshape(-1, 3)


@functools.partial(jax.jit, static_argnums=0)
def _in_cell_order(mesh: Mesh, positions):
    shape, cell = jnp.asarray(mesh.shape), jnp.asarray(mesh.cell_size, mesh.dtype)
    x, y, z = (jnp.floor(positions / cell).astype(jnp.int32) % shape.astype(jnp.int32)).T
    keys = (x * mesh.shape[1] + y) * mesh.shape[2] + z
    return positions[jnp.argsort(keys)]


def painting(mesh: Mesh, universe: Repeated) -> Work:
    """Particles to the mesh."""
    return Work(jax.jit(functools.partial(paint, mesh)), (universe.positions(),))


def gradient(mesh: Mesh, universe: Repeated) -> Work:
    """The gradient of a potential read out at particles, as forces need it."""
    call = jax.jit(
        lambda field, positions: readout_gradient(mesh, field, positions, GRADIENT_ORDER)
    )
    return Work(call, (universe.field("linear"), universe.positions()))


def convolution(mesh: Mesh, universe: Repeated) -> Work:
    """A field over k^2."""
    call = jax.jit(functools.partial(inverse_laplacian, mesh))
    return Work(call, (universe.field("linear"),))


def pm_step(mesh: Mesh, universe: Repeated) -> Work:
    """Kick, drift, force and kick; each call goes on from the last one's particles."""
    positions, cosmology = universe.positions(), Cosmology()
    numbers = jnp.arange(len(positions), dtype=jnp.int64)
    particles = Particles(positions, universe.momenta(), numbers)
    (factors,) = step_factors(np.array(STAGES), cosmology).astype(mesh.dtype)
    force = accelerations(mesh, particles, cosmology.omega_m)

    def one_step(particles, force):
        return step(mesh, particles, force, factors, cosmology.omega_m)

    return Work(one_step, (particles, force), is_chain=True)


def second_order(mesh: Mesh, universe: Repeated) -> Work:
    """2LPT: displacements of both orders, on the lattice of all nodes."""
    call = functools.partial(displacements, mesh)
    return Work(call, (universe.field("linear"), universe.lattice()))


def loss_and_gradient(name: str, layers: int, mesh: Mesh, universe: Repeated) -> Work:
    """The paper's losses and the gradient of all parameters of a quantity."""
    quantity = quantity_named(name)
    evaluate = make_evaluate(mesh, quantity, paper_loss(quantity), layers)
    vector = jnp.asarray(ravel_parameters(quantity.original_parameters(layers)))
    positions = _in_cell_order(mesh, universe.positions())
    start = jax.jit(functools.partial(density, mesh))(positions)
    sources = (universe.field("stars"),) if quantity.required else ()
    inputs = ModelInputs(positions, start, sources)
    return Work(evaluate, (vector, inputs, universe.field("target")))


WORK = {
    "paint": painting,
    "read out a gradient": gradient,
    "convolve": convolution,
    "PM step": pm_step,
    "2LPT": second_order,
    "dark matter, 1 layer": functools.partial(loss_and_gradient, "dark-matter", 1),
    "hydrogen, 2 layers": functools.partial(loss_and_gradient, "neutral-hydrogen", 2),
}


def work_named(name: str, side: int, backend: str | None, tile: str) -> Work:
    """One of :data:`WORK` on a cube of a side, in single precision, from the tile of a file."""
    mesh = reference_mesh(side, "single", backend)
    return WORK[name](mesh, Repeated(mesh, tile))
