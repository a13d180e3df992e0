# SPDX-License-Identifier: GPL-3.0-or-later
"""BFGS for losses with kinks (Lewis & Overton 2013, Math. Program. 141, 135).

An L1 loss, ReLUs and cloud-in-cell interpolation have kinks, at which the strong Wolfe conditions
of the usual line searches (SciPy's L-BFGS-B among them) cannot be met: they stop early. A line
search that bisects for the weak conditions goes on along the kinks.
"""

import numpy as np

from jerald_tools.training.search_space import SearchSpace

# Length of the very first step in units of the typical distances: a longer one can end on the
# all-floor map, whose gradient vanishes.
FIRST_STEP = 0.1

DECREASE, CURVATURE = 1e-4, 0.5  # of the weak Wolfe conditions
BISECTIONS = 25


def minimise_with_bfgs(objective, start: np.ndarray, space: SearchSpace, evaluations: int) -> None:
    """Minimise until the evaluations are used up or no direction descends.

    A bound is one kink more: beyond it the loss is that on the bound.

    Args:
        objective: vector -> (loss, gradient); it records what is best.
        start: (p,) first vector.
        space: bounds and scales.
        evaluations: how often the objective may be called.
    """
    left = evaluations

    def scaled_objective(point):
        nonlocal left
        left -= 1
        vector = point * space.distance
        inside = np.clip(vector, space.lower, space.upper)
        loss, gradient = objective(inside)
        return loss, gradient * space.distance * (vector == inside)

    point = np.clip(start, space.lower, space.upper) / space.distance
    loss, gradient = scaled_objective(point)
    inverse_hessian = None
    while left > 0 and np.any(gradient):
        if inverse_hessian is None:
            direction = -gradient * FIRST_STEP / np.linalg.norm(gradient)
        else:
            direction = -inverse_hessian @ gradient
        found = _weak_wolfe(scaled_objective, point, loss, gradient, direction, lambda: left > 0)
        if found is None and inverse_hessian is None:
            return
        if found is None:
            inverse_hessian = None
            continue
        new_point, loss, new_gradient = found
        inverse_hessian = _updated(inverse_hessian, new_point - point, new_gradient - gradient)
        point, gradient = new_point, new_gradient


def _weak_wolfe(objective, point, loss, gradient, direction, may_go_on):
    """Point, loss and gradient after a step that descends enough; None if none was found."""
    slope = gradient @ direction
    if not slope < 0:
        return None
    lower, upper, step, found = 0.0, np.inf, 1.0, None
    for _ in range(BISECTIONS):
        if not may_go_on():
            break
        new_point = point + step * direction
        new_loss, new_gradient = objective(new_point)
        if new_loss > loss + DECREASE * step * slope:
            upper = step
        else:
            found = new_point, new_loss, new_gradient
            if new_gradient @ direction >= CURVATURE * slope:
                break
            lower = step
        step = (lower + upper) / 2 if np.isfinite(upper) else 2 * step
    return found


def _updated(inverse_hessian, step, change):
    """The BFGS update of the inverse Hessian; unchanged where the curvature is not positive."""
    curvature = step @ change
    if not curvature > 1e-12 * np.linalg.norm(step) * np.linalg.norm(change):
        return inverse_hessian
    if inverse_hessian is None:
        inverse_hessian = np.eye(len(step)) * curvature / (change @ change)
    projection = np.eye(len(step)) - np.outer(step, change) / curvature
    return projection @ inverse_hessian @ projection.T + np.outer(step, step) / curvature
