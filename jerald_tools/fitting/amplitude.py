# SPDX-License-Identifier: GPL-3.0-or-later
"""The amplitude of the maps of a fit between the redshifts that it was trained at.

Parameters that are interpolated one by one do not know that a map over the mean of its targets has
the mean 1: a map is a power of a density that clusters more and more, less a threshold. The same
parameters at the trained redshifts give means whose curve tells what they give between.
"""

import itertools
import typing

import numpy as np

from jerald_tools.agreement import same_redshift
from jerald_tools.cosmology import scale_factor_of
from jerald_tools.fitting.objective import compiled_for
from jerald_tools.fitting.problem import Task, different_redshifts
from jerald_tools.mesh.ranks import gather
from jerald_tools.model.curves import RARITY, Curve, Variable
from jerald_tools.model.evolution import EvolvingParameters, parameters_at

BETWEEN = 3
"""Redshifts between two trained ones at which the amplitude is found."""


def amplitude_curve(task: Task, parameters: typing.Any) -> Curve | None:
    """Factors of maps between trained redshifts, from simulations at the trained ones alone.

    With M(z, z') the mean over all simulations at a trained redshift z' of the map with the
    parameters of z, as a curve in z', the factor is C(z) / M(z, z), where C is the curve through
    M(z', z') at the trained redshifts. It is 1 at these: maps keep the means that they were fitted
    with, and have means on a smooth curve through them elsewhere.

    Args:
        task: what was fitted.
        parameters: where it ended; a quantity's, or evolving ones.

    Returns:
        The curve of the factor, the same on every rank. None for parameters that do not evolve, and
        for a quantity without a transform, whose maps have the mean of their particles.
    """
    if not isinstance(parameters, EvolvingParameters) or not task.quantity.transform_starts():
        return None
    variable = Variable(RARITY, task.cosmology)
    trained = sorted(different_redshifts([one.redshift for one in task.simulations]))[::-1]

    def curve(means: list[float]) -> Curve:
        return Curve(tuple(trained), tuple(means), variable)

    fitted = curve([_mean(task, parameters_at(parameters, one), one) for one in trained])
    factors = dict.fromkeys(trained, 1.0)
    for redshift in _between(trained):
        there = parameters_at(parameters, redshift)
        same = curve([_mean(task, there, one) for one in trained])
        factors[redshift] = fitted.at(redshift) / same.at(redshift)
    redshifts = tuple(sorted(factors)[::-1])
    return Curve(redshifts, tuple(factors[one] for one in redshifts), variable)


def _between(redshifts: list[float]) -> list[float]:
    """Redshifts between each one and the next, equally spaced in the scale factor."""
    found = []
    for first, last in itertools.pairwise(float(scale_factor_of(one)) for one in redshifts):
        found += [float(1 / a - 1) for a in np.linspace(first, last, BETWEEN + 2)[1:-1]]
    return found


def _mean(task: Task, parameters, redshift: float) -> float:
    """Mean over the simulations at a redshift of the maps with these parameters."""
    predict = compiled_for(task.mesh, task.quantity, task.loss, len(parameters.layers)).predict
    total, nodes = 0.0, 0
    for simulation in task.simulations:
        if same_redshift(simulation.redshift, redshift):
            field = predict(parameters, simulation.inputs)
            total += float(np.sum(np.asarray(field), dtype=np.float64))
            nodes += task.mesh.size
    return sum(gather(task.mesh.ranks, total)) / nodes
