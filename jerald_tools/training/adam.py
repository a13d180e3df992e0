# SPDX-License-Identifier: GPL-3.0-or-later
"""Adam with the paper's rising learning rate."""

import numpy as np
import optax

from jerald_tools.training.search_space import SearchSpace

INITIAL_RATE, FINAL_RATE, RATE_STEPS = 0.002, 0.02, 100.0


def learning_rate(step):
    """The softmax schedule of equation (16), from 0.002 at step 0 towards 0.02, tau = 100."""
    rise = 2.0 / (np.exp(-step / RATE_STEPS) + 1.0) - 1.0
    return (FINAL_RATE - INITIAL_RATE) * rise + INITIAL_RATE


def minimise_with_adam(objective, start: np.ndarray, space: SearchSpace, evaluations: int) -> None:
    """Take Adam steps (0.9, 0.999, 1e-8), clipped to the bounds.

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
