# SPDX-License-Identifier: GPL-3.0-or-later
"""Where fits over redshifts start: parameters that do not evolve yet, fitted to all redshifts."""

from collections.abc import Sequence

import jax

from jerald_tools.model.evolution import EvolvingParameters
from jerald_tools.training.fit import Fit
from jerald_tools.training.starts import Start


def evolving_starts(constant: Fit, redshifts: Sequence[float]) -> list[Start]:
    """Every start of a fit of constant parameters, where that fit has led it, at every node.

    From one point all nodes come to minima of one kind, between which parameters can be
    interpolated. Fitted one by one they may end where layers have changed their roles.

    Args:
        constant: the fit to simulations at all redshifts.
        redshifts: of the nodes.
    """
    starts = []
    for tried in sorted(constant.tried, key=lambda fitted: fitted.losses.validation):
        node = jax.tree.map(float, tried.parameters)
        parameters = EvolvingParameters(tuple(redshifts), (node,) * len(redshifts))
        starts.append(Start(tried.start.name, parameters))
    return starts
