# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions of the split: which nodes train, validate and test (section IV A of the paper)."""

import typing

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from jerald_tools.mesh.fields import region_sums
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import sum_over_ranks

TEST_FRACTION = 0.43
"""Side of the test cube over that of the box."""

REGIONS = ("training", "validation", "test")
"""Names of the regions for users, in the order of :class:`Regions`."""


class Regions(typing.NamedTuple):
    """One value for each region of a map."""

    train: typing.Any
    validation: typing.Any
    test: typing.Any


def training_start(mesh: Mesh) -> int:
    """First z-index of the training half, the least with z >= nz/2."""
    return -(-mesh.shape[2] // 2)


def test_shape(mesh: Mesh) -> tuple[int, int, int]:
    """Nodes along each axis of the test cube, which starts at index 0: int(0.43 N)."""
    x, y, z = (int(TEST_FRACTION * nodes) for nodes in mesh.shape)
    return x, y, z


def region_sizes(mesh: Mesh) -> Regions:
    """Number of nodes of the whole mesh in each region: about 50, 42 and 8 % of a cube."""
    tx, ty, tz = test_shape(mesh)
    lower_half = mesh.shape[0] * mesh.shape[1] * training_start(mesh)
    return Regions(mesh.size - lower_half, lower_half - tx * ty * tz, tx * ty * tz)


def region_indicators(mesh: Mesh) -> Regions:
    """Which of this rank's nodes belong to each region: booleans (nx_local, ny, nz)."""
    x, y, z = (jax.lax.broadcasted_iota(jnp.int32, mesh.local_shape, axis) for axis in range(3))
    test_x, test_y, test_z = test_shape(mesh)
    test = (x + mesh.x_start < test_x) & (y < test_y) & (z < test_z)
    training = z >= training_start(mesh)
    return Regions(training, ~(training | test), test)


def region_means(mesh: Mesh, field: Float[Array, "x y z"]) -> Regions:
    """Mean of a field over each region and all ranks, accumulated in float64.

    The training half has z-index >= N/2; the test cube all indices < int(0.43 N); validation is
    the rest of the other half (section IV A of the paper).

    Args:
        mesh: the mesh.
        field: this rank's slab.

    Returns:
        Three float64 scalars, the same on every rank.
    """
    own = region_sums(mesh, field, training_start(mesh), test_shape(mesh))
    sums = jnp.asarray(sum_over_ranks(mesh.ranks, own))
    # A tiny mesh has no test cube: its mean is then 0, not a division by zero.
    sizes = jnp.asarray([max(number, 1) for number in region_sizes(mesh)])
    return Regions(*(sums / sizes))


def region_mask(mesh: Mesh, region: str) -> Bool[np.ndarray, "x y z"]:
    """Which of this rank's nodes belong to a region of the split.

    Args:
        mesh: the mesh.
        region: "training", "validation" or "test".

    Returns:
        This rank's slab, True inside.
    """
    return np.asarray(region_indicators(mesh)[REGIONS.index(region)])
