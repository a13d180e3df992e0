# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds of the parameters: what the equations allow, and what means something physical."""

import numpy as np

from jerald_tools.model.parameters import (
    ALPHA_UNIT,
    ALPHA_UNIT_NEUTRAL_HYDROGEN,
    LOWER_BOUNDS,
    NeutralHydrogenParameters,
    parameter_names,
)

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


def bounds(parameters) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest values of parameters like these, (p,) each, infinite where there is none.

    Args:
        parameters: a quantity's, in the order of ``parameter_names``.
    """
    return by_name(parameters, LOWEST, -np.inf), by_name(parameters, HIGHEST, np.inf)


def by_name(parameters, table: dict[str, float], default: float) -> np.ndarray:
    """A table's values for all parameters, (p,).

    Args:
        parameters: a quantity's.
        table: values by the parameter's name, wherever it stands; alpha in the unit of dark matter.
        default: for names that the table has not.
    """
    # The same displacement [Mpc/h] in a smaller unit.
    is_hydrogen = isinstance(parameters, NeutralHydrogenParameters)
    alphas = ALPHA_UNIT / ALPHA_UNIT_NEUTRAL_HYDROGEN if is_hydrogen else 1.0
    names = [path.rsplit(".", 1)[-1] for path in parameter_names(parameters)]
    scale = [alphas if name == "alpha" else 1.0 for name in names]
    return np.array([table.get(name, default) for name in names]) * scale
