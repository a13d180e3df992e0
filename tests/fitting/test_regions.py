# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions of the split: their sizes, means and masks, on any number of ranks."""

import jax.numpy as jnp
import numpy as np
import pytest

from jerald_tools.analysis.power_spectrum import region_mean
from jerald_tools.fitting.regions import REGIONS, region_mask, region_means, region_sizes
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, gather


def test_split_is_half_training_and_eight_percent_test():
    mesh = make_mesh(100, 1.0, ranks=ONE_PROCESS, backend="jax")
    assert region_sizes(mesh) == (500_000, 500_000 - 43**3, 43**3)


def test_region_means_of_an_odd_rectangular_mesh():
    mesh = make_mesh((5, 6, 7), 1.0, "double", ONE_PROCESS, "jax")
    field = np.random.default_rng(0).normal(size=mesh.shape)
    x, y, z = np.indices(mesh.shape)
    train = z >= 7 / 2
    test = (x < int(0.43 * 5)) & (y < int(0.43 * 6)) & (z < int(0.43 * 7))
    expected = [field[mask].mean() for mask in (train, ~train & ~test, test)]
    means = region_means(mesh, jnp.asarray(field))
    np.testing.assert_allclose(means, expected, rtol=1e-13)


@pytest.mark.ranks
@pytest.mark.parametrize("shape", [(16, 12, 20), (6, 7, 9)])
def test_masks_share_the_nodes_and_give_the_means_of_the_split(shape):
    mesh = make_mesh(shape, 5.0, "double")
    masks = [region_mask(mesh, region) for region in REGIONS]
    np.testing.assert_array_equal(sum(mask.astype(int) for mask in masks), 1)
    sizes = [sum(gather(mesh.ranks, int(mask.sum()))) for mask in masks]
    assert tuple(sizes) == tuple(region_sizes(mesh))
    field = np.random.default_rng(9).uniform(size=shape)[mesh.x_start : mesh.x_stop]
    expected = [region_mean(mesh, field, mask) for mask in masks]
    np.testing.assert_allclose(region_means(mesh, jnp.asarray(field)), expected, rtol=1e-13)
