# SPDX-License-Identifier: GPL-3.0-or-later
"""A loss and its gradient on all ranks, held against the same on one of them alone."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.fitting.objective import programs
from jerald_tools.fitting.problem import Problem
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.mesh.checks import on_one_rank, verify_on_one_rank, whole_on_root


def verify_evaluation(problem: Problem, loss, parameters, shift: float = 0.0) -> str:
    """Evaluate losses and gradient at some parameters on rank 0 alone too, and compare.

    Args:
        problem: this rank's part; rank 0 needs memory for all.
        loss: a :class:`jerald_tools.fitting.losses.Loss`.
        parameters: of the problem's quantity.
        shift: constant of the neutral hydrogen's transform.

    Returns:
        A line for log and provenance, see
        :func:`jerald_tools.mesh.checks.verify_on_one_rank`, as for errors.
    """
    mesh, quantity = problem.mesh, problem.quantity
    vector = jnp.asarray(ravel_parameters(parameters))

    def evaluation(mesh, inputs, target):
        compiled = programs(mesh, quantity, loss, len(parameters.layers), shift)
        (_, losses), gradient = compiled.evaluate(vector, inputs, compiled.reference(target))
        return {"losses": np.array(losses, np.float64), "gradient": gradient}

    rows = (problem.simulation.inputs, problem.simulation.target)
    whole = jax.tree.map(functools.partial(whole_on_root, mesh.ranks), rows)
    return verify_on_one_rank(
        mesh,
        f"losses and gradient of {quantity}",
        evaluation(mesh, *rows),
        lambda: evaluation(on_one_rank(mesh), *jax.tree.map(jnp.asarray, whole)),
    )
