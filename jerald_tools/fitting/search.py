# SPDX-License-Identifier: GPL-3.0-or-later
"""All starts of a fit: from nothing, from another fit, or at several redshifts together."""

from collections.abc import Sequence

import jax

from jerald_tools.errors import BadInput
from jerald_tools.fitting.fit import Fit, fit_parameters
from jerald_tools.fitting.problem import Simulation
from jerald_tools.fitting.starts import (
    Start,
    choose_starts,
    dark_matter_start,
    layered_starts,
    transform_starts,
)
from jerald_tools.io.fits import read_fit
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.evolution import EvolvingParameters, node_redshifts
from jerald_tools.model.fit_reading import parameters_of

# An earlier fit as the starting point of a new one.


def start_from_fit(path: str, quantity: str, layers: int, accept_edited: bool = False) -> Start:
    """The parameters of an earlier fit as a starting point.

    Args:
        path: the fit file.
        quantity: that is to be fitted.
        layers: that are to be fitted.
        accept_edited: whether a fit that was edited by hand is taken.

    Raises:
        BadInput: if the file cannot be used, or holds another quantity or number of layers.
    """
    document = read_fit(path, accept_edited)
    if document["quantity"] != quantity:
        raise BadInput(f"{path}: is a fit of {document['quantity']}: give one of {quantity}")
    if document["layers"] != layers:
        raise BadInput(
            f"{path}: has {document['layers']} layers: give --layers {document['layers']}"
        )
    parameters = parameters_of(document, path)
    if isinstance(parameters, EvolvingParameters):
        raise BadInput(f"{path}: is a fit over redshifts: give one of a single redshift")
    parameters = jax.tree.map(float, parameters)
    return Start(f"fit {path}", parameters)


# Where fits over redshifts start: parameters that do not evolve yet, fitted to all redshifts.


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


# The starts of a fit: with a transform before which layers are put, that one is fitted first.

# Evaluations of the transform alone from each start before the best one goes on by itself.
SCREENING = 25


def find_starts(
    mesh: Mesh,
    quantity: str,
    simulations: Sequence[Simulation],
    loss,
    layers: int,
    number: int,
    seed: int,
    evaluations: int,
    **how,
) -> tuple[list[Start], list[Fit]]:
    """Starts with opposed layers, with weak ones, and random ones.

    For stars and hydrogen the transform is fitted without layers before: shortly from as many
    starts, then from the best of these. An evaluation without layers costs an eighth of one with.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        simulations: on this mesh.
        loss: a :class:`jerald_tools.fitting.losses.Loss`.
        layers: number of displacement layers.
        number: how many starts.
        seed: of the random ones.
        evaluations: of the fit without layers at most.
        how: the other arguments of :func:`jerald_tools.fitting.fit.fit_parameters`.

    Returns:
        The starts, and the fits without layers that were made to find them.

    Raises:
        RunFailed: if a fit without layers found no usable map.
    """
    if quantity == "dark-matter":
        return choose_starts([dark_matter_start(layers)], number, seed), []
    alone = choose_starts(transform_starts(quantity), number, seed)
    if not layers:
        return alone, []
    task = (mesh, quantity, simulations, loss)
    short = fit_parameters(*task, alone, evaluations=min(SCREENING, evaluations), **how)
    best = Start(f"best of {number}", short.best.parameters)
    long = fit_parameters(*task, [best], evaluations=evaluations, **how)
    named = layered_starts(quantity, long.best.parameters, layers)
    return choose_starts(named, number, seed), [short, long]


def starting_points(
    mesh: Mesh,
    quantity: str,
    simulations: Sequence[Simulation],
    loss,
    layers: int,
    number: int,
    seed: int,
    warm: Start | None = None,
    order: int | None = None,
    **how,
) -> list[Start]:
    """The starts to search from; for redshifts together parameters are fitted without change first.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        simulations: on this mesh.
        loss: a :class:`jerald_tools.fitting.losses.Loss`.
        layers: number of displacement layers.
        number: how many starts.
        seed: of the random ones.
        warm: the first of them, if it is known.
        order: of the polynomials in the scale factor, if parameters are to evolve.
        how: the other arguments of :func:`jerald_tools.fitting.fit.fit_parameters`.

    Raises:
        RunFailed: if a fit before the search itself found no usable map.
    """
    task = (mesh, quantity, simulations, loss)
    if warm is None:
        chosen, _ = find_starts(*task, layers, number, seed, **how)
    else:
        chosen = choose_starts([warm], number, seed)
    if order is None:
        return chosen
    redshifts = [simulation.redshift for simulation in simulations]
    return evolving_starts(fit_parameters(*task, chosen, **how), node_redshifts(order, redshifts))
