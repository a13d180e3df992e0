# SPDX-License-Identifier: GPL-3.0-or-later
"""Multipoles and wedges against sums over the full transform, and against Kaiser's formula."""

import itertools

import numpy as np
import pytest
from mesh_cases import SHAPES
from scipy.special import eval_legendre

import jerald_tools as jt
from jerald_tools.analysis.anisotropic_power import multipoles, wedges
from jerald_tools.analysis.power_spectrum import cross_power, overdensity
from jerald_tools.cosmology import growth
from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.model.painting import paint_particles


def spectra(mesh):
    """Two fields: whole, and the spectra of this rank's slabs."""
    fields = np.random.default_rng(5).normal(size=(2, *mesh.shape))
    slabs = fields[:, mesh.x_start : mesh.x_stop]
    return fields, (r2c(mesh, slabs[0]), r2c(mesh, slabs[1]))


def modes_of(mesh, fields):
    """k, |mu| along each axis and Re(a conj(b)) V of the full transforms."""
    axes = [
        2 * np.pi * np.fft.fftfreq(nodes, side / nodes).reshape(np.roll([-1, 1, 1], axis))
        for axis, (nodes, side) in enumerate(zip(mesh.shape, mesh.box_size, strict=True))
    ]
    k = np.sqrt(sum(axis**2 for axis in axes))
    first, second = (np.fft.fftn(field) / mesh.size for field in fields)
    mu = [np.abs(np.broadcast_to(axis, k.shape)) / np.where(k > 0, k, 1) for axis in axes]
    return k, mu, np.real(first * np.conj(second)) * mesh.volume


EDGES = [0.9, 3.1, 5.3, 9.7]


@pytest.mark.ranks
@pytest.mark.parametrize("los", [0, 1, 2])
@pytest.mark.parametrize("case", ["cube", "rectangle"])
def test_multipoles_are_those_of_a_sum_over_all_modes(case, los):
    mesh = make_mesh(*SHAPES[case], precision="double")
    fields, pair = spectra(mesh)
    found = multipoles(mesh, *pair, los, EDGES)
    k, mu, product = modes_of(mesh, fields)
    for number, (low, high) in enumerate(itertools.pairwise(EDGES)):
        inside = (k >= low) & (k < high)
        assert found.modes[number] == inside.sum()
        np.testing.assert_allclose(found.k[number], k[inside].mean(), rtol=1e-12)
        for ell, power in found.power.items():
            expected = (2 * ell + 1) * (product * eval_legendre(ell, mu[los]))[inside].mean()
            np.testing.assert_allclose(power[number], expected, rtol=1e-9, atol=1e-12)
    monopole = cross_power(mesh, *pair, EDGES)
    np.testing.assert_allclose(found.power[0], monopole.power, rtol=1e-12)


@pytest.mark.ranks
@pytest.mark.parametrize("mu_bins", [1, 5])
def test_wedges_are_those_of_a_sum_over_all_modes(mu_bins):
    mesh = make_mesh(*SHAPES["rectangle"], precision="double")
    fields, pair = spectra(mesh)
    found = wedges(mesh, *pair, 2, mu_bins, EDGES)
    k, mu, product = modes_of(mesh, fields)
    assert found.modes.sum() == ((k >= EDGES[0]) & (k < EDGES[-1])).sum()
    for number, (low, high) in enumerate(itertools.pairwise(EDGES)):
        for wedge in range(mu_bins):
            inside = (k >= low) & (k < high) & (mu[2] >= wedge / mu_bins)
            inside &= (mu[2] < (wedge + 1) / mu_bins) | (wedge == mu_bins - 1)
            assert found.modes[number, wedge] == inside.sum()
            if not inside.any():
                assert np.isnan(found.power[number, wedge])
                continue
            np.testing.assert_allclose(found.mu[number, wedge], mu[2][inside].mean(), rtol=1e-12)
            np.testing.assert_allclose(found.power[number, wedge], product[inside].mean())


def test_the_quadrupole_of_large_scales_is_kaisers():
    cosmology = jt.Cosmology()
    universe = jt.initial_conditions(seed=3, mesh=64, particles=32, box_size=500)
    particles = jt.run_fastpm(universe, redshift=2)
    mesh = make_mesh(32, 500.0)
    painted = paint_particles(mesh, particles.on(mesh), particles.header, redshift_space="z")
    spectrum = r2c(mesh, overdensity(mesh, painted.field))
    found = multipoles(mesh, spectrum, spectrum, 2, [0.01, 0.06])
    beta = float(growth(1 / 3, cosmology).first_rate)
    expected = (4 * beta / 3 + 4 * beta**2 / 7) / (1 + 2 * beta / 3 + beta**2 / 5)
    # Of the modes' own scatter: P_l has (2 l + 1) times their number less.
    scatter = np.sqrt(2 * 5 / found.modes[0]) * (1 + expected)
    assert scatter < 0.35
    assert abs(found.power[2][0] / found.power[0][0] - expected) < scatter
