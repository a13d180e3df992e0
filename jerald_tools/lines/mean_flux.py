# SPDX-License-Identifier: GPL-3.0-or-later
"""The mean flux of lines, and the factor of optical depth that gives a wanted one."""

import math

import numpy as np
from jaxtyping import Float

from jerald_tools.errors import BadInput, RunFailed
from jerald_tools.mesh.ranks import Ranks, gather

TOLERANCE = 1e-9
"""Of the mean flux, in a thousandth of what is asked of it."""

CHUNK = 2**20
"""Pixels whose flux is computed at once."""


def mean_flux(ranks: Ranks, tau: Float[np.ndarray, "lines pixels"], scale: float = 1.0) -> float:
    """The mean of exp(-scale tau) over all lines of all ranks.

    Args:
        ranks: the processes.
        tau: optical depth of this rank's lines.
        scale: factor of the optical depth.
    """
    return _mean_and_slope(ranks, tau, scale)[0]


def scale_to_mean_flux(
    ranks: Ranks, tau: Float[np.ndarray, "lines pixels"], wanted: float
) -> float:
    """The factor A of optical depth for which the mean of exp(-A tau) is the wanted flux.

    Newton's method in ln A, within a bracket.

    Args:
        ranks: the processes.
        tau: optical depth of this rank's lines.
        wanted: mean flux over all lines, above 0 and below 1.

    Raises:
        BadInput: on every rank, if no factor gives it.
        RunFailed: on every rank, if it is not found in 100 steps.
    """
    if not 0 < wanted < 1:
        raise BadInput(f"--mean-flux {wanted:g}: give a number above 0 and below 1")
    empty = _share_of_zeros(ranks, tau)
    if wanted <= empty:
        raise BadInput(
            f"--mean-flux {wanted:g}: {empty:.1%} of the pixels have no hydrogen; give a larger one"
        )
    lowest, highest, logarithm = -math.inf, math.inf, 0.0
    for _ in range(100):
        mean, slope = _mean_and_slope(ranks, tau, math.exp(logarithm))
        if abs(mean - wanted) < TOLERANCE:
            return math.exp(logarithm)
        if mean > wanted:
            lowest = logarithm
        else:
            highest = logarithm
        step = (wanted - mean) / slope if slope < 0 else math.copysign(2, mean - wanted)
        logarithm += max(-2.0, min(2.0, step))
        if not lowest < logarithm < highest:
            logarithm = (lowest + highest) / 2
    raise RunFailed(f"--mean-flux {wanted:g}: no factor of the optical depth found in 100 steps")


def _mean_and_slope(ranks: Ranks, tau: np.ndarray, scale: float) -> tuple[float, float]:
    """The mean flux, and its derivative by the logarithm of the scale."""
    sums = np.zeros(2)
    flat = tau.reshape(-1)
    for start in range(0, flat.size, CHUNK):
        depth = scale * flat[start : start + CHUNK].astype(np.float64)
        flux = np.exp(-depth)
        sums += flux.sum(), -(depth * flux).sum()
    totals = gather(ranks, (*sums, flat.size))
    flux, slope, number = (sum(column) for column in zip(*totals, strict=True))
    return flux / number, slope / number


def _share_of_zeros(ranks: Ranks, tau: np.ndarray) -> float:
    zeros, number = zip(*gather(ranks, (int((tau == 0).sum()), tau.size)), strict=True)
    return sum(zeros) / sum(number)
