# SPDX-License-Identifier: GPL-3.0-or-later
"""A box turned so that another half of it trains, on any number of ranks."""

import jax.numpy as jnp
import numpy as np
import pytest
from model_cases import clustered_particles

from jerald_tools.fitting.folds import FOLDS, turned_field, turned_mesh, turned_positions
from jerald_tools.fitting.regions import region_indicators
from jerald_tools.mesh.exchange import home_ranks
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import gather, world

pytestmark = pytest.mark.ranks

# On four ranks: slabs of 2, 2, 2 and none along x; other shares once turned.
SHAPE, BOX_SIZE = (6, 9, 8), (3.0, 4.5, 4.0)


def whole(mesh, slab):
    """All ranks' slabs together."""
    return np.concatenate(gather(mesh.ranks, np.asarray(slab)))


def test_folds_are_six():
    assert [fold.name for fold in FOLDS] == [
        f"{side} {axis}" for axis in "zxy" for side in ("upper", "lower")
    ]


@pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.name)
def test_the_fold_lies_where_fits_train(fold):
    """Marked nodes of the fold are the training nodes of the turned box (the odd one aside)."""
    mesh = make_mesh(SHAPE, BOX_SIZE, "double", world(), "native")
    index = np.indices(SHAPE)[fold.axis]
    middle = -(-SHAPE[fold.axis] // 2)
    inside = (index >= middle) if fold.upper else (index < SHAPE[fold.axis] - middle)
    slab = inside[mesh.x_start : mesh.x_stop].astype(float)
    turned = turned_mesh(mesh, fold)
    found = whole(turned, turned_field(mesh, fold, slab))
    training = whole(turned, region_indicators(turned).train)
    np.testing.assert_array_equal(found > 0.5, training)


@pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.name)
def test_particles_and_fields_turn_alike(fold):
    mesh = make_mesh(SHAPE, BOX_SIZE, "double", world(), "native")
    positions = clustered_particles(SHAPE, BOX_SIZE, 500, 3)
    own = positions[home_ranks(mesh, positions) == mesh.ranks.rank]
    turned = turned_mesh(mesh, fold)
    expected = turned_field(mesh, fold, density(mesh, jnp.asarray(own)))
    found = density(turned, turned_positions(mesh, fold, own))
    np.testing.assert_allclose(found, expected, atol=1e-12)
