# SPDX-License-Identifier: GPL-3.0-or-later
"""The particles of a run: positions, momenta and who they are."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.cosmology import HUBBLE_CONSTANT, scale_factor_of
from jerald_tools.mesh.exchange import home_ranks, redistribute
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather

# Room for particles that gather on a rank, over an equal share, before all ranks' arrays grow:
# every new length costs a compilation of all that works on particles.
ROOM = 1.25


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["positions", "momenta", "ids", "weights"],
    meta_fields=[],
)
@dataclasses.dataclass(frozen=True)
class Particles:
    """This rank's particles.

    Attributes:
        positions: (n, 3) comoving [Mpc/h], not wrapped into the box.
        momenta: (n, 3) a^2 dx/dt / H0 [Mpc/h].
        ids: (n,) int64, numbers of the lattice points that they started from.
        weights: (n,) 1 for a particle and 0 for padding, or None where there is no padding.
    """

    positions: jax.Array
    momenta: jax.Array
    ids: jax.Array
    weights: jax.Array | None = None

    def velocities(self, redshift: float) -> jax.Array:
        """Peculiar velocities a dx/dt at a redshift, (n, 3) [km/s]."""
        return self.momenta * (HUBBLE_CONSTANT / scale_factor_of(redshift))

    def without_padding(self) -> "Particles":
        """The particles that are real (outside jit)."""
        if self.weights is None:
            return self
        is_real = np.asarray(self.weights) > 0
        return Particles(
            *(np.asarray(rows)[is_real] for rows in (self.positions, self.momenta, self.ids))
        )

    def padded(self, length: int, home: float = 0.0) -> "Particles":
        """The particles, none of them padding, and as many of weight 0 as make up a length.

        Args:
            length: of the arrays, at least the number of particles.
            home: coordinates of the padding [Mpc/h].
        """
        number = len(self.ids)

        def fill(values, filling):
            padding = np.full((length - number, *values.shape[1:]), filling, values.dtype)
            return jnp.asarray(np.concatenate([values, padding]))

        return Particles(
            positions=fill(self.positions, home),
            momenta=fill(self.momenta, 0),
            ids=fill(self.ids, 0),
            weights=fill(np.ones(number, self.positions.dtype), 0),
        )


def bring_home(mesh: Mesh, particles: Particles) -> Particles:
    """Send every particle to the rank whose slab of a mesh it is in (outside jit).

    Over ranks the arrays are padded to one length for all, which grows when it must; padding lies
    in the rank's own slab, where it costs no exchange. A single process keeps its particles.

    Args:
        mesh: the mesh that they will be painted on.
        particles: this rank's particles, anywhere.
    """
    ranks = mesh.ranks
    if ranks.size == 1:
        return particles
    real = particles.without_padding()
    rows = {name: np.asarray(getattr(real, name)) for name in ("positions", "momenta", "ids")}
    rows = redistribute(ranks, rows, home_ranks(mesh, rows["positions"]))
    number = len(rows["ids"])
    numbers, lengths = gather(ranks, number), gather(ranks, len(particles.ids))
    length = max(int(ROOM * sum(numbers) / ranks.size), *lengths)
    if length < max(numbers):
        length = int(ROOM * max(numbers))

    return Particles(**rows).padded(length, mesh.x_start * mesh.cell_size[0])
