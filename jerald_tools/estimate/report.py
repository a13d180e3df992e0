# SPDX-License-Identifier: GPL-3.0-or-later
"""Costs as text: one number of ranks in full, or several side by side."""

import dataclasses
from collections.abc import Sequence

from jerald_tools.estimate.cost import STAGES, cost, warnings
from jerald_tools.estimate.problem import Problem, coefficients


def report(problem: Problem, ranks: Sequence[int]) -> str:
    """The cost of each stage of a problem, and warnings about the number of ranks.

    Args:
        problem: its size; its own number of ranks is not used.
        ranks: the numbers of ranks to compare, at least one.
    """
    problems = [dataclasses.replace(problem, ranks=number) for number in ranks]
    rows = _in_full(problems[0]) if len(ranks) == 1 else _side_by_side(problems)
    lines = [_headline(problem), "", *_aligned(rows), ""]
    lines += [f"warning: {line}" for each in problems for line in warnings(each)]
    source = coefficients()["source"]
    lines.append(f"From measurements on {source['machine']}, {source['date']}.")
    return "\n".join(lines)


def _headline(problem: Problem) -> str:
    layers = ", ".join(str(number) for number in problem.layers.values())
    finest = max(problem.refine.values())
    models = f", models on up to {finest * problem.map_nodes}^3" if finest > 1 else ""
    return (
        f"{problem.particles}^3 particles in {problem.box_size:g} Mpc/h, initial conditions on"
        f" {problem.mesh}^3 nodes, maps on {problem.map_nodes}^3{models},\n"
        f"{problem.precision} precision, {problem.threads} thread(s) a rank;\n"
        f"fits of {layers} layers on {problem.simulations} simulation(s), {problem.starts} starts"
        f" of at most {problem.evaluations} evaluations, {problem.members} members"
    )


def _in_full(problem: Problem) -> list[list[str]]:
    rows = [["one job of", "ranks", "memory a rank", "in all", "time", "file"]]
    for stage in STAGES:
        one = cost(stage, problem)
        rows.append(
            [
                stage,
                str(problem.ranks),
                size(one.memory),
                size(one.memory * problem.ranks),
                duration(one.seconds),
                size(one.files),
            ]
        )
    return rows


def _side_by_side(problems: Sequence[Problem]) -> list[list[str]]:
    rows = [["memory a rank, time", *(f"{each.ranks} rank(s)" for each in problems), "file"]]
    for stage in STAGES:
        costs = [cost(stage, each) for each in problems]
        cells = [f"{size(one.memory)}, {duration(one.seconds)}" for one in costs]
        rows.append([stage, *cells, size(costs[0].files)])
    return rows


def _aligned(rows: list[list[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]


def size(number: float) -> str:
    """Bytes in words: 1.2 GB, 35 MB."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if number >= unit:
            return f"{number / unit:.{1 if number < 10 * unit else 0}f} {name}"
    return f"{number / 1e3:.0f} kB"


def duration(seconds: float) -> str:
    """Seconds in words: 40 s, 12 min, 3.5 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
