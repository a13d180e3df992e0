# SPDX-License-Identifier: GPL-3.0-or-later
"""The space that an optimiser searches: bounds, and how far parameters typically move."""

import dataclasses

import numpy as np

from jerald_tools.model.bounds import bounds, by_name

# Typical distances of trained parameters from their start, by name. A quasi-Newton method takes its
# first steps in these units; later it learns the curvature by itself.
DISTANCES = {
    "alpha": 1.0,
    "gamma": 0.3,
    "k_h": 0.5,
    "k_l": 4.0,
    "nu": 0.5,
    "w": 0.3,
    "mu": 0.2,
    "b": 0.1,
    "beta1": 0.3,
    "beta2": 0.2,
    "eta": 0.1,
    "gamma3": 0.3,
    "xi": 0.5,
}


@dataclasses.dataclass(frozen=True)
class SearchSpace:
    """Bounds and scales of the vector of parameters, (p,) each.

    Attributes:
        lower: lowest allowed values, -inf where there is no bound.
        upper: highest allowed values, inf where there is no bound.
        distance: typical distance of the solution from the start.
    """

    lower: np.ndarray
    upper: np.ndarray
    distance: np.ndarray


def search_space(parameters) -> SearchSpace:
    """The search space of parameters like these."""
    return SearchSpace(*bounds(parameters), by_name(parameters, DISTANCES, 1.0))
