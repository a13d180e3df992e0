# SPDX-License-Identifier: GPL-3.0-or-later
"""What fits minimise: every loss against NumPy, its gradient against finite differences."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_cases import whole_stars_and_target

from jerald_tools.errors import BadInput
from jerald_tools.fitting import LOSSES
from jerald_tools.fitting.compressed_loss import CompressedLoss
from jerald_tools.fitting.map_statistics import THRESHOLDS, bin_edges
from jerald_tools.fitting.regions import REGIONS, region_mask
from jerald_tools.fitting.residual_loss import LogarithmicLoss, PaperLoss
from jerald_tools.fitting.statistics_loss import StatisticsLoss, loss_named
from jerald_tools.mesh.fields import mode_products
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.quantities import NAMES, quantity_named

MESHES = {"cube": ((8, 8, 8), (5.0, 5.0, 5.0)), "rectangle": ((8, 6, 10), (5.0, 3.0, 7.0))}
BOTH = pytest.mark.parametrize(
    ("shape", "backend"), [("cube", "native"), ("rectangle", "native"), ("rectangle", "jax")]
)


def a_mesh(shape="rectangle", backend="native", precision="double"):
    return make_mesh(*MESHES[shape], precision, ONE_PROCESS, backend)


def two_fields(mesh):
    """A map and its target, positive and of mean one."""
    prediction, target = whole_stars_and_target(mesh.shape)
    return jnp.asarray(prediction, mesh.dtype), jnp.asarray(target, mesh.dtype)


def moduli(mesh):
    """|k| of every mode of the full spectrum."""
    axes = [
        2 * np.pi * np.fft.fftfreq(n, cell)
        for n, cell in zip(mesh.shape, mesh.cell_size, strict=True)
    ]
    return np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij")))


@BOTH
def test_mode_products_sum_the_full_spectrum(shape, backend):
    mesh = a_mesh(shape, backend)
    fields = two_fields(mesh)
    first, second = (np.fft.fftn(field) / mesh.size for field in fields)
    table, k = wavenumber_table(mesh), moduli(mesh)
    found = np.asarray(mode_products(mesh, *fields))
    products = (first * np.conj(second)).real
    for entry in np.unique(np.round(table, 9)):
        here = np.abs(k - entry) < 1e-7
        expected = products[here].sum()
        assert found[np.abs(table - entry) < 1e-7].sum() == pytest.approx(expected, abs=1e-13)


@BOTH
def test_mode_products_have_the_adjoint_of_a_bilinear_form(shape, backend):
    mesh = a_mesh(shape, backend)
    first, second = two_fields(mesh)
    weights = jnp.asarray(np.random.default_rng(4).normal(size=wavenumber_table(mesh).shape))
    sums, pull_back = jax.vjp(lambda a, b: mode_products(mesh, a, b), first, second)
    for field, bar in zip((first, second), pull_back(weights), strict=True):
        assert jnp.vdot(field, bar) == pytest.approx(float(weights @ sums), rel=1e-12)


def value_of(loss, mesh, prediction, target):
    """The loss in every region, compiled."""

    @jax.jit
    def value(prediction, target):
        return loss(mesh, prediction, loss.reference(mesh, target))

    return value(prediction, target)


def by_numpy(mesh, prediction, target, loss, region):
    """A StatisticsLoss of squared residuals in one region, term by term."""
    inside = region_mask(mesh, region)
    edges, k = bin_edges(mesh), moduli(mesh)
    spectra = []
    for field in (prediction, target):
        cut = np.where(inside, field - field[inside].mean(), 0.0)
        spectra.append(np.fft.fftn(cut) / mesh.size)
    ratios, correlations = [], []
    for low, high in itertools.pairwise(edges):
        here = (k >= low) & (k < high)
        model, reference, cross = (
            (a[here] * np.conj(b[here])).real.sum()
            for a, b in ((spectra[0],) * 2, (spectra[1],) * 2, spectra)
        )
        if here.any():
            ratios.append(model / reference)
            correlations.append(cross / np.sqrt(model * reference))
    shares = [
        (prediction[inside] ** 4 / (prediction[inside] ** 4 + t**4)).mean()
        / (target[inside] ** 4 / (target[inside] ** 4 + t**4)).mean()
        for t in THRESHOLDS
    ]
    residual = np.mean((prediction - target)[inside] ** 2) / np.mean((target[inside] - 1) ** 2)
    return (
        residual
        + loss.spectrum * np.mean(np.log(ratios) ** 2)
        + loss.correlation * np.mean(1 - np.array(correlations))
        + loss.mean * np.log(prediction[inside].mean() / target[inside].mean()) ** 2
        + loss.distribution * np.mean(np.log(shares) ** 2)
    )


@BOTH
def test_the_statistics_are_those_of_numpy_in_every_region(shape, backend):
    mesh = a_mesh(shape, backend)
    loss = StatisticsLoss(PaperLoss(2), 0.3, 0.4, 1.5, 0.2)
    prediction, target = two_fields(mesh)
    found = value_of(loss, mesh, prediction, target)
    expected = [
        by_numpy(mesh, np.asarray(prediction), np.asarray(target), loss, region)
        for region in REGIONS
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_a_brighter_map_has_the_error_of_its_mean_and_power_alone():
    mesh = a_mesh()
    target = two_fields(mesh)[1]
    loss = StatisticsLoss(PaperLoss(1), 0.3, 0.4, 1.5, 0.0)
    residual = PaperLoss(1)(mesh, 1.2 * target, target)
    spread = PaperLoss(1)(mesh, jnp.ones_like(target), target)
    penalty = 0.3 * np.log(1.44) ** 2 + 1.5 * np.log(1.2) ** 2
    brighter = value_of(loss, mesh, 1.2 * target, target)
    for found, one, other in zip(brighter, residual, spread, strict=True):
        assert float(found) == pytest.approx(float(one / other) + penalty, rel=1e-10)
    for perfect in value_of(loss, mesh, target, target):
        assert float(perfect) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("quantity", NAMES)
@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_by_every_node(name, quantity):
    """Central differences of the loss of a map, which is smooth off the residual's kinks."""
    mesh = a_mesh()
    prediction, target = two_fields(mesh)
    loss = loss_named(name, quantity_named(quantity))
    reference = loss.reference(mesh, target)
    train = jax.jit(lambda field: loss(mesh, field, reference).train)
    gradient = jax.jit(jax.grad(train))(prediction)
    random = np.random.default_rng(6)
    for _ in range(4):
        step = 1e-6 * jnp.asarray(random.normal(size=mesh.shape)) * prediction
        difference = (train(prediction + step) - train(prediction - step)) / 2
        # The difference of two losses of order 1 rounds.
        expected = pytest.approx(float(difference), rel=1e-6, abs=1e-11)
        assert float(jnp.vdot(gradient, step)) == expected


