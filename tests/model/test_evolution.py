# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters as polynomials in the scale factor, and the vector that an optimiser makes of them."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest
from model_cases import model_case

from jerald_tools.cosmology import Cosmology
from jerald_tools.fitting.fit import Search, fit_parameters
from jerald_tools.fitting.problem import Simulation, Task
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.search import evolving_starts
from jerald_tools.fitting.search_space import Knots, SearchSpace, search_space
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.curves import NAMES as VARIABLES
from jerald_tools.model.curves import RARITY, Variable
from jerald_tools.model.evolution import (
    EvolvingParameters,
    knot_redshifts,
    knot_weights,
    parameters_at,
)
from jerald_tools.model.layer_starts import Start
from jerald_tools.model.model import predict
from jerald_tools.model.parameters import parameter_table, to_dictionary
from jerald_tools.model.power_law import Transform
from jerald_tools.model.stellar_mass import StellarParameters
from jerald_tools.quantities import NAMES, quantity_named


def test_knots_are_the_redshifts_that_are_fitted_or_evenly_among_them():
    assert knot_redshifts(1, [2, 5, 3]) == (5, 2)
    # 1/6, 1/4, 1/3: z = 3 is the middle of 5 and 2.
    assert knot_redshifts(2, [5, 2]) == pytest.approx((5, 3, 2), rel=1e-14)
    assert knot_redshifts(2, [4, 5, 2]) == (5, 4, 2)
    assert knot_redshifts(2, [4, 5, 2, 3]) == pytest.approx((5, 2 / (1 / 5 + 1 / 4) - 1, 2))
    assert knot_redshifts(0, [5, 2]) == pytest.approx((3,), rel=1e-14)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("name", VARIABLES)
def test_weights_reproduce_every_polynomial_of_the_order(order, name):
    knots, variable = knot_redshifts(order, [6, 2]), Variable(name, Cosmology())
    polynomial = np.polynomial.Polynomial(np.arange(1.0, order + 2))
    at_knots = [polynomial(variable.at(knot)) for knot in knots]
    for redshift in (6, 4.2, 3, 2):
        weights = knot_weights(knots, redshift, variable)
        assert weights.sum() == pytest.approx(1, rel=1e-10)
        assert weights @ at_knots == pytest.approx(polynomial(variable.at(redshift)), rel=1e-9)


def stellar(w, mu, b):
    return StellarParameters((), Transform(w, mu, b))


def test_parameters_between_knots_and_at_them():
    evolving = EvolvingParameters((5.0, 2.0), (stellar(1.0, 2.0, 3.0), stellar(3.0, 1.0, 3.0)))
    assert to_dictionary(parameters_at(evolving, 5.0)) == to_dictionary(evolving.knots[0])
    middle = to_dictionary(parameters_at(evolving, 3.0))["transform"]
    assert middle == pytest.approx({"w": 2.0, "mu": 1.5, "b": 3.0}, rel=1e-12)
    assert parameters_at(evolving.knots[0], 1.0) is evolving.knots[0]
    # Without dark energy 1 / D1^2 is (1 + z)^2, 36, 16 and 9.
    variable = Variable(RARITY, Cosmology(omega_m=1.0))
    by_rarity = dataclasses.replace(evolving, variable=variable)
    middle = to_dictionary(parameters_at(by_rarity, 3.0))["transform"]
    assert middle == pytest.approx({"w": 1 + 40 / 27, "mu": 2 - 20 / 27, "b": 3.0}, rel=1e-8)
    knots = Knots(by_rarity)
    assert knots.weights(3.0) == pytest.approx([7 / 27, 20 / 27], rel=1e-8)
    assert knots.unravel(knots.ravel(by_rarity)).variable == variable


def test_a_parabola_does_not_leave_the_bounds():
    knots = (stellar(0.9, 3, 0), stellar(0.01, 4, 0), stellar(0.1, 3.9, 0))
    evolving = EvolvingParameters((5.0, 3.0, 2.0), knots)
    weights = knot_weights(evolving.redshifts, 2.6)
    assert weights @ [0.9, 0.01, 0.1] < 0
    assert weights @ [3, 4, 3.9] > 4
    transform = parameters_at(evolving, 2.6).transform
    assert (float(transform.w), float(transform.mu)) == (1e-5, 4.0)


def layered(w, mu, b, alpha):
    """One layer of the original shape before a transform."""
    original = quantity_named("stellar-mass").original_parameters(1)
    (layer,) = original.layers
    return StellarParameters((dataclasses.replace(layer, alpha=alpha),), Transform(w, mu, b))


def three_knots(make):
    return Knots(EvolvingParameters((5.0, 3.0, 2.0), tuple(map(make, (1.0, 2.0, 3.0)))))


def test_the_vector_of_knots_without_layers():
    knots = three_knots(lambda w: stellar(w, 1, 0))
    vector = knots.ravel(knots.like)
    assert vector.tolist() == [1, 1, 0, 2, 1, 0, 3, 1, 0]
    assert to_dictionary(knots.unravel(vector).knots[2]) == to_dictionary(knots.like.knots[2])


