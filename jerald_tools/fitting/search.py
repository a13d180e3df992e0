# SPDX-License-Identifier: GPL-3.0-or-later
"""The starting points of a fit: which to try, from scratch or from another fit.

A quantity with a transform is fitted without layers first, and layers are put before the fitted
transform. Fits over several redshifts start from parameters that do not evolve yet.
"""

import dataclasses
import logging
from collections.abc import Sequence

import jax
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.fitting.fit import Fit, Search, fit_parameters
from jerald_tools.fitting.journal import Journal
from jerald_tools.fitting.problem import Task, different_redshifts
from jerald_tools.model.curves import BY_SCALE_FACTOR, Variable
from jerald_tools.model.evolution import EvolvingParameters, knot_redshifts
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.model.layer_starts import Start
from jerald_tools.model.parameters import scattered, within_bounds

logger = logging.getLogger(__name__)

# Evaluations of the transform alone from each start before the best one continues by itself.
SCREENING = 25


def starting_points(
    task: Task,
    search: Search,
    layers: int,
    warm: Start | None = None,
    order: int | None = None,
    journal: Journal | None = None,
) -> list[Start]:
    """The starts to search from; for several redshifts constant parameters are fitted first.

    Args:
        task: what is fitted.
        search: how, and how many starts.
        layers: number of displacement layers.
        warm: the first start, if it is known.
        order: of the polynomials in the quantity's variable, if parameters are to evolve.
        journal: answers from before an interruption.

    Raises:
        RunFailed: if a fit before the search itself found no usable map.
    """
    if warm is None:
        chosen, _ = find_starts(task, search, layers, journal)
    else:
        chosen = choose_starts([warm], search)
    if order is None:
        return chosen
    redshifts = different_redshifts([simulation.redshift for simulation in task.simulations])
    constant = fit_parameters(task, chosen, search, journal=journal)
    variable = Variable(task.quantity.evolution_variable, task.cosmology)
    return evolving_starts(constant, knot_redshifts(order, redshifts), variable)


def find_starts(
    task: Task, search: Search, layers: int, journal: Journal | None = None
) -> tuple[list[Start], list[Fit]]:
    """Starts with opposed, weak and pulling layers, then random ones: ``search.starts`` in all.

    A transform is fitted without layers before: briefly from every start, then from the best. An
    evaluation without layers costs an eighth of one with.

    Arguments and errors as of :func:`starting_points`.

    Returns:
        The starts, and the fits without layers that were made to find them.
    """
    quantity = task.quantity
    transforms = quantity.transform_starts()
    if not transforms:
        return choose_starts(quantity.layered_starts(None, layers), search), []
    alone = choose_starts(transforms, search)
    if not layers:
        return alone, []
    briefly = dataclasses.replace(search, evaluations=min(SCREENING, search.evaluations))
    short = fit_parameters(task, alone, briefly, journal=journal)
    best = Start(f"best of {search.starts}", short.best.parameters)
    long = fit_parameters(task, [best], search, journal=journal)
    named = quantity.layered_starts(long.best.parameters, layers)
    return choose_starts(named, search), [short, long]


def choose_starts(starts: Sequence[Start], search: Search) -> list[Start]:
    """The first of the given starts, then random ones around the very first.

    The layers scatter, or the transform where there are no layers.

    Args:
        starts: at least one.
        search: how many starts, and the seed of the scatter.
    """
    generator = np.random.default_rng(search.random_seed)
    base = starts[0].parameters
    chosen = list(starts[: search.starts])
    for n in range(1, search.starts - len(chosen) + 1):
        if base.layers:
            parameters = dataclasses.replace(base, layers=scattered(base.layers, generator))
        else:
            parameters = scattered(base, generator)
        chosen.append(Start(f"random {n} of seed {search.random_seed}", parameters))
    return chosen


def start_from_fit(fit: FittedModel, layers: int) -> Start:
    """The parameters of an earlier fit as a starting point.

    Fits of other versions may have parameters beyond the bounds of the search: it starts at the
    bounds then, and a warning names the fit.

    Args:
        fit: of the same quantity.
        layers: of the new fit.

    Raises:
        BadInput: if the fit has another number of layers, or spans several redshifts.
    """
    if fit.layers != layers:
        raise BadInput(f"{fit.path}: has {fit.layers} layers: give --layers {fit.layers}")
    if isinstance(fit.parameters, EvolvingParameters):
        raise BadInput(f"{fit.path}: is a fit over redshifts: give one of a single redshift")
    parameters = jax.tree.map(float, fit.parameters)
    bounded = within_bounds(parameters)
    if bounded != parameters:
        logger.warning(
            "%s: warning: has parameters beyond the bounds of fits; they start at the bounds",
            fit.path,
        )
    return Start(f"fit {fit.path}", bounded)


def evolving_starts(
    constant: Fit, redshifts: Sequence[float], variable: Variable = BY_SCALE_FACTOR
) -> list[Start]:
    """The end of every start of a fit of constant parameters, at every knot.

    From one point all knots come to minima of one kind, between which parameters can be
    interpolated. Fitted one by one they may end where layers have changed their roles.

    Args:
        constant: the fit to simulations at all redshifts.
        redshifts: of the knots.
        variable: in which parameters are to be polynomials.
    """
    starts = []
    for tried in sorted(constant.tried, key=lambda fitted: fitted.losses.validation):
        knot = jax.tree.map(float, tried.parameters)
        parameters = EvolvingParameters(tuple(redshifts), (knot,) * len(redshifts), variable)
        starts.append(Start(tried.start.name, parameters))
    return starts
