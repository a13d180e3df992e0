# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimisers that a fit can use: BFGS for kinks, SciPy's L-BFGS-B and the paper's Adam."""

import numpy as np
import optax
import scipy.optimize

from jerald_tools.fitting.bfgs import minimise_with_bfgs
from jerald_tools.fitting.search_space import SearchSpace

# The schedule of equation (16).
INITIAL_RATE, FINAL_RATE, RATE_STEPS = 0.002, 0.02, 100.0

# Pairs of steps and gradient changes that the Hessian is built from; cheap for 31 parameters.
MEMORY = 20

# SciPy's first step has length one at most; a long one can end on the all-floor map.
FIRST_STEP = 0.1


def learning_rate(step):
    """The softmax schedule of equation (16), from 0.002 at step 0 towards 0.02, tau = 100."""
    rise = 2.0 / (np.exp(-step / RATE_STEPS) + 1.0) - 1.0
    return (FINAL_RATE - INITIAL_RATE) * rise + INITIAL_RATE


def minimise_with_adam(objective, start: np.ndarray, space: SearchSpace, evaluations: int) -> None:
    """Take Adam steps (0.9, 0.999, 1e-8) with a rising learning rate, clipped to the bounds.

    Args:
        objective: vector -> (loss, gradient); it records what is best.
        start: (p,) first vector.
        space: bounds; Adam has scales of its own.
        evaluations: how often the objective may be called.
    """
    optimiser = optax.scale_by_adam()
    vector = np.clip(start, space.lower, space.upper)
    state = optimiser.init(vector)
    for step in range(evaluations):
        _, gradient = objective(vector)
        direction, state = optimiser.update(gradient, state)
        moved = vector - learning_rate(step) * np.asarray(direction)
        vector = np.clip(moved, space.lower, space.upper)


def minimise_with_lbfgsb(
    objective, start: np.ndarray, space: SearchSpace, evaluations: int
) -> None:
    """Minimise a smooth loss by bounded quasi-Newton steps (SciPy's L-BFGS-B).

    It ends when it converges, a line search fails, or the evaluations are used up.

    Args:
        objective: vector -> (loss, gradient); it records what is best.
        start: (p,) first vector.
        space: bounds and scales.
        evaluations: how often the objective may be called; the last line search may exceed it.
    """
    unit = FIRST_STEP * space.distance

    def scaled_objective(point):
        loss, gradient = objective(point * unit)
        return loss, gradient * unit

    scipy.optimize.minimize(
        scaled_objective,
        np.clip(start, space.lower, space.upper) / unit,
        jac=True,
        method="L-BFGS-B",
        bounds=scipy.optimize.Bounds(
            space.lower / unit,  # pyright: ignore[reportArgumentType] (arrays too, as documented)
            space.upper / unit,  # pyright: ignore[reportArgumentType]
        ),
        options={
            "maxfun": evaluations,
            "maxiter": evaluations,
            "maxcor": MEMORY,
            "ftol": 1e-10,
            "gtol": 1e-10,
        },
    )


OPTIMISERS = {
    "bfgs": minimise_with_bfgs,
    "lbfgsb": minimise_with_lbfgsb,
    "adam": minimise_with_adam,
}
"""The optimisers by name."""