def test_the_shapes_of_layers_are_in_the_vector_once():
    knots = three_knots(lambda w: layered(w, 1, 0, -w))
    vector = knots.ravel(knots.like)
    # alpha, gamma, k_h, k_l, nu, w, mu and b; then alpha, w, mu and b.
    assert vector.tolist() == [-1, 0.5, 1, 8, 0, 1, 1, 0, -2, 2, 1, 0, -3, 3, 1, 0]
    vector[1] = 0.7
    unravelled = knots.unravel(vector)
    assert [float(knot.layers[0].gamma) for knot in unravelled.knots] == [0.7, 0.7, 0.7]
    assert [float(knot.layers[0].alpha) for knot in unravelled.knots] == [-1, -2, -3]
    np.testing.assert_array_equal(knots.ravel(unravelled), vector)
    space = knots.tile(search_space(knots.first))
    assert space.lower[:9].tolist() == [-10, 0, 0, 0.1, -1, 1e-5, 0.1, -np.inf, -10]
    assert len(space.distance) == len(vector)


@pytest.mark.parametrize("name", NAMES)
def test_what_shapes_a_displacement_or_a_kernel_does_not_evolve(name):
    table = parameter_table(quantity_named(name).original_parameters(1))
    constant = {row.split(".")[-1] for row, values in table.items() if not values.evolves}
    shapes = {"gamma", "k_h", "k_l", "nu"}
    assert constant == shapes | ({"gamma3", "xi"} if name == "neutral-hydrogen" else set())


@pytest.mark.parametrize("make", [lambda w: stellar(w, 1, 0), lambda w: layered(w, 1, 0, -w)])
def test_slopes_of_the_parameters_between_knots(make):
    knots = three_knots(make)
    vector, weights = knots.ravel(knots.like), knots.weights(4.0)
    there = jax.tree.leaves(parameters_at(knots.like, 4.0))
    np.testing.assert_allclose(knots.interpolate(vector, weights), there, rtol=1e-14)
    slopes = knots.slopes(vector, weights)
    for number, step in enumerate(1e-6 * np.eye(vector.size)):
        later, earlier = (knots.interpolate(vector + sign * step, weights) for sign in (1, -1))
        np.testing.assert_allclose(slopes[:, number], (later - earlier) / 2e-6, atol=1e-8)


def test_slopes_vanish_where_a_parameter_is_cut_at_its_bound():
    knots = Knots(
        EvolvingParameters((5.0, 3.0, 2.0), tuple(stellar(w, 1, 0) for w in (0.9, 0.01, 0.1)))
    )
    slopes = knots.slopes(knots.ravel(knots.like), knots.weights(2.6))
    assert not np.any(slopes[0])
    assert np.any(slopes[1])


@pytest.mark.parametrize("make", [lambda w: stellar(w, 1, 0), lambda w: layered(w, 1, 0, -w)])
def test_the_evolution_of_parameters_and_its_derivatives(make):
    knots = three_knots(make)
    vector = knots.ravel(knots.like)
    distance = 1 + np.arange(vector.size) % 2
    space = SearchSpace(np.full(vector.size, -np.inf), np.full(vector.size, np.inf), distance)
    value, gradient, curvature = knots.evolution(vector, space)
    expected = sum(
        (vector[one] / distance[one] - vector[other] / distance[other]) ** 2
        for first, second in itertools.pairwise(knots.places)
        for one, other in zip(first, second, strict=True)
    )
    assert value == pytest.approx(expected) != 0
    for number, step in enumerate(1e-4 * np.eye(vector.size)):
        later, earlier = (knots.evolution(vector + sign * step, space) for sign in (1, -1))
        assert gradient[number] == pytest.approx((later[0] - earlier[0]) / 2e-4, abs=1e-6)
        slope = (later[1] - earlier[1]) / 2e-4
        np.testing.assert_allclose(curvature[number], slope, atol=1e-6)
    alone = Knots(stellar(1, 1, 0)).evolution(vector[:3], SearchSpace(*[distance[:3]] * 3))
    assert alone[0] == 0
    assert not np.any(alone[1])


def test_a_joint_fit_finds_parameters_that_evolve():
    """Maps at three redshifts from parameters linear in a; from constants, and from two of them."""
    mesh = make_mesh(12, 6.0, "double", ONE_PROCESS, "native")
    quantity = quantity_named("stellar-mass")
    inputs, _ = model_case(mesh, "stellar-mass", 1728)
    truth = EvolvingParameters((5.0, 2.0), (stellar(0.6, 1.0, 0.1), stellar(1.2, 1.4, 0.4)))

    def simulation(redshift):
        parameters = parameters_at(truth, redshift)
        return Simulation(inputs, predict(mesh, quantity, parameters, inputs), redshift)

    start = Start("first", stellar(0.8, 1.1, 0.2))
    for redshifts in ((5.0, 3.0, 2.0), (5.0, 2.0)):
        task = Task(mesh, quantity, [simulation(z) for z in redshifts], PaperLoss(2))
        constant = fit_parameters(task, [start], Search())
        starts = evolving_starts(constant, (5.0, 2.0))
        assert starts[0].parameters.knots[0] == starts[0].parameters.knots[1]
        joint = fit_parameters(task, starts, Search())
        # Not to the very bottom: a change of the parameters has to be worth while.
        assert joint.best.losses.train < 0.03 * constant.best.losses.train
        for found, true in zip(joint.best.parameters.knots, truth.knots, strict=True):
            expected = dataclasses.asdict(true.transform)
            assert to_dictionary(found)["transform"] == pytest.approx(expected, abs=0.2)
