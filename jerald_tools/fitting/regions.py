# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions of the split as masks of nodes, to look at maps in one of them."""

import typing

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.fields import region_sums
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import sum_over_ranks

# Which nodes train, validate and test, as ranges of indices.

TEST_FRACTION = 0.43


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
    return tuple(int(TEST_FRACTION * nodes) for nodes in mesh.shape)


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


def region_means(mesh: Mesh, field) -> Regions:
    """Mean of a field over each region and all ranks, accumulated in float64.

    The training half has z-index >= N/2; the test cube all indices < int(0.43 N); validation is
    the rest of the other half (section IV A of the paper).

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).

    Returns:
        Three float64 scalars, the same on every rank.
    """
    sums = region_sums(mesh, field, training_start(mesh), test_shape(mesh))
    sizes = region_sizes(mesh)
    # A tiny mesh has no test cube: its mean is then 0, not a division by zero.
    return Regions(*(sum_over_ranks(mesh.ranks, sums) / jnp.asarray([max(n, 1) for n in sizes])))


REGIONS = ("training", "validation", "test")


def region_mask(mesh: Mesh, region: str) -> np.ndarray:
    """Which of this rank's nodes belong to a region of the split.

    Args:
        mesh: the mesh.
        region: "training", "validation" or "test".

    Returns:
        (nx_local, ny, nz), True inside.
    """
    return np.asarray(region_indicators(mesh)[REGIONS.index(region)])
