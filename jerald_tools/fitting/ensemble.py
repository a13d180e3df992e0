# SPDX-License-Identifier: GPL-3.0-or-later
"""The uncertainty of a fit: fits to parts of the training sample, and their errors on the rest.

Every part leads to other parameters. Members are fits to parts. Those of halves begin at the starts
that led nearly as far as the best one: their scatter is that of the sample and that of the minimum.
Those that leave boxes out begin where the fit itself began. Their error on the rest is more than
the scatter, for the model cannot do everything: the remainder is the model's error. No other
simulation takes part.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jerald_tools.fitting.amplitude import amplitude_curve
from jerald_tools.fitting.error_of_power import (
    ErrorOfPower,
    half_width,
    logarithms,
    model_error,
)
from jerald_tools.fitting.fit import Fit, FittedStart, Search, fit_parameters
from jerald_tools.fitting.journal import Journal
from jerald_tools.fitting.map_statistics import bin_edges, map_quality
from jerald_tools.fitting.objective import compiled_for
from jerald_tools.fitting.problem import Problem
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.fitting.subsamples import Subsample, independent_parts
from jerald_tools.model.curves import Curve
from jerald_tools.model.evolution import parameters_at


@dataclasses.dataclass(frozen=True)
class Member:
    """A fit to a part of the training sample.

    Attributes:
        name: of the part.
        fitted: where it began and ended.
        qualities: measures of its maps where it was not trained.
        amplitude: factor of its maps between redshifts, if there is one.
        expected: if it left boxes out, the error that 68 % of the bins should not exceed there, as
            the other members tell it from the boxes that they left out.
    """

    name: str
    fitted: FittedStart
    qualities: list[dict]
    amplitude: Curve | None = None
    expected: ErrorOfPower | None = None


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """All members of a fit.

    Attributes:
        members: in the order of their parts.
        model_error: to be added in quadrature to the half-width of the members' band of ln P, for
            the band to hold 68 % of the errors in another universe.
    """

    members: list[Member]
    model_error: ErrorOfPower


def fit_ensemble(
    problems: Sequence[Problem],
    loss: Loss,
    fit: Fit,
    subsamples: Sequence[Subsample],
    search: Search,
    journal: Journal | None = None,
) -> Ensemble:
    """Fit members to parts of the training sample, and measure their errors on the rest.

    Args:
        problems: the simulations that were fitted.
        loss: what was minimised.
        fit: to the paper's half of each of them.
        subsamples: the part of each member, from
            :func:`jerald_tools.fitting.subsamples.subsamples_of`.
        search: how the fit was searched.
        journal: answers from before an interruption.

    Raises:
        RunFailed: if a member met no usable map.
    """
    members = []
    for number, part in enumerate(subsamples, start=1):
        task = part.task(problems, number, loss)
        start = part.start(fit, number)
        found = fit_parameters(task, [start], part.search(search), journal=journal)
        qualities = part.qualities(problems, number, task, found)
        amplitude = amplitude_curve(task, found.best.parameters)
        members.append(Member(part.name, found.best, qualities, amplitude))
    edges = bin_edges(problems[0].mesh)
    members = [
        dataclasses.replace(one, expected=part.expected_error(_qualities(members, one), edges))
        for part, one in zip(subsamples, members, strict=True)
    ]
    everyone = [fit.best.parameters, *(member.fitted.parameters for member in members)]
    scatter = _scatter(problems, loss, everyone)
    errors = [logarithms(one) for qualities in _qualities(members) for one in qualities]
    independent = independent_parts(subsamples, problems)
    return Ensemble(members, model_error(edges, errors, scatter, independent))


def _qualities(members: Sequence[Member], but: Member | None = None) -> list[list[dict]]:
    """Those of each member, but of one."""
    return [member.qualities for member in members if member is not but]


def _scatter(problems: Sequence[Problem], loss: Loss, everyone: Sequence) -> np.ndarray:
    """K and half-width of the band of the fit and its members in the whole boxes, (n, 2)."""
    mesh, quantity = problems[0].mesh, problems[0].quantity
    predict_map = compiled_for(mesh, quantity, loss, len(everyone[0].layers)).predict
    powers = []
    for count, parameters in enumerate(everyone):
        for problem in problems:
            inputs = problem.inputs_for(mesh, problem.positions, count)
            there = parameters_at(parameters, problem.simulation.redshift)
            predicted = predict_map(there, inputs)
            quality = map_quality(mesh, predicted, problem.simulation.target)
            powers.append(logarithms(quality["all"]))
    number = len(problems)
    return np.concatenate([half_width(np.array(powers[first::number])) for first in range(number)])
