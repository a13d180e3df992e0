# SPDX-License-Identifier: GPL-3.0-or-later
"""The linear density against MP-GenIC's, and against power that is known."""

import numpy as np
import pytest
from goldens import DIRECTORY, load_golden

from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower, read_linear_power
from jerald_tools.gravity.lpt import linear_field
from jerald_tools.gravity.white_noise import noise_of_field, white_noise
from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import make_mesh


@pytest.fixture(scope="module", params=["single", "double"])
def modes_of_seed(request):
    """The spectrum of our linear density with the seed of the reference simulation."""
    saved = load_golden("mp_genic_linear_density.npz")
    nodes = int(saved["mesh"])
    mesh = make_mesh(nodes, float(saved["box_size"]), request.param)
    power = read_linear_power(DIRECTORY / "linear_power.txt")
    density = np.asarray(linear_field(mesh, white_noise(mesh, int(saved["seed"])), power))
    return np.fft.rfftn(density.astype(np.float64)) / nodes**3


@pytest.mark.parametrize("selection", ["largest_scales", "all_scales"])
def test_linear_density_equals_mp_genic(modes_of_seed, selection):
    saved = load_golden("mp_genic_linear_density.npz")
    frequencies = saved[f"{selection}_frequencies"]
    expected = saved[f"{selection}_modes"]
    ours = modes_of_seed[np.ix_(frequencies, frequencies, frequencies[frequencies >= 0])]
    assert np.linalg.norm(ours - expected) < 1e-6 * np.linalg.norm(expected)
    # Mode by mode too, so that the small scales, where the power is low, count as much.
    mean = np.zeros(expected.shape, bool)
    mean[0, 0, 0] = True
    ratio = ours[~mean] / expected[~mean]
    assert np.sqrt(np.mean(np.abs(ratio - 1) ** 2)) < 1e-6


@pytest.mark.ranks
def test_each_mode_has_the_power_of_its_wavenumber():
    mesh = make_mesh((8, 12, 10), (10.0, 14.0, 9.0), "double")
    noise = np.ones(mesh.spectrum_shape, complex)
    power = LinearPower(np.geomspace(0.01, 100, 9), 7.0 * np.geomspace(0.01, 100, 9) ** -2, "toy")
    density = linear_field(mesh, noise, power)
    kx, ky, kz = (
        2 * np.pi * np.fft.fftfreq(n, length / n)
        for n, length in zip(mesh.shape, mesh.box_size, strict=True)
    )
    squared = kx[:, None, None] ** 2 + ky[:, None] ** 2 + kz**2
    squared[0, 0, 0] = np.inf
    expected = np.sqrt(7.0 / squared / mesh.volume)[..., :6]
    start, stop = mesh.y_slices[mesh.ranks.rank]
    expected = expected[:, start:stop]
    np.testing.assert_allclose(r2c(mesh, density), expected, rtol=0, atol=1e-12)


def test_power_that_misses_the_corners_of_the_mesh_is_refused():
    mesh = make_mesh(8, 10.0, "double")
    # The corner mode of the mesh has k = sqrt(3) pi N/L = 4.35 h/Mpc.
    power = LinearPower(np.geomspace(0.1, 4.3, 9), np.ones(9), "pk.txt")
    with pytest.raises(BadInput, match=r"4\.353"):
        linear_field(mesh, np.ones(mesh.spectrum_shape, complex), power)


@pytest.mark.ranks
def test_noise_on_the_nodes_has_unit_modes():
    mesh = make_mesh(16, 10.0, "double")
    field = np.random.default_rng(1).standard_normal(mesh.shape)[mesh.x_start : mesh.x_stop]
    noise = noise_of_field(mesh, field)
    np.testing.assert_allclose(noise, 64 * np.asarray(r2c(mesh, field)), rtol=1e-12)
    if mesh.ranks.size == 1:
        assert np.mean(np.abs(noise) ** 2) == pytest.approx(1.0, abs=0.1)
