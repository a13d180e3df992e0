# SPDX-License-Identifier: GPL-3.0-or-later
"""The uncertainty of a fit: fits to other halves of the training box, and their errors on the rest.

Every half of the box leads to other parameters. Members are fits to the six halves, from the starts
that led nearly as far as the best one: their scatter is that of the sample and that of the minimum.
A member knows nothing of the rest of the box, not even where to stop: it keeps its least training
loss. Its error there is more than the scatter, for the model cannot do everything: the remainder is
the model's error. No other simulation takes part.
"""

import collections
import dataclasses
import itertools
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
import scipy.stats

from jerald_tools.analysis.band import HIGH, LOW
from jerald_tools.fitting.amplitude import amplitude_curve
from jerald_tools.fitting.fit import Fit, FittedStart, Search, fit_parameters
from jerald_tools.fitting.folds import (
    FOLDS,
    Fold,
    turned_field,
    turned_mesh,
    turned_positions,
)
from jerald_tools.fitting.journal import Journal
from jerald_tools.fitting.map_statistics import bin_edges, map_quality
from jerald_tools.fitting.objective import compiled_for
from jerald_tools.fitting.problem import Problem, Simulation, Task
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.model.curves import Curve
from jerald_tools.model.evolution import parameters_at
from jerald_tools.model.layer_starts import Start

# A start has led nearly as far if its validation loss is above the least one by at most this share.
TOLERANCE = 0.05

# Share of the bins that the band is to hold.
LEVEL = (HIGH - LOW) / 100

# No more than two halves of a box are disjoint: their errors are a sample of two.
INDEPENDENT_HALVES = 2


@dataclasses.dataclass(frozen=True)
class Member:
    """A fit to one half of the training box.

    Attributes:
        fold: the half that it was fitted to.
        fitted: where it began and ended.
        amplitude: factor of its maps between redshifts, if there is one.
    """

    fold: Fold
    fitted: FittedStart
    amplitude: Curve | None


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """All members of a fit.

    Attributes:
        members: in the order of :data:`FOLDS`.
        k: middles of bins of wavenumber [h/Mpc], (bins,).
        model_error: to be added in quadrature to the half-width of the members' band of ln P, for
            the band to hold 68 % of the errors in another universe, (bins,).
    """

    members: list[Member]
    k: np.ndarray
    model_error: np.ndarray


def fit_ensemble(
    problems: Sequence[Problem],
    loss: Loss,
    fit: Fit,
    number: int,
    search: Search,
    journal: Journal | None = None,
) -> Ensemble:
    """Fit members to halves of the box, and measure their errors on the others.

    Args:
        problems: the simulations that were fitted.
        loss: what was minimised.
        fit: to the paper's half.
        number: of members, 2 to 6.
        search: how the fit was searched.
        journal: answers from before an interruption.

    Raises:
        RunFailed: if a member met no usable map.
    """
    near = _starts_near(fit)
    members, errors = [], []
    for count, fold in enumerate(FOLDS[:number]):
        task = turned_task(problems, fold, count + 1, loss)
        start = near[count % len(near)]
        member = fit_parameters(
            task, [start], dataclasses.replace(search, select_on="train"), journal=journal
        )
        members.append(Member(fold, member.best, amplitude_curve(task, member.best.parameters)))
        errors += [
            logarithms(map_quality(task.mesh, predicted, simulation.target)["validation"])
            for predicted, simulation in zip(member.predicted, task.simulations, strict=True)
        ]
    everyone = [fit.best.parameters, *(member.fitted.parameters for member in members)]
    scatter = _scatter(problems, loss, everyone)
    # Halves of one universe at several redshifts err alike.
    universes = max(collections.Counter(one.simulation.redshift for one in problems).values())
    independent = INDEPENDENT_HALVES * universes
    k, error = model_error(bin_edges(problems[0].mesh), errors, scatter, independent)
    return Ensemble(members, k, error)


def turned_task(problems: Sequence[Problem], fold: Fold, number: int, loss: Loss) -> Task:
    """The task of the simulations turned so that another half of their boxes trains.

    Args:
        problems: the simulations as they are.
        fold: the half that is to train.
        number: the member of the prerequisites that is used.
        loss: what is minimised.
    """
    first = problems[0]
    turned = turned_mesh(first.mesh, fold)
    simulations = []
    for problem in problems:
        positions = turned_positions(problem.mesh, fold, problem.positions)
        inputs = problem.inputs_for(turned, positions, number)
        target = jnp.asarray(turned_field(problem.mesh, fold, problem.simulation.target))
        simulations.append(Simulation(inputs, target, problem.simulation.redshift))
    return Task(turned, first.quantity, simulations, loss, first.validity.cosmology)


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
) -> tuple[np.ndarray, np.ndarray]:
    """The members' errors beyond their scatter, in bins of wavenumber.

    Against the spread of so few samples about zero the next one follows Student's distribution:
    with two halves the interval for 68 % is 1.3 times as wide as their own.

    Args:
        edges: of the bins [h/Mpc].
        errors: k and ln (P / P_ref) of each member where it was not trained, (n, 2) each.
        scatter: k and half-width of the members' band, (n, 2).
        independent: number of independent samples of these errors.

    Returns:
        Middles of the bins that hold anything [h/Mpc], and the error of ln P there.
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
    return tuple(np.array(found).T)
