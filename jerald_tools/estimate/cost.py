# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of each stage of a problem, and warnings about its number of ranks.

A stage's memory is the sum of its ``held`` loads, each times a coefficient in bytes, in the phase
that needs most; its time is the sum of its ``done`` loads, each times a coefficient in seconds.
coefficients.toml has the coefficients under the same names, the other files those of a card.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping

from jerald_tools.errors import BadInput
from jerald_tools.estimate.problem import BYTES, Problem, coefficients, fit_sizes
from jerald_tools.estimate.words import size

# A search ends when it hardly gains anything: the mean of the searches of data/fits, which were
# allowed 200 evaluations.
USUAL_EVALUATIONS = 148

# Cost of a map without gradient, over an evaluation of loss and gradient. An estimate of the
# curvature takes one map for each parameter and one more.
MAP = 0.4

# Evaluations from each start of the transform alone, see fitting/search.py.
SCREENING = 25

# Bytes of a spectrum's file.
SPECTRUM_BYTES = 10_000

# Planes beyond a slab that a particle's force needs on each side: cloud in cell and four points.
STENCIL_PLANES = 5


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one job of a stage takes.

    Attributes:
        memory: resident, of the largest rank [bytes]. With a GPU what the same job on a CPU takes,
            an upper bound: arrays lie on the card then.
        seconds: of wall-clock time.
        files: size of the files that it writes [bytes].
        card_memory: of the GPU [bytes]; 0 on a CPU.
    """

    memory: float
    seconds: float
    files: int
    card_memory: float = 0.0


@dataclasses.dataclass(frozen=True)
class Loads:
    """What the largest rank of a job holds and does, by the names of the coefficients.

    Attributes:
        held: in memory, in each phase.
        done: work that its threads share.
        done_alone: work of one thread.
        files: bytes that the job writes.
    """

    held: tuple[dict[str, float], ...]
    done: dict[str, float]
    done_alone: dict[str, float]
    files: int


def planes(nodes: int, ranks: int) -> int:
    """Planes of the largest rank, of so many nodes along each side."""
    return -(-nodes // ranks)


def share(nodes: int, ranks: int) -> int:
    """Cells of the largest rank, of so many nodes along each side."""
    return planes(nodes, ranks) * nodes**2


def initial_conditions_loads(problem: Problem) -> Loads:
    """The loads of generate-ics."""
    nodes = share(problem.mesh, problem.ranks)
    return _loads(
        problem,
        {"node": nodes},
        done={"node": nodes},
        written=problem.mesh**3 * BYTES[problem.precision],
    )


def fastpm_loads(problem: Problem) -> Loads:
    """The loads of run-fastpm, to one redshift."""
    nodes = share(problem.mesh, problem.ranks)
    particles = share(problem.particles, problem.ranks)
    force_nodes = share(problem.force_mesh_factor * problem.particles, problem.ranks)
    return _loads(
        problem,
        {"lpt_node": nodes, "lpt_particle": particles},
        {
            "kept_node": nodes,
            "particle": particles,
            "force_node": force_nodes,
            "moved_particle": particles if problem.ranks > 1 else 0,
        },
        done={
            "node": nodes,
            "particle": particles,
            "particle_step": problem.steps * particles,
            "force_node_step": problem.steps * force_nodes,
        },
        written=problem.particles**3 * (36 + 3 * BYTES[problem.precision]),
    )


def model_share(problem: Problem, quantity: str) -> int:
    """Cells of the largest rank for a quantity's model, which has one particle a cell or fewer.

    Where the mesh of the model has fewer cells than there are particles, these count.
    """
    return share(max(problem.model_nodes(quantity), problem.particles), problem.ranks)


def fit_loads(problem: Problem, quantity: str) -> Loads:
    """The loads of the command that fits a quantity."""
    cells, layers = model_share(problem, quantity), problem.layers[quantity]
    with_layers, alone = evaluations(problem, quantity)
    simulations = problem.simulations
    return _loads(
        problem,
        {
            "cell": cells,
            "cell_layer": cells * layers,
            "cell_simulation": cells * simulations,
            "moved_cell": cells * simulations if problem.ranks > 1 else 0,
        },
        done={
            "cell": cells * simulations,
            "cell_evaluation": cells * simulations * (with_layers + alone),
            "cell_layer_evaluation": cells * simulations * with_layers * layers,
        },
        compiled={"any_layer": float(layers > 0), "layer": layers},
        programs={
            "other_simulation": simulations - 1,
            "any_member": float(problem.members > 0),
        },
        text=fit_sizes()[quantity].file_bytes,
    )


def evaluations(problem: Problem, quantity: str) -> tuple[float, float]:
    """Evaluations of loss and gradient of a fit: with layers, and of the transform alone.

    A quantity with a transform fits it alone first, from every start; a fit without layers and
    without transform has nothing to search for, and is evaluated once.
    """
    size, layers, starts = fit_sizes()[quantity], problem.layers[quantity], problem.starts
    most = min(problem.evaluations, USUAL_EVALUATIONS)

    def search(number, evaluations, parameters):
        return number * (evaluations + MAP * (parameters + 1))

    all_parameters = size.transform + size.layer * layers
    members = search(problem.members, most, all_parameters)
    with_layers = search(starts, most, all_parameters) + members if layers else 0
    if not size.transform:
        return with_layers, 0 if layers else 1
    alone = search(starts, min(most, SCREENING), size.transform) if layers else 0
    alone += search(1 if layers else starts, most, size.transform) + (0 if layers else members)
    return with_layers, alone


def paint_loads(problem: Problem, quantity: str) -> Loads:
    """The loads of paint, one map of a quantity."""
    cells = model_share(problem, quantity)
    return _loads(
        problem,
        {"cell": cells, "moved_cell": cells if problem.ranks > 1 else 0},
        done={"cell": cells},
        written=problem.map_nodes**3 * BYTES[problem.precision],
    )


def spectrum_loads(problem: Problem) -> Loads:
    """The loads of powerspec, one map and its reference."""
    cells = share(problem.map_nodes, problem.ranks)
    return _loads(problem, {"cell": cells}, done={"cell": cells}, text=SPECTRUM_BYTES)


def _loads(
    problem: Problem,
    *arrays: dict[str, float],
    done: dict[str, float],
    compiled: dict[str, float] | None = None,
    programs: dict[str, float] | None = None,
    written: int = 0,
    text: int = 0,
) -> Loads:
    """Loads with those of every stage: a program, MPI on several ranks, and a file by one rank.

    Args:
        problem: its size.
        arrays: loads that grow with the precision, in each phase.
        done: work of all threads.
        compiled: loads that take memory and time to compile.
        programs: loads that take memory regardless of the mesh.
        written: bytes of a map, a density or particles, by the first rank for all.
        text: bytes of another file.
    """
    wide = BYTES[problem.precision] // BYTES["single"]
    always = {"mpi": float(problem.ranks > 1), **(compiled or {})}
    program = {"program": 1.0, **always, **(programs or {})}
    return Loads(
        held=tuple(
            program | {name: wide * number for name, number in phase.items()} for phase in arrays
        ),
        done=done,
        done_alone={"start": 1.0, **always, **({"written": written} if written else {})},
        files=written + text,
    )


STAGES: dict[str, Callable[[Problem], Loads]] = {
    "generate-ics": initial_conditions_loads,
    "run-fastpm": fastpm_loads,
    **{
        size.stage: functools.partial(fit_loads, quantity=quantity)
        for quantity, size in fit_sizes().items()
    },
    **{
        f"paint {quantity}": functools.partial(paint_loads, quantity=quantity)
        for quantity in fit_sizes()
    },
    "powerspec": spectrum_loads,
}
"""The loads of each stage by its name, in the order of a run."""


def cost(stage: str, problem: Problem) -> Cost:
    """The cost of one job of a stage.

    Args:
        stage: a key of :data:`STAGES`.
        problem: its size.
    """
    load, measured = STAGES[stage](problem), coefficients(problem.device)
    alone, together = (
        _sum(done, measured[stage]["seconds"]) for done in (load.done_alone, load.done)
    )
    fraction = measured["threads"]["parallel_fraction"]
    on_host, on_device = (
        max(_sum(phase, prices[stage]["bytes"]) for phase in load.held)
        for prices in (coefficients(), measured)
    )
    return Cost(
        memory=on_host,
        seconds=alone + together * (1 - fraction + fraction / problem.threads),
        files=load.files,
        card_memory=0.0 if problem.device == "cpu" else on_device,
    )


def _sum(loads: Mapping[str, float], prices: Mapping[str, float]) -> float:
    """Loads times coefficients; a load without one costs nothing."""
    return sum(number * prices.get(name, 0.0) for name, number in loads.items())


def require_room(stage: str, problem: Problem, card: str, limit: int) -> None:
    """Refuse a job that does not fit a card, before it starts.

    Args:
        stage: a key of :data:`STAGES`.
        problem: its size, on a card.
        card: the name of the GPU.
        limit: what arrays can take on it [bytes].

    Raises:
        BadInput: if it needs more.
    """
    needed = cost(stage, problem).card_memory
    if needed > limit:
        raise BadInput(
            f"the job needs {size(needed)} of a GPU, and {card} has {size(limit)} "
            "for arrays: use --device cpu, or a smaller mesh"
        )


def warnings(problem: Problem) -> list[str]:
    """Reasons against the number of ranks, a line each."""
    ranks, own = problem.ranks, planes(problem.map_nodes, problem.ranks)
    lines = []
    for nodes, fields in (
        (problem.map_nodes, "the maps"),
        (problem.mesh, "the initial conditions"),
    ):
        idle = ranks - math.ceil(nodes / planes(nodes, ranks))
        if ranks > nodes:
            lines.append(
                f"{ranks} ranks, but {fields} have {nodes} planes: {idle} ranks would hold none;"
                f" take at most {nodes}"
            )
        elif idle:
            lines.append(
                f"{ranks} ranks, but {fields} have {nodes} planes, at most"
                f" {planes(nodes, ranks)} a rank: {idle} would hold none"
            )
    ghosts = ghost_planes(problem)
    if 1 < ranks <= problem.map_nodes and ghosts > own:
        lines.append(
            f"{ranks} ranks: {ghosts} ghost planes of a rank outnumber its own {own}, and their"
            " exchange its work; take fewer ranks and more threads"
        )
    return lines


def ghost_planes(problem: Problem) -> int:
    """Planes of other ranks that a rank needs copies of, for a fit or a map."""
    nodes = problem.map_nodes
    reach = coefficients()["ghosts"]["reach"] * nodes / problem.box_size
    others = nodes - planes(nodes, problem.ranks)
    return min(others, 2 * math.ceil(reach) + STENCIL_PLANES)
