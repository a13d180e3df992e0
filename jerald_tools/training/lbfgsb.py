# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded quasi-Newton, SciPy's L-BFGS-B."""

import numpy as np
import scipy.optimize

# Pairs of steps and gradient changes that the Hessian is built from; cheap for 31 parameters.
MEMORY = 20


def minimise_with_lbfgsb(objective, start: np.ndarray, lower: np.ndarray, evaluations: int) -> None:
    """Minimise until it converges or the evaluations are used up.

    An L1 loss has kinks, at which a line search can fail early: the search then starts anew from
    the best point, until a new start no longer helps.

    Args:
        objective: vector -> (loss, gradient); it records what is best.
        start: (p,) first vector.
        lower: (p,) lower bounds, -inf where there are none.
        evaluations: how often the objective may be called.
    """
    vector, reached = np.maximum(start, lower), np.inf
    used = 0
    while used < evaluations:
        result = scipy.optimize.minimize(
            objective,
            vector,
            jac=True,
            method="L-BFGS-B",
            bounds=scipy.optimize.Bounds(lower, np.inf),
            options={
                "maxfun": evaluations - used,
                "maxiter": evaluations,
                "maxcor": MEMORY,
                "ftol": 1e-9,
                "gtol": 1e-8,
            },
        )
        used += result.nfev
        if not result.fun < reached * (1 - 1e-4):
            break
        vector, reached = result.x, result.fun
