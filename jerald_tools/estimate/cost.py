# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of each stage of a problem, and what is amiss with its ranks."""

import dataclasses
import functools
import math
import tomllib
from collections.abc import Callable
from pathlib import Path

from jerald_tools.estimate.problem import BYTES, Problem

# How much of what each stage has to hold and to do: the factors of the measured coefficients.
#
# A stage's memory is the sum of its ``held`` loads, each times a coefficient in bytes, in
# whichever phase that is most; its time is the sum of its ``done`` loads, each times one in
# seconds. coefficients.toml has them by the same names.

# Searches end when they hardly gain anything: the mean of those of data/fits, which may take 200.
USUAL_EVALUATIONS = 148
# A map without gradient, of which an estimate of the curvature takes one a parameter and one more.
MAP = 0.4
# Evaluations from each start of the transform alone, see training/find_starts.py.
SCREENING = 25
# Bytes of those of data/fits, with members and the fits that they stand on.
FIT_FILES = {"dark-matter": 30_000, "stellar-mass": 60_000, "neutral-hydrogen": 140_000}
# Parameters of the transform, and of each layer.
PARAMETERS = {"dark-matter": (0, 5), "stellar-mass": (3, 5), "neutral-hydrogen": (11, 10)}


@dataclasses.dataclass(frozen=True)
class Loads:
    """Of the largest rank.

    Attributes:
        held: in memory, by name, in each phase.
        done: by its threads together, by name.
        done_alone: by one thread, by name.
        files: bytes that a job writes.
    """

    held: tuple[dict[str, float], ...]
    done: dict[str, float]
    done_alone: dict[str, float]
    files: int


def planes(nodes: int, ranks: int) -> int:
    """Planes of the largest rank."""
    return -(-nodes // ranks)


def share(nodes: int, ranks: int) -> int:
    """Cells of the largest rank."""
    return planes(nodes, ranks) * nodes**2


def initial_conditions_loads(problem: Problem) -> Loads:
    """Of generate-ics."""
    nodes = share(problem.mesh, problem.ranks)
    return _loads(
        problem,
        {"node": nodes},
        done={"node": nodes},
        written=problem.mesh**3 * BYTES[problem.precision],
    )


def fastpm_loads(problem: Problem) -> Loads:
    """Of run-fastpm, to one redshift."""
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


def fit_loads(problem: Problem, quantity: str) -> Loads:
    """Of fit-dm, fit-stellar and fit-hi."""
    cells, layers = share(problem.particles, problem.ranks), problem.layers[quantity]
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
        text=FIT_FILES[quantity],
    )


def paint_loads(problem: Problem) -> Loads:
    """Of paint, one map."""
    cells = share(problem.particles, problem.ranks)
    return _loads(
        problem,
        {"cell": cells, "moved_cell": cells if problem.ranks > 1 else 0},
        done={"cell": cells},
        written=problem.particles**3 * BYTES[problem.precision],
    )


def spectrum_loads(problem: Problem) -> Loads:
    """Of powerspec, one map and its reference."""
    cells = share(problem.particles, problem.ranks)
    return _loads(problem, {"cell": cells}, done={"cell": cells}, text=10_000)


def evaluations(problem: Problem, quantity: str) -> tuple[float, float]:
    """A search's evaluations of loss and gradient with layers, and of the transform alone."""
    of_transform, of_layer = PARAMETERS[quantity]
    most = min(problem.evaluations, USUAL_EVALUATIONS)
    layers, starts = problem.layers[quantity], problem.starts

    def search(number, evaluations, parameters):
        return number * (evaluations + MAP * (parameters + 1))

    all_parameters = of_transform + of_layer * layers
    members = search(problem.members, most, all_parameters)
    with_layers = search(starts, most, all_parameters) + members if layers else 0
    if quantity == "dark-matter":
        return with_layers, 0 if layers else 1
    alone = search(starts, min(most, SCREENING), of_transform) if layers else 0
    alone += search(1 if layers else starts, most, of_transform) + (0 if layers else members)
    return with_layers, alone


def _loads(
    problem: Problem,
    *arrays: dict,
    done: dict,
    compiled: dict | None = None,
    programs: dict | None = None,
    written: int = 0,
    text: int = 0,
) -> Loads:
    """With what every stage has: a program, MPI where there are ranks, and a file by one rank.

    Args:
        problem: its size.
        arrays: what grows with the precision, in each phase.
        done: by all threads.
        compiled: what costs memory and time to compile.
        programs: what else costs memory whatever the mesh.
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
    "fit-dm": functools.partial(fit_loads, quantity="dark-matter"),
    "fit-stellar": functools.partial(fit_loads, quantity="stellar-mass"),
    "fit-hi": functools.partial(fit_loads, quantity="neutral-hydrogen"),
    "paint dark-matter": paint_loads,
    "paint stellar-mass": paint_loads,
    "paint neutral-hydrogen": paint_loads,
    "powerspec": spectrum_loads,
}

# Nodes beyond its slab that a particle's force takes from each side: cloud in cell and four points.
STENCIL_PLANES = 5


@dataclasses.dataclass(frozen=True)
class Cost:
    """Of one job of a stage.

    Attributes:
        memory: resident, of the largest rank [bytes].
        seconds: of wall-clock time.
        files: what it writes [bytes].
    """

    memory: float
    seconds: float
    files: int


@functools.cache
def coefficients() -> dict:
    """The content of coefficients.toml: what was measured, on what, and when."""
    return tomllib.loads(Path(__file__).with_name("coefficients.toml").read_text("utf-8"))


def cost(stage: str, problem: Problem) -> Cost:
    """What one job of a stage takes.

    Args:
        stage: a key of :data:`STAGES`.
        problem: its size.
    """
    load, measured = STAGES[stage](problem), coefficients()
    price = measured[stage]
    alone, together = (
        sum(number * price["seconds"][name] for name, number in done.items())
        for done in (load.done_alone, load.done)
    )
    fraction = measured["threads"]["parallel_fraction"]
    return Cost(
        memory=max(
            sum(number * price["bytes"][name] for name, number in phase.items())
            for phase in load.held
        ),
        seconds=alone + together * (1 - fraction + fraction / problem.threads),
        files=load.files,
    )


def warnings(problem: Problem) -> list[str]:
    """What speaks against so many ranks, a line each."""
    ranks, own = problem.ranks, planes(problem.particles, problem.ranks)
    lines = []
    for nodes, what in ((problem.particles, "the maps"), (problem.mesh, "the initial conditions")):
        idle = ranks - math.ceil(nodes / planes(nodes, ranks))
        if ranks > nodes:
            lines.append(
                f"{ranks} ranks, but {what} have {nodes} planes: {idle} ranks would hold none;"
                f" take at most {nodes}"
            )
        elif idle:
            lines.append(
                f"{ranks} ranks, but {what} have {nodes} planes, at most"
                f" {planes(nodes, ranks)} a rank: {idle} would hold none"
            )
    ghosts = ghost_planes(problem)
    if 1 < ranks <= problem.particles and ghosts > own:
        lines.append(
            f"{ranks} ranks: {ghosts} ghost planes of a rank outnumber its own {own}, and their"
            " exchange its work; take fewer ranks and more threads"
        )
    return lines


def ghost_planes(problem: Problem) -> int:
    """Planes of others that a rank needs copies of, for a fit or a map."""
    reach = coefficients()["ghosts"]["reach"] * problem.particles / problem.box_size
    others = problem.particles - planes(problem.particles, problem.ranks)
    return min(others, 2 * math.ceil(reach) + STENCIL_PLANES)
