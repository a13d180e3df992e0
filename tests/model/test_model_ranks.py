# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses and gradients over MPI ranks equal those of one process."""

import jax
import numpy as np
import pytest
from model_cases import generic_parameters, model_case

from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.fitting.statistics_loss import loss_named
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, on_root, world
from jerald_tools.quantities import NAMES, quantity_named

pytestmark = pytest.mark.ranks

# On four ranks: slabs of 4, 4, 4, 4 planes, and of 2, 2, 2 and none.
MESHES = {
    "rectangle": ((16, 12, 20), (8.0, 6.0, 10.0)),
    "six planes": ((6, 6, 8), (3.0, 3.0, 4.0)),
}


def losses_and_gradient(mesh, name, loss_name, constants):
    inputs, target = model_case(mesh, name, refine=constants.get("refine", 1))
    quantity = quantity_named(name).with_constants(constants)
    # Displacements of several cells, more than a slab of two planes.
    vector = ravel_parameters(generic_parameters(quantity))
    loss = loss_named(loss_name, quantity, None if loss_name == "logarithmic" else 1.0)
    evaluate = make_evaluate(mesh, quantity, loss, layers=2)
    reference = jax.jit(loss.reference, static_argnums=0)(mesh, target)
    (_, losses), gradient = evaluate(vector, inputs, reference)
    return np.array([float(value) for value in losses]), np.asarray(gradient)


@pytest.mark.parametrize(
    ("quantity", "shape", "loss", "constants"),
    [
        *((quantity, "six planes", "paper", {}) for quantity in NAMES),
        ("neutral-hydrogen", "rectangle", "paper", {}),
        ("neutral-hydrogen", "six planes", "distribution", {}),
        ("dark-matter", "rectangle", "logarithmic", {}),
        # The model's mesh has slabs of 3 planes, the map's 2, 2, 2 and none.
        ("neutral-hydrogen", "six planes", "paper", {"refine": 2}),
        ("stellar-mass", "six planes", "paper", {"refine": 3}),
        ("stellar-mass", "six planes", "paper", {"refine": 2, "environment": 1}),
        ("stellar-mass", "rectangle", "paper", {"environment": 1}),
    ],
)
def test_loss_and_gradient(quantity, shape, loss, constants):
    ranks = world()
    alone = make_mesh(*MESHES[shape], "double", ONE_PROCESS, "native")
    expected = on_root(ranks, losses_and_gradient, alone, quantity, loss, constants)
    shared = make_mesh(*MESHES[shape], "double", ranks, "native")
    actual = losses_and_gradient(shared, quantity, loss, constants)
    for found, wanted in zip(actual, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())
