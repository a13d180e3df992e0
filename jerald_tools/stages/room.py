# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not fit the GPU is refused before a stage starts, by the numbers of ``estimate``."""

import math
from collections.abc import Sequence

from jerald_tools.estimate.cost import STAGES, require_room
from jerald_tools.estimate.problem import QUANTITIES, Problem
from jerald_tools.mesh.device import device_name, memory_limit
from jerald_tools.mesh.mesh import choose_backend
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.stages.run import Run

Shape = tuple[int, int, int]


def require_room_for_universe(
    run: Run, stage: str, mesh: Shape, lattice: Shape, steps: int = 1, force_mesh_factor: int = 1
) -> None:
    """Refuse initial conditions, or a FastPM run, that the GPU has no room for.

    Args:
        run: how the stage runs.
        stage: "generate-ics" or "run-fastpm".
        mesh: nodes of the initial conditions along x, y, z.
        lattice: particles along x, y, z.
        steps: of FastPM.
        force_mesh_factor: nodes of the force mesh per particle along each axis.

    Raises:
        BadInput: if the card has too little memory.
    """
    _require(
        *(run, stage, lattice),
        mesh=_side(mesh),
        steps=steps,
        force_mesh_factor=force_mesh_factor,
    )


def require_room_for_model(
    run: Run,
    stage: str,
    lattices: Sequence[Shape],
    map_mesh: Shape,
    refine: int = 1,
    layers: int = 0,
) -> None:
    """Refuse a fit, or a map, that the GPU has no room for.

    Quantities whose cost nobody measured, such as gas, are not refused.

    Args:
        run: how the stage runs.
        stage: a name of ``estimate``, "fit-hi" or "paint stellar-mass".
        lattices: particles along x, y, z of each simulation.
        map_mesh: nodes of the map along x, y, z.
        refine: nodes of the model per node of the map along each axis.
        layers: of a fit.

    Raises:
        BadInput: if the card has too little memory.
    """
    _require(
        *(run, stage, max(lattices)),
        map_mesh=_side(map_mesh),
        refine=dict.fromkeys(QUANTITIES, refine),
        layers=dict.fromkeys(QUANTITIES, layers),
        simulations=len(lattices),
    )


def _require(run: Run, stage: str, lattice: Shape, **sizes) -> None:
    """On a CPU, whose memory is not counted, nothing is refused."""
    limit = memory_limit()
    if limit is None or stage not in STAGES:
        return
    particles = _side(lattice)
    device = "gpu" if choose_backend(ONE_PROCESS) == "cuda" else "gpu-jax"
    sizes = {"mesh": particles, "precision": run.precision, "device": device, **sizes}
    # No memory depends on the length of a side.
    problem = Problem(particles, box_size=1.0, **sizes)
    require_room(stage, problem, device_name(), limit)


def _side(shape: Shape) -> int:
    """The side of the cube of as many nodes, to the nearest."""
    return round(math.prod(shape) ** (1 / 3))
