# SPDX-License-Identifier: GPL-3.0-or-later
"""The amplitude of maps between redshifts, against means by hand, on one process and over ranks."""

import numpy as np
import pytest
from model_cases import generic_parameters, model_case

from jerald_tools.cosmology import Cosmology
from jerald_tools.fitting.amplitude import amplitude_curve
from jerald_tools.fitting.problem import Simulation, Task
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, gather, on_root, world
from jerald_tools.model.curves import RARITY
from jerald_tools.model.evolution import EvolvingParameters, parameters_at
from jerald_tools.model.model import predict
from jerald_tools.quantities import quantity_named

# On four ranks: slabs of 2, 2, 2 and none.
SHAPE, BOX_SIZE = (6, 6, 8), (3.0, 3.0, 4.0)
# Without dark energy the variable is (1 + z)^2: z = 3 has the weight 20 / 27 of z = 2.
COSMOLOGY, WEIGHT = Cosmology(omega_m=1.0), 20 / 27
REDSHIFTS = (5.0, 2.0)


def task_of(mesh, name):
    """Two boxes at z = 5 and one at z = 2."""
    simulations = [
        Simulation(*model_case(mesh, name, 300 + 10 * number), redshift)
        for number, redshift in enumerate((5.0, 2.0, 5.0))
    ]
    return Task(mesh, quantity_named(name), simulations, PaperLoss(1), COSMOLOGY)


def evolving(name):
    return EvolvingParameters(REDSHIFTS, tuple(generic_parameters(name, 1, s) for s in (3, 4)))


def curve_on(mesh, name):
    return amplitude_curve(task_of(mesh, name), evolving(name))


@pytest.mark.parametrize("name", ["stellar-mass", "neutral-hydrogen", "gas"])
def test_factors_are_one_where_trained_and_bring_means_onto_a_curve_between(name):
    mesh = make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS)
    task, parameters = task_of(mesh, name), evolving(name)

    def logarithm(redshift, boxes_at):
        there = parameters_at(parameters, redshift)
        means = [
            np.mean(predict(mesh, task.quantity, there, one.inputs))
            for one in task.simulations
            if one.redshift == boxes_at
        ]
        return np.log(np.mean(means))

    curve = amplitude_curve(task, parameters)
    assert curve.variable.name == RARITY
    assert [curve.at(redshift) for redshift in REDSHIFTS] == [1, 1]
    assert list(curve.redshifts) == pytest.approx([5, 3.8, 3, 2 + 3 / 7, 2])
    own = [logarithm(redshift, redshift) for redshift in REDSHIFTS]
    same = [logarithm(3.0, redshift) for redshift in REDSHIFTS]
    expected = np.dot([1 - WEIGHT, WEIGHT], np.subtract(own, same))
    assert np.log(curve.at(3.0)) == pytest.approx(expected, rel=1e-8)
    assert abs(expected) > 1e-3


def test_parameters_that_are_the_same_everywhere_need_no_factor():
    name = "stellar-mass"
    mesh = make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS)
    same = EvolvingParameters(REDSHIFTS, (generic_parameters(name, 1),) * 2)
    curve = amplitude_curve(task_of(mesh, name), same)
    assert curve.values == pytest.approx(np.ones(5), rel=1e-12)
    assert amplitude_curve(task_of(mesh, name), same.knots[0]) is None


def test_dark_matter_has_the_mean_of_its_particles():
    assert curve_on(make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS), "dark-matter") is None


@pytest.mark.ranks
def test_factors_over_ranks():
    ranks = world()
    alone = make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS, "native")
    expected = on_root(ranks, curve_on, alone, "stellar-mass")
    found = curve_on(make_mesh(SHAPE, BOX_SIZE, "double", ranks, "native"), "stellar-mass")
    assert found.values == pytest.approx(expected.values, rel=1e-10)
    assert all(found == other for other in gather(ranks, found))
