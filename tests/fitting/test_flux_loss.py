# SPDX-License-Identifier: GPL-3.0-or-later
"""The loss of the flux: values, gradients, the depth that a mean flux needs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jerald_tools.errors import BadInput
from jerald_tools.fitting.flux_loss import FluxLoss, depth_of_mean_flux
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.statistics_loss import StatisticsLoss, loss_named
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.quantities import quantity_named

INNER = StatisticsLoss(PaperLoss(2), 1.0, 1.0, 3.0, 1.0)


def fields(mesh):
    generator = np.random.default_rng(4)
    target = generator.lognormal(sigma=1.5, size=mesh.shape)
    target /= target.mean()
    return jnp.asarray(target * generator.lognormal(sigma=0.3, size=mesh.shape)), jnp.asarray(
        target
    )


def value(loss, mesh, prediction, target):
    return loss(mesh, prediction, loss.reference(mesh, target))


def test_it_is_the_loss_of_the_flux():
    mesh = make_mesh(12, 6.0, "double", ONE_PROCESS, "jax")
    prediction, target = fields(mesh)
    found = value(FluxLoss(INNER, 0.7, 0.6), mesh, prediction, target)
    absorption = ((1 - jnp.exp(-0.7 * field)) / 0.4 for field in (prediction, target))
    np.testing.assert_allclose(found, value(INNER, mesh, *absorption), rtol=1e-10)


def test_gradients_are_finite_differences():
    mesh = make_mesh(12, 6.0, "double", ONE_PROCESS, "jax")
    prediction, target = fields(mesh)
    loss = FluxLoss(INNER, 0.7, 0.6)
    reference = loss.reference(mesh, target)
    direction = jnp.asarray(np.random.default_rng(5).normal(size=mesh.shape))

    def along(step):
        return loss(mesh, prediction * jnp.exp(step * direction), reference).train

    step = 1e-5
    difference = float((along(step) - along(-step)) / (2 * step))
    assert jax.grad(along)(0.0) == pytest.approx(difference, rel=1e-6)


def test_the_depth_gives_all_targets_the_mean_flux():
    mesh = make_mesh(12, 6.0, "double", ONE_PROCESS, "jax")
    targets = list(fields(mesh))
    depth = depth_of_mean_flux(ONE_PROCESS, targets, 0.6)
    assert np.exp(-depth * np.array(targets)).mean() == pytest.approx(0.6, abs=1e-6)
    with pytest.raises(BadInput, match="have no hydrogen"):
        depth_of_mean_flux(ONE_PROCESS, [jnp.zeros(mesh.shape)], 0.6)


def test_its_name():
    hydrogen = quantity_named("neutral-hydrogen")
    assert loss_named("flux", hydrogen) == FluxLoss(INNER)
