# SPDX-License-Identifier: GPL-3.0-or-later
"""All starts of a fit: from nothing, from another fit, or at several redshifts together."""

from collections.abc import Sequence

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.evolution import node_redshifts
from jerald_tools.training.evolving_starts import evolving_starts
from jerald_tools.training.find_starts import find_starts
from jerald_tools.training.fit import fit_parameters
from jerald_tools.training.simulation import Simulation
from jerald_tools.training.starts import Start, choose_starts


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
        loss: a :class:`jerald_tools.training.losses.Loss`.
        layers: number of displacement layers.
        number: how many starts.
        seed: of the random ones.
        warm: the first of them, if it is known.
        order: of the polynomials in the scale factor, if parameters are to evolve.
        how: the other arguments of :func:`jerald_tools.training.fit.fit_parameters`.

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
