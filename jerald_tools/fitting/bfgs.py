# SPDX-License-Identifier: GPL-3.0-or-later
"""BFGS for losses with kinks (Lewis & Overton 2013, Math. Program. 141, 135), within bounds.

An L1 loss, ReLUs and cloud-in-cell interpolation have kinks, at which the strong Wolfe conditions
of the usual line searches (SciPy's L-BFGS-B among them) cannot be met: they stop early. A line
search that bisects for the weak conditions continues along the kinks.

Where others start from a multiple of the unit matrix, this starts from the curvature by Gauss and
Newton. Bounds are kept by projection (Bertsekas 1982, SIAM J. Control Optim. 20, 221): parameters
that the gradient holds at a bound rest, and the path of a line search bends where it meets one.
"""

import numpy as np
import scipy.linalg

from jerald_tools.fitting.search_space import SearchSpace

# Added to the curvature, in units of its largest eigenvalue: directions that hardly change the map
# have a curvature that noise rules.
DAMPING = 1e-3

# Longest first step of a line search in typical distances, and that where no curvature is known: a
# longer one can end on the all-floor map, whose gradient vanishes.
LONGEST_STEP = 2.0
SHORT_STEP = 0.1

DECREASE, CURVATURE = 1e-4, 0.5  # of the weak Wolfe conditions
BISECTIONS = 25

# A search is over when so many evaluations have lowered the loss by less than this part of it.
PATIENCE, LEAST_GAIN = 30, 5e-4


def minimise_with_bfgs(objective, start: np.ndarray, space: SearchSpace, evaluations: int) -> None:
    """Minimise until the loss hardly falls, no direction descends or the evaluations are used up.

    Args:
        objective: vector -> (loss, gradient); it records what is best. Its method ``curvature``
            gives a positive semidefinite estimate (p, p) of the second derivatives at a vector.
        start: (p,) first vector.
        space: bounds and scales.
        evaluations: how often the objective may be called.
    """
    search = _Search(objective, space, evaluations)
    point = np.clip(start / space.distance, search.lower, search.upper)
    loss, gradient = search.evaluate(point)
    hessian, is_fresh = None, False
    while search.goes_on():
        free = search.free(point, gradient)
        if not np.any(gradient[free]):
            return
        if hessian is None:
            hessian, is_fresh = search.curvature(point, gradient), True
        direction = _newton_direction(hessian, gradient, free)
        found = search.weak_wolfe(point, loss, gradient, direction)
        if found is None and is_fresh:
            return
        if found is None:
            hessian = None
            continue
        new_point, loss, new_gradient = found
        hessian = _updated(hessian, new_point - point, new_gradient - gradient)
        point, gradient, is_fresh = new_point, new_gradient, False


class _Search:
    """The objective in units of the typical distances, and what its evaluations have led to."""

    def __init__(self, objective, space: SearchSpace, evaluations: int):
        self.objective, self.space, self.left = objective, space, evaluations
        self.unit = space.distance
        self.lower, self.upper = space.lower / self.unit, space.upper / self.unit
        self.least = []

    def evaluate(self, point):
        """Loss and gradient at a point."""
        self.left -= 1
        # Dividing and multiplying by the unit may round a bound outwards.
        vector = np.clip(point * self.unit, self.space.lower, self.space.upper)
        loss, gradient = self.objective(vector)
        self.least.append(min(loss, self.least[-1]) if self.least else loss)
        return loss, gradient * self.unit

    def curvature(self, point, gradient):
        """Damped curvature at a point, positive definite."""
        curvature = self.objective.curvature(point * self.unit) * np.outer(self.unit, self.unit)
        if not np.all(np.isfinite(curvature)) or not np.any(curvature):
            # Beside this point the map overflows, or is all floor: a short step down the gradient.
            return np.eye(len(point)) * np.linalg.norm(gradient) / SHORT_STEP
        largest = np.linalg.eigvalsh(curvature)[-1]
        return curvature + DAMPING * largest * np.eye(len(point))

    def goes_on(self) -> bool:
        """Whether evaluations are left and the last ones were worth it."""
        if len(self.least) > PATIENCE:
            earlier = self.least[-1 - PATIENCE]
            if earlier - self.least[-1] < LEAST_GAIN * abs(earlier):
                return False
        return self.left > 0

    def free(self, point, gradient):
        """Which parameters are not held at a bound."""
        held_low = (point <= self.lower) & (gradient > 0)
        held_high = (point >= self.upper) & (gradient < 0)
        return ~(held_low | held_high)

    def weak_wolfe(self, point, loss, gradient, direction):
        """Point, loss and gradient after a step that descends enough; None if none was found."""
        slope = gradient @ direction
        if not slope < 0:
            return None
        shorter, longer, step, found = 0.0, np.inf, 1.0, None
        for _ in range(BISECTIONS):
            if self.left <= 0:
                break
            straight = point + step * direction
            new_point = np.clip(straight, self.lower, self.upper)
            new_loss, new_gradient = self.evaluate(new_point)
            if new_loss > loss + DECREASE * gradient @ (new_point - point):
                longer = step
            else:
                found = new_point, new_loss, new_gradient
                if (new_gradient * (straight == new_point)) @ direction >= CURVATURE * slope:
                    break
                shorter = step
            step = (shorter + longer) / 2 if np.isfinite(longer) else 2 * step
        return found


def _newton_direction(hessian, gradient, free):
    """The step to the parabola's minimum, not too long; zero if rounding spoilt the Hessian."""
    direction = np.zeros_like(gradient)
    try:
        factor = scipy.linalg.cho_factor(hessian[np.ix_(free, free)])
    except np.linalg.LinAlgError:
        return direction
    direction[free] = -scipy.linalg.cho_solve(factor, gradient[free])
    return direction * (LONGEST_STEP / max(LONGEST_STEP, np.linalg.norm(direction)))


def _updated(hessian, step, change):
    """The BFGS update of the Hessian; unchanged where the curvature is not positive."""
    curvature = step @ change
    if not curvature > 1e-12 * np.linalg.norm(step) * np.linalg.norm(change):
        return hessian
    image = hessian @ step
    return hessian - np.outer(image, image) / (step @ image) + np.outer(change, change) / curvature
