# SPDX-License-Identifier: GPL-3.0-or-later
"""How sure a fit is: fits to other halves of the training box, and how far each misses the rest.

Every half of the box tells other parameters. Members are fits to the six halves, from the starts
that led nearly as far as the best one: their scatter is that of the sample and that of the minimum.
Of the rest of the box a member knows nothing, not even where to stop: it keeps its least training
loss. What it misses there is more than the scatter, for the model cannot do everything: what is
left is the model's error. No other simulation takes part.
"""

import collections
import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
import scipy.stats

from jerald_tools.analysis.band import HIGH, LOW
from jerald_tools.fitting.fit import Fit, FittedStart, fit_parameters
from jerald_tools.fitting.journal import Journal
from jerald_tools.fitting.objective import programs
from jerald_tools.fitting.problem import Problem, Simulation, inputs_on
from jerald_tools.fitting.quality import map_quality
from jerald_tools.fitting.starts import Start
from jerald_tools.fitting.statistics_loss import bin_edges
from jerald_tools.fitting.turned_box import (
    HALVES,
    Half,
    turned_field,
    turned_mesh,
    turned_positions,
)
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.chain import ModelInputs
from jerald_tools.model.evolution import parameters_at
from jerald_tools.model.members import member_document

# A start has led nearly as far if its validation loss is above the least one by this part at most.
TOLERANCE = 0.05

# Part of the bins that the band is to hold.
LEVEL = (HIGH - LOW) / 100

# Of a box no more than two halves are apart: what they miss is a sample of two.
INDEPENDENT_HALVES = 2


@dataclasses.dataclass(frozen=True)
class Member:
    """A fit to one half of the training box.

    Attributes:
        half: that it was fitted to.
        fitted: where it began and ended.
    """

    half: Half
    fitted: FittedStart


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """All members of a fit.

    Attributes:
        members: in the order of :data:`HALVES`.
        k: middles of bins of wavenumber [h/Mpc], (bins,).
        model_error: what has to be added in quadrature to the half-width of the members' band of
            ln P for it to hold 68 % of what is missed in another universe, (bins,).
    """

    members: list[Member]
    k: np.ndarray
    model_error: np.ndarray


def fit_ensemble(
    problems: Sequence[Problem],
    loss,
    fit: Fit,
    number: int,
    optimiser: str,
    evaluations: int,
    shift: float,
    journal: Journal | None = None,
) -> Ensemble:
    """Fit members to halves of the box, and see what they miss on the others.

    Args:
        problems: the simulations that were fitted.
        loss: a :class:`jerald_tools.fitting.losses.Loss`.
        fit: to the paper's half.
        number: of members, 2 to 6.
        optimiser: "bfgs", "lbfgsb" or "adam".
        evaluations: of each member at most.
        shift: constant of the neutral hydrogen's transform.
        journal: what the members' objectives answered before an interruption.

    Raises:
        RunFailed: if a member met no usable map.
    """
    mesh, quantity = problems[0].mesh, problems[0].quantity
    near = _starts_near(fit)
    members, missed = [], []
    for count, half in enumerate(HALVES[:number]):
        turned = turned_mesh(mesh, half)
        simulations = [turned_simulation(turned, problem, half, count + 1) for problem in problems]
        start = near[count % len(near)]
        member = fit_parameters(
            turned,
            quantity,
            simulations,
            loss,
            [start],
            optimiser,
            evaluations,
            shift,
            journal=journal,
            judge="train",
        )
        members.append(Member(half, member.best))
        missed += [
            logarithms(map_quality(turned, predicted, simulation.target)["validation"])
            for predicted, simulation in zip(member.predicted, simulations, strict=True)
        ]
    everyone = [fit.best.parameters, *(member.fitted.parameters for member in members)]
    layers = len(fit.best.parameters.layers)
    predict_map = programs(mesh, quantity, loss, layers, shift).predict
    powers = []
    for count, parameters in enumerate(everyone):
        for problem in problems:
            inputs = _inputs(mesh, problem, problem.positions, count)
            there = parameters_at(parameters, problem.setting.redshift)
            target = problem.simulation.target
            powers.append(logarithms(map_quality(mesh, predict_map(there, inputs), target)["all"]))
    scatter = np.concatenate(
        [half_width(np.array(powers[number :: len(problems)])) for number in range(len(problems))]
    )
    # Of one universe at several redshifts the halves miss alike.
    universes = max(collections.Counter(one.setting.redshift for one in problems).values())
    independent = INDEPENDENT_HALVES * universes
    return Ensemble(members, *model_error(bin_edges(mesh), missed, scatter, independent))


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


def turned_simulation(turned: Mesh, problem: Problem, half: Half, number: int) -> Simulation:
    """A simulation turned so that another half of its box trains.

    Args:
        turned: the turned mesh.
        problem: the simulation as it is.
        half: that is to train.
        number: the member of the fits below that it stands on.
    """
    positions = turned_positions(problem.mesh, half, problem.positions)
    target = turned_field(problem.mesh, half, problem.simulation.target)
    return Simulation(_inputs(turned, problem, positions, number), target, problem.setting.redshift)


def _inputs(mesh: Mesh, problem: Problem, positions, number: int) -> ModelInputs:
    """What parameters act on where the fits below are one of their members."""
    below = {name: member_document(fit, number) for name, fit in problem.below.items()}
    return inputs_on(mesh, problem.quantity, positions, below, problem.setting.redshift)


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
    edges: np.ndarray, missed: Sequence[np.ndarray], scatter: np.ndarray, independent: int
) -> tuple[np.ndarray, np.ndarray]:
    """What the members miss beyond their scatter, in bins of wavenumber.

    Against the spread of so few samples about zero the next one follows Student's distribution:
    with two halves the interval for 68 % is 1.3 times as wide as their own.

    Args:
        edges: of the bins [h/Mpc].
        missed: k and ln (P / P_ref) of each member where it has not been trained, (n, 2) each.
        scatter: k and half-width of the members' band, (n, 2).
        independent: how many independent samples there are of what is missed.

    Returns:
        Middles of the bins that hold anything [h/Mpc], and the error of ln P there.
    """
    factor = scipy.stats.t.ppf(0.5 + LEVEL / 2, independent)
    factor /= scipy.stats.norm.ppf(0.5 + LEVEL / 2)
    k, error = np.concatenate(missed).T
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
