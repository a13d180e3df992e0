# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of particles that lie on any rank, deposited on the mesh (outside jit)."""

import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import paint
from jerald_tools.mesh.ranks import gather
from jerald_tools.mesh.redistribute import home_ranks, redistribute


def deposit_points(mesh: Mesh, positions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Cloud-in-cell sum of weights; every rank must call it, with none if it has none.

    Args:
        mesh: the mesh.
        positions: (n, 3) in [0, box) [Mpc/h], in any slab.
        weights: (n).

    Returns:
        This rank's slab (nx_local, ny, nz), in units of the weights and the mesh's precision.
    """
    rows = {
        "positions": positions.astype(mesh.dtype, copy=False),
        "weights": weights.astype(mesh.dtype, copy=False),
    }
    rows = redistribute(mesh.ranks, rows, home_ranks(mesh, rows["positions"]))
    number = len(rows["weights"])
    # JAX compiles for every length that it meets: few lengths, the same on all ranks.
    length = padded_length(max(gather(mesh.ranks, number)))
    padding = length - number
    home = mesh.x_start * mesh.cell_size[0]
    where = np.concatenate([rows["positions"], np.full((padding, 3), home, mesh.dtype)])
    what = np.concatenate([rows["weights"], np.zeros(padding, mesh.dtype)])
    return np.asarray(paint(mesh, jnp.asarray(where), jnp.asarray(what)))


def padded_length(number: int) -> int:
    """The length that arrays of a number of particles are padded to: eighths of a power of two."""
    step = max(1024, 2 ** max(0, number - 1).bit_length() // 8)
    return max(1024, -(-number // step) * step)
