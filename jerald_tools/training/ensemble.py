# SPDX-License-Identifier: GPL-3.0-or-later
"""How sure a fit is: fits to other halves of the training box, and how far each misses the rest.

Every half of the box tells other parameters. Members are fits to the six halves, from the starts
that led nearly as far as the best one: their scatter is that of the sample and that of the minimum.
What they miss on the half that they have not seen, over that scatter, says by how much the scatter
has to be widened for what the model itself cannot do. No other simulation takes part.
"""

import dataclasses
import functools
from collections.abc import Sequence

import jax
import numpy as np

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.chain import ModelInputs, model_inputs, predict
from jerald_tools.model.evolution import parameters_at
from jerald_tools.model.fit_reading import model_of
from jerald_tools.model.members import member_document
from jerald_tools.training.fit import Fit, FittedStart, fit_parameters
from jerald_tools.training.journal import Journal
from jerald_tools.training.problem import Problem
from jerald_tools.training.quality import map_quality
from jerald_tools.training.simulation import Simulation
from jerald_tools.training.starts import Start
from jerald_tools.training.turned_box import (
    HALVES,
    Half,
    turned_field,
    turned_mesh,
    turned_positions,
)

# A start has led nearly as far if its validation loss is above the least one by this part at most.
TOLERANCE = 0.05

# Evaluations of each member: it begins at a minimum of the box's other half.
EVALUATIONS = 40

# Part of the bins that the widened band holds: one standard deviation of a Gaussian.
LEVEL = 0.68


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
        scale: the logarithm of the power lies within this many half-widths of the members' band in
            68 % of all bins of the halves that they have not seen.
    """

    members: list[Member]
    scale: float


def fit_ensemble(
    problems: Sequence[Problem],
    loss,
    fit: Fit,
    number: int,
    optimiser: str,
    shift: float,
    journal: Journal | None = None,
) -> Ensemble:
    """Fit members to halves of the box, and scale their scatter.

    Args:
        problems: the simulations that were fitted.
        loss: a :class:`jerald_tools.training.losses.Loss`.
        fit: to the paper's half.
        number: of members, 2 to 6.
        optimiser: "bfgs", "lbfgsb" or "adam".
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
        simulations = [_turned(problem, half, count + 1) for problem in problems]
        start = near[count % len(near)]
        member = fit_parameters(
            turned,
            quantity,
            simulations,
            loss,
            [start],
            optimiser,
            EVALUATIONS,
            shift,
            journal=journal,
        )
        members.append(Member(half, member.best))
        missed += [
            _logarithms(map_quality(turned, predicted, simulation.target)["validation"])
            for predicted, simulation in zip(member.predicted, simulations, strict=True)
        ]
    everyone = [fit.best.parameters, *(member.fitted.parameters for member in members)]
    predict_map = jax.jit(functools.partial(predict, mesh, quantity, shift=shift))
    powers = []
    for count, parameters in enumerate(everyone):
        for problem in problems:
            inputs = _inputs(mesh, problem, problem.positions, count)
            there = parameters_at(parameters, problem.setting.redshift)
            target = problem.simulation.target
            powers.append(_logarithms(map_quality(mesh, predict_map(there, inputs), target)["all"]))
    return Ensemble(members, _scale(missed, powers, len(problems)))


def _starts_near(fit: Fit) -> list[Start]:
    """Where the starts ended whose validation loss is close to the least, best first."""
    least = fit.best.losses.validation
    near = [tried for tried in fit.tried if tried.losses.validation <= (1 + TOLERANCE) * least]
    near = sorted(near, key=lambda tried: (tried is not fit.best, tried.losses.validation))
    return [Start(tried.start.name, tried.parameters) for tried in near]


def _turned(problem: Problem, half: Half, number: int) -> Simulation:
    """A simulation turned so that this half trains, on the members of the fits below."""
    turned = turned_mesh(problem.mesh, half)
    positions = turned_positions(problem.mesh, half, problem.positions)
    target = turned_field(problem.mesh, half, problem.simulation.target)
    return Simulation(_inputs(turned, problem, positions, number), target, problem.setting.redshift)


def _inputs(mesh: Mesh, problem: Problem, positions, number: int) -> ModelInputs:
    """What parameters act on where the fits below are one of their members."""
    models = {
        quantity: model_of(member_document(document, number), quantity, problem.setting.redshift)
        for quantity, document in problem.below.items()
    }
    return model_inputs(
        mesh, problem.quantity, positions, models.get("dark-matter"), models.get("stellar-mass")
    )


def _logarithms(quality: dict) -> np.ndarray:
    """Ln (P / P_ref) by wavenumber, NaN where there is no power."""
    ratios = [ratio if ratio else np.nan for ratio in quality["ratio"]]
    return np.log(np.array(ratios, np.float64))


def _scale(missed: list[np.ndarray], powers: list[np.ndarray], problems: int) -> float:
    """What the members miss over the half-width of their band: its 68th percentile over all bins.

    Args:
        missed: ln (P / P_ref) of each member and problem where it has not been trained, (bins,).
        powers: the same in the whole box, the fit's own first, in the same order of problems.
        problems: how many there are.
    """
    ratios = []
    for number in range(problems):
        low, high = np.percentile(powers[number::problems], [50 - 50 * LEVEL, 50 + 50 * LEVEL], 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios += [np.abs(one) / ((high - low) / 2) for one in missed[number::problems]]
    ratios = np.concatenate(ratios)
    return float(np.quantile(ratios[np.isfinite(ratios)], LEVEL))
