# SPDX-License-Identifier: GPL-3.0-or-later
"""The space that an optimiser searches: bounds, and how far parameters typically move."""

import dataclasses

import numpy as np

from jerald_tools.model.parameters import (
    ALPHA_UNIT,
    ALPHA_UNIT_NEUTRAL_HYDROGEN,
    LOWER_BOUNDS,
    NeutralHydrogenParameters,
    parameter_names,
)

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

# Beyond these a parameter means nothing physical, though it may fit the training half a little
# better: a negative power of the density, for one, is ruled by the emptiest cells, one that rises
# faster than the density by the densest, and either does what nobody knows on a universe that has
# emptier or denser ones. Of a Green's function more than one more or less power of k is a spike.
# Fits that may go further (gamma to 4, nu to 3 either way) are no better on the halves of the
# bundled training box that they were not trained on (docs/losses.md).
LOWEST = {**LOWER_BOUNDS, "alpha": -10.0, "gamma": 0.0, "gamma3": 0.0, "nu": -1.0}
HIGHEST = {
    "alpha": 10.0,
    "gamma": 1.0,
    "gamma3": 1.0,
    "nu": 1.0,
    "mu": 4.0,
    "k_h": 30.0,
    "k_l": 100.0,
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
    # The same displacement [Mpc/h] in a smaller unit.
    is_hydrogen = isinstance(parameters, NeutralHydrogenParameters)
    alphas = ALPHA_UNIT / ALPHA_UNIT_NEUTRAL_HYDROGEN if is_hydrogen else 1.0
    names = [path.rsplit(".", 1)[-1] for path in parameter_names(parameters)]

    def vector(table, default):
        scale = [alphas if name == "alpha" else 1.0 for name in names]
        return np.array([table.get(name, default) for name in names]) * scale

    return SearchSpace(vector(LOWEST, -np.inf), vector(HIGHEST, np.inf), vector(DISTANCES, 1.0))
