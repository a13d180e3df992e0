# SPDX-License-Identifier: GPL-3.0-or-later
"""Costs as text: one number of ranks in full, or several side by side."""

import dataclasses
from collections.abc import Sequence

from jerald_tools.estimate.cost import STAGES, cost, warnings
from jerald_tools.estimate.problem import Problem, coefficients
from jerald_tools.estimate.words import duration, size


def report(problem: Problem, ranks: Sequence[int]) -> str:
    """The cost of each stage of a problem, and warnings about the number of ranks.

    Args:
        problem: its size; its own number of ranks is not used.
        ranks: the numbers of ranks to compare, at least one; one of one rank for a GPU.
    """
    problems = [dataclasses.replace(problem, ranks=number) for number in ranks]
    if problem.device == "gpu":
        rows = _on_card(problems[0])
    else:
        rows = _in_full(problems[0]) if len(ranks) == 1 else _side_by_side(problems)
    lines = [_headline(problem), "", *_aligned(rows), ""]
    lines += [f"warning: {line}" for each in problems for line in warnings(each)]
    source = coefficients(problem.device)["source"]
    lines.append(f"From measurements on {source['machine']}, {source['date']}.")
    return "\n".join(lines)


def _headline(problem: Problem) -> str:
    layers = ", ".join(str(number) for number in problem.layers.values())
    finest = max(problem.refine.values())
    on = "one GPU" if problem.device == "gpu" else f"{problem.threads} thread(s) a rank"
    models = f", models on up to {finest * problem.map_nodes}^3" if finest > 1 else ""
    return (
        f"{problem.particles}^3 particles in {problem.box_size:g} Mpc/h, initial conditions on"
        f" {problem.mesh}^3 nodes, maps on {problem.map_nodes}^3{models},\n"
        f"{problem.precision} precision, {on};\n"
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


def _on_card(problem: Problem) -> list[list[str]]:
    rows = [["one job of", "memory of the card", "time", "file"]]
    for stage in STAGES:
        one = cost(stage, problem)
        rows.append([stage, size(one.card_memory), duration(one.seconds), size(one.files)])
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
