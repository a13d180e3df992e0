# SPDX-License-Identifier: GPL-3.0-or-later
"""The starts of a fit: with a transform before which layers are put, that one is fitted first."""

from collections.abc import Sequence

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.training.fit import Fit, fit_parameters
from jerald_tools.training.simulation import Simulation
from jerald_tools.training.starts import (
    Start,
    choose_starts,
    dark_matter_start,
    layered_starts,
    transform_starts,
)

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
        loss: a :class:`jerald_tools.training.losses.Loss`.
        layers: number of displacement layers.
        number: how many starts.
        seed: of the random ones.
        evaluations: of the fit without layers at most.
        how: the other arguments of :func:`jerald_tools.training.fit.fit_parameters`.

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
