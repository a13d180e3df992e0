# SPDX-License-Identifier: GPL-3.0-or-later
"""Velocity and temperature of gas on a mesh."""

import numpy as np
import pytest
from small_universe import BOX_SIZE, SHAPE, cloud_in_cell, positions, velocities

from jerald_tools.errors import BadInput
from jerald_tools.lines.constants import thermal_width
from jerald_tools.lines.gas import ThermalState, gas_on_mesh, stated_thermal_state
from jerald_tools.mesh.exchange import home_ranks
from jerald_tools.mesh.mesh import make_mesh


def own(mesh, rows):
    """This rank's particles of the small universe."""
    return rows[home_ranks(mesh, positions()) == mesh.ranks.rank]


def filled_slowly(momentum, mass):
    """Momentum over mass, and layer by layer the mean of the neighbours that are known."""
    known = mass > 1e-6
    velocity = np.where(known, momentum / np.where(known, mass, 1), 0)
    while not known.all():
        total, number = np.zeros(mass.shape), np.zeros(mass.shape)
        for axis in range(3):
            for step in (1, -1):
                total += np.roll(np.where(known, velocity, 0), step, axis)
                number += np.roll(known, step, axis)
        reached = ~known & (number > 0)
        velocity[reached] = total[reached] / number[reached]
        known |= reached
    return velocity


@pytest.mark.ranks
@pytest.mark.parametrize("refine", [1, 3])
def test_velocity_is_momentum_over_mass_and_empty_places_take_their_neighbours(refine):
    shape = tuple(refine * nodes for nodes in SHAPE)
    mesh = make_mesh(shape, BOX_SIZE, precision="double")
    where, moving = positions(), velocities()[:, 2]
    density, velocity = gas_on_mesh(mesh, own(mesh, where), own(mesh, moving))
    mass = cloud_in_cell(where, shape=shape)
    expected = filled_slowly(cloud_in_cell(where, moving, shape=shape), mass)
    assert (mass == 0).any()
    slab = slice(mesh.x_start, mesh.x_stop)
    np.testing.assert_allclose(density, mass[slab] / mass.mean(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(velocity, expected[slab], rtol=1e-6, atol=1e-6)


def test_all_of_a_stream_moves_with_it():
    mesh = make_mesh(tuple(4 * nodes for nodes in SHAPE), BOX_SIZE, precision="single")
    moving = np.full(len(positions()), 120.0)
    _, velocity = gas_on_mesh(mesh, positions().astype(np.float32), moving)
    np.testing.assert_allclose(velocity, 120, rtol=1e-2)


def test_temperature_follows_density_within_bounds():
    gas = ThermalState(1e4, 1.6)
    density = np.array([0.0, 1e-3, 1.0, 10.0, 1e4])
    expected = thermal_width(1e4 * np.array([1e-3, 1e-3, 1, 10, 10]) ** 0.6)
    np.testing.assert_allclose(gas.widths(density), expected)


@pytest.mark.parametrize(("temperature", "gamma"), [(0, 1), (np.nan, 1), (1e4, -1), (1e4, np.nan)])
def test_impossible_gas_is_refused(temperature, gamma):
    with pytest.raises(BadInput, match=r"--temperature|--gamma"):
        ThermalState(temperature, gamma)


def test_what_maps_state():
    snapshot = {"T0_median_at_mean_density_K": 15522.0, "gamma_minus_1": 0.45}
    assert stated_thermal_state({}) == {}
    assert stated_thermal_state({"snapshot": snapshot}) == {"temperature": 15522.0, "gamma": 1.45}
    assert stated_thermal_state({"gamma": 1.2, "snapshot": snapshot})["gamma"] == 1.2
