# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses and gradients over MPI ranks equal those of one process."""

import jax
import numpy as np
import pytest
from model_cases import generic_parameters, model_case, refined_quantity

from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.fitting.statistics_loss import loss_named
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, on_root, world
from jerald_tools.quantities import NAMES

pytestmark = pytest.mark.ranks

# On four ranks: slabs of 4, 4, 4, 4 planes, and of 2, 2, 2 and none.
MESHES = {
    "rectangle": ((16, 12, 20), (8.0, 6.0, 10.0)),
    "six planes": ((6, 6, 8), (3.0, 3.0, 4.0)),
}


def losses_and_gradient(mesh, name, loss_name, refine=1):
    inputs, target = model_case(mesh, name, refine=refine)
    # Displacements of several cells, more than a slab of two planes.
    vector = ravel_parameters(generic_parameters(name))
    quantity = refined_quantity(name, refine)
    loss = loss_named(loss_name, quantity, None if loss_name == "logarithmic" else 1.0)
    evaluate = make_evaluate(mesh, quantity, loss, layers=2)
    reference = jax.jit(loss.reference, static_argnums=0)(mesh, target)
    (_, losses), gradient = evaluate(vector, inputs, reference)
    return np.array([float(value) for value in losses]), np.asarray(gradient)


@pytest.mark.parametrize(
    ("quantity", "shape", "loss", "refine"),
    [
        *((quantity, "six planes", "paper", 1) for quantity in NAMES),
        ("neutral-hydrogen", "rectangle", "paper", 1),
        ("neutral-hydrogen", "six planes", "distribution", 1),
        ("dark-matter", "rectangle", "logarithmic", 1),
        # The model's mesh has slabs of 3 planes, the map's 2, 2, 2 and none.
        ("neutral-hydrogen", "six planes", "paper", 2),
        ("stellar-mass", "six planes", "paper", 3),
    ],
)
def test_loss_and_gradient(quantity, shape, loss, refine):
    ranks = world()
    alone = make_mesh(*MESHES[shape], "double", ONE_PROCESS, "native")
    expected = on_root(ranks, losses_and_gradient, alone, quantity, loss, refine)
    shared = make_mesh(*MESHES[shape], "double", ranks, "native")
    actual = losses_and_gradient(shared, quantity, loss, refine)
    for found, wanted in zip(actual, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())
