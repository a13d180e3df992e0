# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of benchmarks/stages.py turned into the coefficients of `estimate`, or compared to them."""

import json
from pathlib import Path

import click
import numpy as np
from scipy.optimize import least_squares, nnls

from jerald_tools.estimate.cost import STAGES, cost
from jerald_tools.estimate.problem import QUANTITIES, Problem, coefficients


def problem_of(line: dict) -> Problem:
    """The problem of a measured line."""
    names = ("mesh", "ranks", "steps", "force_mesh_factor", "simulations", "starts")
    known = {name: line[name] for name in (*names, "evaluations", "precision") if name in line}
    layers = dict.fromkeys(QUANTITIES, line.get("layers", 2))
    return Problem(line["particles"], box_size=line["particles"] * 20 / 48, layers=layers, **known)


def read(paths: tuple[str, ...]) -> list[dict]:
    """All lines of some files."""
    return [json.loads(line) for path in paths for line in Path(path).read_text().splitlines()]


def solve(rows: list[dict], values: list[float]) -> dict[str, float]:
    """Coefficients, none negative, by least squares of the relative error."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    values = np.array(values)
    matrix = matrix / values[:, None]
    scale = np.abs(matrix).max(axis=0)
    scale[scale == 0] = 1
    found, _ = nnls(matrix / scale, np.ones(len(values)))
    return dict(zip(names, (found / scale).tolist(), strict=True))


def bytes_of(lines: list[dict], stage: str) -> dict[str, float]:
    """Coefficients of memory: of the phase that needs most, by least squares of the relative error.

    Which phase that is depends on them, so the search begins at those of now. A load that no line
    has keeps its coefficient.
    """
    held = [STAGES[stage](problem_of(line)).held for line in lines]
    peaks = np.array([line["peak_memory"] for line in lines])
    names = list(dict.fromkeys(name for phase in held[0] for name in phase))
    now = np.array([max(coefficients()[stage]["bytes"][name], 1.0) for name in names])
    phases = np.array([[[phase.get(name, 0) for name in names] for phase in one] for one in held])

    def missed(logarithms):
        return (phases @ (now * np.exp(logarithms))).max(axis=1) / peaks - 1

    # A search moves a coefficient without effect anywhere.
    found = now * np.exp(least_squares(missed, np.zeros(len(names)), bounds=(-10, 10)).x)
    found = np.where(phases.any(axis=(0, 1)), found, now)
    return dict(zip(names, found.tolist(), strict=True))


def seconds_of(lines: list[dict], stage: str) -> dict[str, float]:
    """Coefficients of time: the processor's, which other work on the machine hardly changes.

    That of a byte written is kept: ranks that wait meanwhile make it look larger.
    """
    loads = [STAGES[stage](problem_of(line)) for line in lines]
    rows = [load.done_alone | load.done for load in loads]
    written = {
        name: price for name, price in coefficients()[stage]["seconds"].items() if name == "written"
    }
    seconds = [
        line["cpu_seconds"] / line["ranks"]
        - sum(row.pop(name) * price for name, price in written.items())
        for row, line in zip(rows, lines, strict=True)
    ]
    return solve(rows, seconds) | written


@click.group()
def main():
    """Turn lines of benchmarks/stages.py into coefficients of `estimate`, or compare the two."""


@main.command()
@click.argument("paths", nargs=-1, required=True)
def fit(paths):
    """Print bytes and seconds of coefficients.toml, from runs on one thread in single precision."""
    lines = read(paths)
    for stage in STAGES:
        own = [line for line in lines if line["command"] == stage]
        for title, prices in (("bytes", bytes_of(own, stage)), ("seconds", seconds_of(own, stage))):
            click.echo(f'["{stage}".{title}]' if " " in stage else f"[{stage}.{title}]")
            for name, price in prices.items():
                click.echo(f"{name} = {price:.3g}")
        click.echo()


@main.command()
@click.argument("paths", nargs=-1, required=True)
def check(paths):
    """Print the memory and time of lines over their estimates."""
    click.echo(
        "| stage | particles | ranks | memory [MB] | over the estimate | time [s] | over it |"
    )
    click.echo("| --- | --: | --: | --: | --: | --: | --: |")
    for line in read(paths):
        estimate = cost(line["command"], problem_of(line))
        seconds = line["cpu_seconds"] / line["ranks"]
        click.echo(
            f"| {line['command']} | {line['particles']}³ | {line['ranks']}"
            f" | {line['peak_memory'] / 1e6:.0f} | {line['peak_memory'] / estimate.memory:.2f}"
            f" | {seconds:.1f} | {seconds / estimate.seconds:.2f} |"
        )


if __name__ == "__main__":
    main()
