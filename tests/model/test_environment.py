# SPDX-License-Identifier: GPL-3.0-or-later
"""The density around a cell in the power law of stars; gradients are in test_model_gradients.py."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from model_cases import generic_parameters, model_case

from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.environment import LEAST_DENSITY, Environment, environment_factor
from jerald_tools.model.model import predict
from jerald_tools.model.parameters import from_dictionary, parameter_table, to_dictionary
from jerald_tools.quantities import quantity_named

SHAPE, BOX_SIZE = (8, 6, 10), (5.0, 3.0, 7.0)


def a_mesh(precision="double"):
    return make_mesh(SHAPE, BOX_SIZE, precision, ONE_PROCESS, "native")


def with_environment():
    return quantity_named("stellar-mass").with_constants({"environment": 1})


@pytest.mark.parametrize(("precision", "rtol"), [("double", 1e-12), ("single", 1e-5)])
def test_a_wave_is_damped_by_the_gaussian(precision, rtol):
    mesh, amplitude, radius, exponent = a_mesh(precision), 0.3, 0.6, -0.7
    wave = np.cos(2 * np.pi * np.arange(SHAPE[2]) / SHAPE[2]) * np.ones(SHAPE)
    damping = np.exp(-((2 * np.pi / BOX_SIZE[2] * radius) ** 2) / 2)
    found = environment_factor(
        mesh,
        Environment(jnp.float64(exponent), jnp.float64(radius)),
        jnp.asarray(1 + amplitude * wave, mesh.dtype),
    )
    assert found.dtype == mesh.dtype
    expected = (1 + amplitude * damping * wave) ** exponent
    np.testing.assert_allclose(found, expected, rtol=rtol)


def test_an_empty_place_has_the_least_density():
    mesh = a_mesh()
    environment = Environment(jnp.float64(-1.0), jnp.float64(0.5))
    found = environment_factor(mesh, environment, jnp.zeros(SHAPE))
    np.testing.assert_allclose(found, 1 / LEAST_DENSITY)


def test_exponent_zero_is_the_paper():
    mesh, name = a_mesh(), "stellar-mass"
    inputs, _ = model_case(mesh, name)
    paper = generic_parameters(name, 1)
    none = dataclasses.replace(
        paper, environment=(Environment(jnp.float64(0.0), jnp.float64(0.4)),)
    )
    expected = predict(mesh, quantity_named(name), paper, inputs)
    np.testing.assert_array_equal(predict(mesh, with_environment(), none, inputs), expected)


def test_parameters_and_their_dictionary():
    names = list(parameter_table(with_environment().original_parameters(1)))
    assert names[-2:] == ["environment[0].exponent", "environment[0].radius"]
    assert len(names) == 10
    (start,) = with_environment().transform_starts()
    values = to_dictionary(start.parameters)
    assert values["environment"] == [{"exponent": 0.0, "radius": 0.3}]
    assert from_dictionary(with_environment().parameters, values) == start.parameters


def test_fits_without_an_environment_say_nothing_of_it():
    """So fits from before there was one can be read, and files of the paper's model stay equal."""
    parameters = quantity_named("stellar-mass").original_parameters(1)
    values = to_dictionary(parameters)
    assert list(values) == ["layers", "transform"]
    assert from_dictionary(type(parameters), values) == parameters


def test_the_constant_is_0_or_1():
    with pytest.raises(BadInput, match="environment 2: must be 0 or 1"):
        quantity_named("stellar-mass").with_constants({"environment": 2})
