# SPDX-License-Identifier: GPL-3.0-or-later
"""Lattice and 2LPT displacements against fastpm-python and against waves that are known."""

import numpy as np
import pytest
from goldens import load_golden

from jerald_tools.cosmology import Cosmology
from jerald_tools.gravity.lpt import (
    SECOND_ORDERS,
    InitialConditions,
    displacement_factors,
    displacements,
    lattice_points,
    second_order_start,
)
from jerald_tools.mesh.mesh import make_mesh


@pytest.mark.ranks
def test_displacements_equal_fastpm():
    saved = load_golden("fastpm.npz")
    every = int(saved["every"])
    mesh = make_mesh(32, float(saved["box_size"]), "double")
    positions, ids = lattice_points(mesh, (32, 32, 32))
    density = saved["linear_density"][mesh.x_start : mesh.x_stop]
    first, second = displacements(mesh, density, positions)
    kept = np.flatnonzero((ids - 1) % every == 0)
    rows = (ids[kept] - 1) // every
    # fastpm-python's has the factor 3/7 of matter domination in it.
    second = 3 / 7 * second
    for ours, name in ((first, "first_displacement"), (second, "second_displacement")):
        assert np.abs(saved[name]).max() > 1.0
        np.testing.assert_allclose(np.asarray(ours)[kept], saved[name][rows], rtol=0, atol=1e-12)


def test_lattice_numbers_and_places():
    positions, ids = lattice_points(make_mesh((4, 8, 12), (4.0, 16.0, 36.0), "double"), (2, 4, 6))
    assert ids.dtype == np.int64
    np.testing.assert_array_equal(ids, np.arange(1, 2 * 4 * 6 + 1))
    i, j, k = 1, 2, 5
    np.testing.assert_array_equal(positions[(i * 4 + j) * 6 + k], [i * 2.0, j * 4.0, k * 6.0])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("points", [3, 6, 12])
def test_ranks_share_the_lattice(size, points):
    from jerald_tools.mesh.ranks import Ranks

    shares = [
        (mesh, *lattice_points(mesh, (points,) * 3))
        for mesh in (
            make_mesh(12, 5.0, "double", ranks=Ranks(rank, size), backend="native")
            for rank in range(size)
        )
    ]
    together = np.concatenate([ids for _, _, ids in shares])
    np.testing.assert_array_equal(together, np.arange(1, points**3 + 1))
    for mesh, positions, _ in shares:
        planes = np.rint(positions[:, 0] / mesh.cell_size[0])
        assert np.all((planes >= mesh.x_start) & (planes < mesh.x_stop))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_plane_wave_is_displaced_in_first_order_only(axis):
    shape, box = (16, 12, 20), (10.0, 8.0, 13.0)
    mesh = make_mesh(shape, box, "double")
    n = 2
    k, h = 2 * np.pi * n / box[axis], box[axis] / shape[axis]
    coordinate = (np.arange(shape[axis]) * h).reshape([-1 if a == axis else 1 for a in range(3)])
    density = np.broadcast_to(0.3 * np.cos(k * coordinate), shape)
    positions, _ = lattice_points(mesh, shape)
    first, second = displacements(mesh, density, positions)
    # psi = -delta'/k^2 would be -0.3 sin(kx)/k; the stencil sees the wavenumber D(k) below.
    stencil = (8 * np.sin(k * h) - np.sin(2 * k * h)) / (6 * h)
    expected = np.zeros_like(positions)
    expected[:, axis] = -0.3 * stencil / k**2 * np.sin(k * positions[:, axis])
    np.testing.assert_allclose(first, expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(second, 0.0, rtol=0, atol=1e-14)


def crossed_waves(nodes=48, box=20.0):
    """A mesh, and cos(kx) / 2 + cos(ky) / 5 on it."""
    mesh = make_mesh(nodes, box, "double")
    k = 2 * np.pi / box
    x = np.arange(nodes) * box / nodes
    field = (0.5 * np.cos(k * x[:, None]) + 0.2 * np.cos(k * x))[:, :, None]
    return mesh, np.broadcast_to(field, mesh.shape)


def second_order_of_crossed_waves(mesh, positions):
    """For u = A cos(kx) + B cos(ky): u_xx u_yy = A B k^4 cos(kx) cos(ky), all others vanish.

    Its inverse Laplacian is 1/(2 k^2) of it.
    """
    k = 2 * np.pi / mesh.box_size[0]
    amplitude = 0.5 * 0.2 / (2 * k)
    phase = k * positions
    expected = np.zeros_like(positions)
    expected[:, 0] = -amplitude * np.sin(phase[:, 0]) * np.cos(phase[:, 1])
    expected[:, 1] = -amplitude * np.cos(phase[:, 0]) * np.sin(phase[:, 1])
    return expected, amplitude


def test_second_order_of_two_crossed_waves():
    mesh, density = crossed_waves()
    positions, _ = lattice_points(mesh, mesh.shape)
    _, second = displacements(mesh, density, positions)
    expected, amplitude = second_order_of_crossed_waves(mesh, positions)
    # The stencil's error is (kh)^4/30 = 1e-5 in each of its five uses.
    np.testing.assert_allclose(second, expected, rtol=0, atol=1e-4 * amplitude)


@pytest.mark.parametrize(
    ("second_order", "omega_m", "factor"),
    [("exact", 1.0, 3 / 7), ("fastpm", 1.0, 3 / 7), ("exact", 0.308, 0.43219)],
)
def test_second_order_of_a_start(second_order, omega_m, factor):
    """Crossed waves displaced to today by 2LPT; in a universe of matter alone D2 is 3/7 a^2."""
    mesh, density = crossed_waves()
    cosmology = Cosmology(omega_m=omega_m)
    initial = InitialConditions(mesh, density, mesh.shape, cosmology)
    points, _ = lattice_points(mesh, mesh.shape)
    first, _ = displacements(mesh, density, points)
    start = second_order_start(initial, 1.0, second_order)
    expected, amplitude = second_order_of_crossed_waves(mesh, points)
    found = start.positions - points - np.asarray(first)
    np.testing.assert_allclose(found, factor * expected, rtol=0, atol=1e-4 * amplitude)


def test_second_order_of_fastpm_is_three_sevenths_today():
    exact, fastpm = (displacement_factors(1.0, Cosmology(), name) for name in SECOND_ORDERS)
    assert fastpm[1] == pytest.approx(3 / 7, rel=1e-12)
    assert fastpm[1] / exact[1] == pytest.approx(fastpm[3] / exact[3], rel=1e-12)
    assert exact[1] / fastpm[1] - 1 == pytest.approx(0.0084, abs=5e-5)
    np.testing.assert_array_equal(exact[[0, 2]], fastpm[[0, 2]])
