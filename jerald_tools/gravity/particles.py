# SPDX-License-Identifier: GPL-3.0-or-later
"""The particles of a run: positions, momenta and who they are."""

import dataclasses
import functools

import jax

from jerald_tools.gravity.background import HUBBLE_CONSTANT, scale_factor_of


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
