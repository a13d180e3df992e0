# SPDX-License-Identifier: GPL-3.0-or-later
"""A starting point from a cheap fit: the transform alone, on particles that are not displaced."""

import dataclasses

import jax

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.chain import ModelInputs
from jerald_tools.model.parameters import (
    ALPHA_UNIT,
    ALPHA_UNIT_NEUTRAL_HYDROGEN,
    default_start,
)
from jerald_tools.training.fit import fit_parameters
from jerald_tools.training.starts import Start, add_random_starts, original_start

# The layers' alpha then: close to no displacement, so that the transform still holds, but not at
# none, where all but alpha have no gradient. In the unit of each quantity.
WEAK_ALPHA = {
    "stellar-mass": 1e-3 / ALPHA_UNIT,
    "neutral-hydrogen": 1e-3 / ALPHA_UNIT_NEUTRAL_HYDROGEN,
}


def start_from_transform(
    mesh: Mesh,
    quantity: str,
    inputs: ModelInputs,
    target,
    loss,
    layers: int,
    starts: int,
    seed: int,
    **how,
) -> Start:
    """Fit the transform without layers, and put weak layers before it.

    An evaluation without layers costs a small part of one with them.

    Args:
        mesh: the mesh of the maps.
        quantity: "stellar-mass" or "neutral-hydrogen": dark matter has no transform.
        inputs: from :func:`jerald_tools.model.chain.model_inputs`.
        target: this rank's slab of the target over its mean.
        loss: a callable (mesh, prediction, target) -> Regions.
        layers: number of displacement layers that the start will have.
        starts: number of starts of the fit without layers.
        seed: of its random starts.
        how: optimiser, evaluations and shift, as for
            :func:`jerald_tools.training.fit.fit_parameters`.

    Raises:
        RunFailed: if no usable map was found.
    """
    without_layers = add_random_starts([original_start(quantity, 0)], starts, seed)
    fit = fit_parameters(mesh, quantity, inputs, target, loss, without_layers, **how)
    weak = jax.tree_util.tree_map_with_path(
        lambda path, value: WEAK_ALPHA[quantity] if path[-1].name == "alpha" else value,
        default_start(quantity, layers).layers,
    )
    transform = jax.tree.map(float, fit.best.parameters)
    return Start("transform first", dataclasses.replace(transform, layers=weak))
