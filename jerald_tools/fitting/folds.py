# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds: a periodic box turned so that another half of it lies where fits train.

The model knows neither directions nor an origin: a fit to the turned box is the fit to that half.
"""

import dataclasses

import jax.numpy as jnp
import numpy as np

from jerald_tools.fitting.regions import training_start
from jerald_tools.mesh.exchange import cell_order, home_ranks, redistribute
from jerald_tools.mesh.mesh import Mesh, make_mesh


@dataclasses.dataclass(frozen=True)
class Fold:
    """Fold of a box.

    Attributes:
        axis: that the box is cut in two along, 0 to 2.
        upper: whether it is the half of the higher coordinates.
    """

    axis: int
    upper: bool

    @property
    def name(self) -> str:
        """Like "upper z"."""
        return f"{'upper' if self.upper else 'lower'} {'xyz'[self.axis]}"


# The first one is the paper's training half.
FOLDS = tuple(Fold(axis, upper) for axis in (2, 0, 1) for upper in (True, False))


def turned_mesh(mesh: Mesh, fold: Fold) -> Mesh:
    """The mesh of the turned box: z and the half's axis have changed places."""
    x, y, z = _axes(fold)
    return make_mesh(
        (mesh.shape[x], mesh.shape[y], mesh.shape[z]),
        (mesh.box_size[x], mesh.box_size[y], mesh.box_size[z]),
        mesh.precision,
        mesh.ranks,
        mesh.backend,
    )


def turned_field(mesh: Mesh, fold: Fold, field) -> np.ndarray:
    """A field on the turned mesh.

    Args:
        mesh: of the box as it is.
        fold: that comes to lie in the upper half of z.
        field: this rank's slab (nx_local, ny, nz).

    Returns:
        This rank's slab of the turned field.
    """
    turned = turned_mesh(mesh, fold)
    field = np.asarray(field)
    x, y, z = np.indices(field.shape)
    indices = [(x + mesh.x_start).ravel(), y.ravel(), z.ravel()]
    new_x, new_y, new_z = (indices[axis] for axis in _axes(fold))
    new_z = (new_z + _shift(turned, fold)) % turned.shape[2]
    stops = [stop for _, stop in turned.x_slices]
    rows = {
        "node": (new_x * turned.shape[1] + new_y) * turned.shape[2] + new_z,
        "value": field.ravel(),
    }
    rows = redistribute(mesh.ranks, rows, np.searchsorted(stops, new_x, side="right"))
    result = np.empty(int(np.prod(turned.local_shape)), field.dtype)
    first = turned.x_start * turned.shape[1] * turned.shape[2]
    result[rows["node"] - first] = rows["value"]
    return result.reshape(turned.local_shape)


def turned_positions(mesh: Mesh, fold: Fold, positions):
    """Particles in the turned box, on the ranks whose slab they are in, sorted by cell.

    Args:
        mesh: of the box as it is.
        fold: that comes to lie in the upper half of z.
        positions: this rank's particles, (n, 3) [Mpc/h].
    """
    turned = turned_mesh(mesh, fold)
    positions = np.asarray(positions)[:, _axes(fold)]
    positions[:, 2] += _shift(turned, fold) * turned.cell_size[2]
    rows = {"positions": positions}
    positions = redistribute(mesh.ranks, rows, home_ranks(turned, positions))["positions"]
    return jnp.asarray(positions[cell_order(turned, positions)])


def _axes(fold: Fold) -> list[int]:
    """Which old axis each new one is."""
    order = [0, 1, 2]
    order[fold.axis], order[2] = 2, fold.axis
    return order


def _shift(turned: Mesh, fold: Fold) -> int:
    """By how many nodes the box is moved along z, round its end."""
    return 0 if fold.upper else training_start(turned)
