# SPDX-License-Identifier: GPL-3.0-or-later
"""A stellar map that tests of several parts of a fit share."""

import dataclasses
import typing

import jax
import jax.numpy as jnp
import pytest
from model_cases import model_case

from jerald_tools.fitting.problem import Simulation, Task
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.model import predict
from jerald_tools.model.power_law import Transform
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.quantities import quantity_named


@dataclasses.dataclass(frozen=True)
class StellarMap:
    """A map that the model itself made, from the original parameters except w, mu and b."""

    mesh: Mesh
    quantity: Quantity
    inputs: ModelInputs
    target: jax.Array

    def task(self, loss: Loss, *targets: typing.Any) -> Task:
        """A fit to other targets, one a simulation; by default to the map itself."""
        simulations = [Simulation(self.inputs, target) for target in targets or (self.target,)]
        return Task(self.mesh, self.quantity, simulations, loss)


@pytest.fixture(scope="session")
def stellar_map() -> StellarMap:
    """On a mesh of 12^3 nodes, one particle a node."""
    mesh = make_mesh(12, 6.0, "double", ONE_PROCESS, "native")
    quantity = quantity_named("stellar-mass")
    inputs, _ = model_case(mesh, "stellar-mass", 1728)
    truth = dataclasses.replace(
        quantity.original_parameters(1), transform=Transform(w=0.8, mu=1.2, b=0.3)
    )
    target = predict(mesh, quantity, jax.tree.map(jnp.float64, truth), inputs)
    return StellarMap(mesh, quantity, inputs, target)
