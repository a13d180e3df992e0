# SPDX-License-Identifier: GPL-3.0-or-later
"""The particles of a run: positions, momenta and who they are."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from jerald_tools.cosmology import HUBBLE_CONSTANT, scale_factor_of
from jerald_tools.mesh.checks import check_finite
from jerald_tools.mesh.exchange import common_length, send_home
from jerald_tools.mesh.mesh import AnyArray, Mesh


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["positions", "momenta", "ids", "weights"],
    meta_fields=[],
)
@dataclasses.dataclass(frozen=True)
class Particles:
    """This rank's particles.

    Attributes:
        positions: comoving [Mpc/h], not wrapped into the box.
        momenta: a^2 dx/dt / H0 of the comoving position x [Mpc/h].
        ids: int64 numbers of the lattice points that they started from.
        weights: 1 for a particle and 0 for padding, or None where there is no padding.
    """

    positions: Float[AnyArray, "n 3"]
    momenta: Float[AnyArray, "n 3"]
    ids: Int[AnyArray, " n"]
    weights: Float[AnyArray, " n"] | None = None

    def velocities(self, redshift: float) -> Float[AnyArray, "n 3"]:
        """Peculiar velocities a dx/dt at a redshift [km/s]."""
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

    def sent_home(self, mesh: Mesh) -> "Particles":
        """The particles after each went to the rank whose slab of a mesh it is in (outside jit).

        Over ranks the arrays are padded to one length for all; padding lies in the rank's own
        slab, where it costs no exchange. A single process keeps its particles.
        """
        if mesh.ranks.size == 1:
            return self
        real = self.without_padding()
        rows = {name: np.asarray(getattr(real, name)) for name in ("positions", "momenta", "ids")}
        rows = send_home(mesh, rows)
        length = common_length(mesh.ranks, len(rows["ids"]), len(self.ids))
        return Particles(**rows).padded(length, mesh.x_start * mesh.cell_size[0])


def check_particles(
    mesh: Mesh, stage: str, particles: Particles, force: Float[AnyArray, "n 3"] | None = None
) -> None:
    """Check that positions and momenta are finite after a stage.

    With the force on the particles one of its rows is enough: a Fourier transform spreads one
    position that is not finite over the whole mesh, and from there to every force.

    Raises:
        RunFailed: on every rank, with the first value that is not finite.
    """
    arrays = {"positions": particles.positions, "momenta": particles.momenta}
    if force is None:
        check_finite(mesh, stage, arrays)
    else:
        check_finite(mesh, stage, arrays | {"accelerations": force}, probe=force)
