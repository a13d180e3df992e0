# SPDX-License-Identifier: GPL-3.0-or-later
"""Gradients of the whole model by finite differences: every parameter, and the positions."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_cases import generic_parameters, model_case

from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.model import predict
from jerald_tools.model.parameters import parameter_table
from jerald_tools.quantities import NAMES, quantity_named

MESHES = {
    "cube": ((8, 8, 8), (5.0, 5.0, 5.0)),
    "rectangle": ((8, 6, 10), (5.0, 3.0, 7.0)),
}


def a_mesh(shape, backend):
    return make_mesh(*MESHES[shape], "double", ONE_PROCESS, backend)


@pytest.mark.parametrize(
    ("quantity", "shape", "backend", "constants"),
    [
        *((name, "cube", "native", {}) for name in NAMES),
        *((name, "rectangle", backend, {}) for name in NAMES for backend in ("native", "jax")),
        *((name, "rectangle", "native", {"refine": 2}) for name in NAMES if name != "dark-matter"),
        ("stellar-mass", "rectangle", "jax", {"refine": 2}),
        ("stellar-mass", "cube", "native", {"environment": 1}),
        ("stellar-mass", "rectangle", "native", {"refine": 2, "environment": 1}),
        ("stellar-mass", "rectangle", "jax", {"environment": 1}),
    ],
)
def test_every_parameter(quantity, shape, backend, constants):
    """Central differences of the squared loss, which is smooth but for crossings of cells."""
    mesh = a_mesh(shape, backend)
    inputs, target = model_case(mesh, quantity, refine=constants.get("refine", 1))
    model = quantity_named(quantity).with_constants(constants)
    parameters = generic_parameters(model)
    evaluate = make_evaluate(mesh, model, PaperLoss(2, 1.0), layers=2)
    vector = ravel_parameters(parameters)
    (_, _), gradient = evaluate(vector, inputs, target)
    assert np.all(np.asarray(gradient) != 0)
    step = 1e-6
    for number, name in enumerate(parameter_table(parameters)):
        unit = np.eye(len(vector))[number]
        after, before = (
            float(evaluate(vector + sign * step * unit, inputs, target)[0][0]) for sign in (1, -1)
        )
        difference = (after - before) / (2 * step)
        scale = max(abs(difference), 1e-3 * np.abs(gradient).max())
        assert abs(gradient[number] - difference) < 1e-5 * scale, name


@pytest.mark.parametrize("quantity", NAMES)
def test_positions(quantity):
    mesh = a_mesh("rectangle", "native")
    inputs, target = model_case(mesh, quantity)
    parameters, loss = generic_parameters(quantity), PaperLoss(2)

    @jax.jit
    def of_positions(positions):
        moved = dataclasses.replace(
            inputs, positions=positions, start_density=density(mesh, positions)
        )
        prediction = predict(mesh, quantity_named(quantity), parameters, moved)
        return loss(mesh, prediction, target).train

    gradient = jax.grad(of_positions)(inputs.positions)
    random = np.random.default_rng(2)
    for particle in random.integers(0, len(inputs.positions), 5):
        unit = jnp.zeros_like(inputs.positions).at[particle].set(random.normal(size=3))
        step = 1e-6
        difference = (
            of_positions(inputs.positions + step * unit)
            - of_positions(inputs.positions - step * unit)
        ) / (2 * step)
        expected = jnp.sum(gradient * unit)
        assert abs(difference - expected) < 1e-5 * max(
            abs(expected), 1e-3 * jnp.abs(gradient).max()
        )
