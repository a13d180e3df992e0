# SPDX-License-Identifier: GPL-3.0-or-later
"""The uncertainty of a fit: fits to parts of the training sample, and their errors on the rest.

Every part leads to other parameters. Members are fits to parts. Those of halves begin at the starts
that led nearly as far as the best one: their scatter is that of the sample and that of the minimum.
Those that leave boxes out begin where the fit itself began. Their error on the rest is more than
the scatter, for the model cannot do everything: the remainder is the model's error. No other
simulation takes part.
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
import scipy.stats

from jerald_tools.analysis.band import HIGH, LOW
from jerald_tools.fitting.amplitude import amplitude_curve
from jerald_tools.fitting.fit import Fit, FittedStart, Search, fit_parameters
from jerald_tools.fitting.journal import Journal
from jerald_tools.fitting.map_statistics import bin_edges, map_quality
from jerald_tools.fitting.objective import compiled_for
from jerald_tools.fitting.problem import Problem
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.fitting.subsamples import HalfBoxes, Subsample, independent_parts
from jerald_tools.model.curves import Curve
from jerald_tools.model.evolution import parameters_at
from jerald_tools.model.layer_starts import Start

# A start has led nearly as far if its validation loss is above the least one by at most this share.
TOLERANCE = 0.05

# Share of the bins that the band is to hold.
LEVEL = (HIGH - LOW) / 100


@dataclasses.dataclass(frozen=True)
class ErrorOfPower:
    """An error of ln P in bins of wavenumber.

    Attributes:
        k: middles of the bins [h/Mpc], (bins,).
        error: of ln P, (bins,).
    """

    k: np.ndarray
    error: np.ndarray


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
    near, halves = _starts_near(fit), isinstance(subsamples[0], HalfBoxes)
    members = []
    for number, part in enumerate(subsamples, start=1):
        task = part.task(problems, number, loss)
        start = near[(number - 1) % len(near)] if halves else fit.best.start
        found = fit_parameters(task, [start], part.search(search), journal=journal)
        qualities = part.qualities(problems, number, task, found)
        amplitude = amplitude_curve(task, found.best.parameters)
        members.append(Member(part.name, found.best, qualities, amplitude))
    everyone = [fit.best.parameters, *(member.fitted.parameters for member in members)]
    scatter = _scatter(problems, loss, everyone)
    independent = independent_parts(subsamples, problems)
    edges = bin_edges(problems[0].mesh)
    if not halves:
        members = [
            dataclasses.replace(
                one, expected=_expected_of([other for other in members if other is not one], edges)
            )
            for one in members
        ]
    return Ensemble(members, model_error(edges, _errors(members), scatter, independent))


def _errors(members: Sequence[Member]) -> list[np.ndarray]:
    """K and ln (P / P_ref) of all maps of members where they were not trained, (bins, 2) each."""
    return [logarithms(quality) for member in members for quality in member.qualities]


def _expected_of(others: Sequence[Member], edges: np.ndarray) -> ErrorOfPower:
    """The whole error of ln P on boxes that were left out, told from what others left out."""
    errors = _errors(others)
    return model_error(edges, errors, np.array([[k, 0.0] for k, _ in errors[0]]), len(others))


def _starts_near(fit: Fit) -> list[Start]:
    """Starts that led to a validation loss close to the least, the fit's own first."""
    least = fit.best.losses.validation
    near = [
        tried
        for tried in fit.tried
        if tried.is_usable and tried.losses.validation <= (1 + TOLERANCE) * least
    ]
    near = sorted(near, key=lambda tried: (tried is not fit.best, tried.losses.validation))
    return [tried.start for tried in near]


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


def logarithms(quality: dict) -> np.ndarray:
    """Wavenumber [h/Mpc] and ln (P / P_ref) in bins with power, (bins, 2)."""
    rows = [pair for pair in zip(quality["k"], quality["ratio"], strict=True) if pair[1]]
    return np.array([(k, np.log(ratio)) for k, ratio in rows]).reshape(-1, 2)


def half_width(members: np.ndarray) -> np.ndarray:
    """Wavenumber and half of the members' band of ln P in each bin, (bins, 2).

    Args:
        members: (members, bins, 2) from :func:`logarithms`.
    """
    low, high = np.percentile(members[..., 1], [LOW, HIGH], axis=0)
    return np.stack([members[0, :, 0], (high - low) / 2], axis=1)


def model_error(
    edges: np.ndarray, errors: Sequence[np.ndarray], scatter: np.ndarray, independent: int
) -> ErrorOfPower:
    """The members' errors beyond their scatter, in bins of wavenumber.

    Against the spread of so few samples about zero the next one follows Student's distribution:
    with two halves the interval for 68 % is 1.3 times as wide as their own.

    Args:
        edges: of the bins [h/Mpc].
        errors: k and ln (P / P_ref) of each member where it was not trained, (n, 2) each.
        scatter: k and half-width of the members' band, (n, 2).
        independent: number of independent samples of these errors.

    Returns:
        In the bins that hold anything.
    """
    factor = scipy.stats.t.ppf(0.5 + LEVEL / 2, independent)
    factor /= scipy.stats.norm.ppf(0.5 + LEVEL / 2)
    k, error = np.concatenate(errors).T
    found = []
    for low, high in itertools.pairwise(edges):
        inside, inside_scatter = (
            (low <= values) & (values < high) for values in (k, scatter[:, 0])
        )
        if np.any(inside) and np.any(inside_scatter):
            total = factor * np.quantile(np.abs(error[inside]), LEVEL)
            own = np.mean(scatter[inside_scatter, 1])
            found.append((np.sqrt(low * high), np.sqrt(max(total**2 - own**2, 0))))
    return ErrorOfPower(*np.array(found).T)