def test_an_empty_map_has_a_finite_loss():
    mesh = a_mesh(precision="single")
    target = two_fields(mesh)[1]
    for name in LOSSES:
        loss = loss_named(name, quantity_named("stellar-mass"))
        reference = loss.reference(mesh, target)

        @jax.jit
        @jax.value_and_grad
        def train(field, reference, loss=loss):
            return loss(mesh, field, reference).train

        value, gradient = train(jnp.full_like(target, 1e-12), reference)
        assert np.isfinite(value)
        assert np.all(np.isfinite(gradient))


def test_residuals_of_the_logarithm():
    mesh = a_mesh()
    prediction, target = two_fields(mesh)
    inside = region_mask(mesh, "training")
    residual = np.log((1 + np.asarray(prediction)) / (1 + np.asarray(target)))[inside]
    for power in (1, 2):
        found = LogarithmicLoss(power)(mesh, prediction, target).train
        assert found == pytest.approx(np.mean(np.abs(residual) ** power), rel=1e-12)


def test_a_compressed_loss_is_that_of_compressed_maps():
    mesh = a_mesh()
    fields = two_fields(mesh)
    inner = StatisticsLoss(PaperLoss(2), 0.3, 0.4, 1.5, 0.0)
    found = value_of(CompressedLoss(inner, scale=2.0), mesh, *fields)
    expected = value_of(inner, mesh, *(2 * np.log(1 + np.asarray(field) / 2) for field in fields))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    unchanged = value_of(CompressedLoss(inner, scale=1e9), mesh, *fields)
    np.testing.assert_allclose(unchanged, value_of(inner, mesh, *fields), rtol=1e-6)


def test_smoothing_weighs_a_plane_wave_and_keeps_the_mean():
    mesh = make_mesh(8, 2 * np.pi, "double", ONE_PROCESS, "jax")
    wave = 3 + jnp.cos(2 * jnp.arange(8) * 2 * jnp.pi / 8)[:, None, None] * jnp.ones(mesh.shape)
    losses = PaperLoss(1, smoothing=0.7)(mesh, wave, jnp.zeros(mesh.shape))
    # O_s is 1 at k = 0 and 1 + 2^-0.7 at k = 2: all values stay positive.
    assert losses.train == pytest.approx(3, rel=1e-13)
    squared = PaperLoss(2, smoothing=0.7)(mesh, wave, jnp.zeros(mesh.shape))
    assert squared.train == pytest.approx(9 + (1 + 2**-0.7) ** 2 / 2, rel=1e-13)


def test_the_logarithm_has_no_smoothing():
    stars = quantity_named("stellar-mass")
    with pytest.raises(BadInput, match="--smoothing 1: the loss logarithmic has no smoothing"):
        loss_named("logarithmic", stars, 1.0)
    statistics = loss_named("statistics", stars, 1.0)
    assert isinstance(statistics, StatisticsLoss)
    assert statistics.residual_loss == PaperLoss(1, 1.0)


def test_the_papers_loss_is_squared_for_densities_and_a_modulus_for_the_others():
    powers = {"dark-matter": 2, "stellar-mass": 1, "neutral-hydrogen": 1, "gas": 2}
    for name in NAMES:
        assert loss_named("paper", quantity_named(name)) == PaperLoss(powers[name])


def test_the_weight_of_the_power_may_be_another():
    stars = quantity_named("stellar-mass")
    for name in ("statistics", "distribution", "logarithmic"):
        expected = dataclasses.replace(loss_named(name, stars), spectrum=2.0)
        assert loss_named(name, stars, spectrum=2.0) == expected
    compressed = loss_named("compressed", stars, spectrum=2.0)
    assert compressed == CompressedLoss(loss_named("statistics", stars, spectrum=2.0))
    with pytest.raises(BadInput, match="--spectrum 2: the loss paper has no such term"):
        loss_named("paper", stars, spectrum=2.0)
