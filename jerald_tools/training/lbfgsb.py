# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded quasi-Newton, SciPy's L-BFGS-B: for smooth losses."""

import numpy as np
import scipy.optimize

from jerald_tools.training.search_space import SearchSpace

# Pairs of steps and gradient changes that the Hessian is built from; cheap for 31 parameters.
MEMORY = 20

# SciPy's first step has length one at most; a long one can end on the all-floor map.
FIRST_STEP = 0.1


def minimise_with_lbfgsb(
    objective, start: np.ndarray, space: SearchSpace, evaluations: int
) -> None:
    """Minimise until it converges, a line search fails, or the evaluations are used up.

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
        bounds=scipy.optimize.Bounds(space.lower / unit, space.upper / unit),
        options={
            "maxfun": evaluations,
            "maxiter": evaluations,
            "maxcor": MEMORY,
            "ftol": 1e-10,
            "gtol": 1e-10,
        },
    )
