# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of each stage of a problem, and what is amiss with its ranks."""

import dataclasses
import functools
import math
import tomllib
from collections.abc import Callable
from pathlib import Path

from jerald_tools.estimate import loads
from jerald_tools.estimate.problem import Problem

STAGES: dict[str, Callable[[Problem], loads.Loads]] = {
    "generate-ics": loads.initial_conditions_loads,
    "run-fastpm": loads.fastpm_loads,
    "fit-dm": functools.partial(loads.fit_loads, quantity="dark-matter"),
    "fit-stellar": functools.partial(loads.fit_loads, quantity="stellar-mass"),
    "fit-hi": functools.partial(loads.fit_loads, quantity="neutral-hydrogen"),
    "paint dark-matter": loads.paint_loads,
    "paint stellar-mass": loads.paint_loads,
    "paint neutral-hydrogen": loads.paint_loads,
    "powerspec": loads.spectrum_loads,
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
    ranks, own = problem.ranks, loads.planes(problem.particles, problem.ranks)
    lines = []
    for nodes, what in ((problem.particles, "the maps"), (problem.mesh, "the initial conditions")):
        idle = ranks - math.ceil(nodes / loads.planes(nodes, ranks))
        if ranks > nodes:
            lines.append(
                f"{ranks} ranks, but {what} have {nodes} planes: {idle} ranks would hold none;"
                f" take at most {nodes}"
            )
        elif idle:
            lines.append(
                f"{ranks} ranks, but {what} have {nodes} planes, at most"
                f" {loads.planes(nodes, ranks)} a rank: {idle} would hold none"
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
    others = problem.particles - loads.planes(problem.particles, problem.ranks)
    return min(others, 2 * math.ceil(reach) + STENCIL_PLANES)
