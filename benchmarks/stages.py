# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory and time of every command at several sizes and ranks, one JSON line each.

benchmarks/coefficients.py turns such lines into jerald_tools/estimate/coefficients.toml, or
compares that file with other lines.
"""

import itertools
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

import click
from shipped import ROOT, SPACING, configured, fit_path, prerequisites, refined

from jerald_tools.estimate.problem import fit_sizes

BINARIES = pathlib.Path(sys.executable).parent
REDSHIFT = 2

# Few evaluations: one costs the same at the end of a search as at its beginning.
SEARCH = {"starts": 1, "evaluations": 4}

# Particles per side up to which an initial mesh of three times as many fits any machine.
SMALL = 100


def fit_options(quantity: str) -> str:
    """Options of a fit: the shipped fits that it depends on, and its smoothing."""
    words = [f"--prerequisite {path}" for _, path in prerequisites(quantity, REDSHIFT)]
    smoothing = configured(quantity, REDSHIFT)["smoothing"]
    refine = refined(quantity, REDSHIFT).constants.get("refine", 1)
    words += [f"--refine {refine}"] if refine > 1 else []
    return " ".join([*words, *([f"--smoothing {smoothing}"] if smoothing else [])])


def tasks(nodes: int, ranks: int) -> list[tuple[dict, str]]:
    """The problems in the order of the runs, and their command lines."""
    size = f"--particles {nodes} --box-size {nodes * SPACING}"
    power = f"--power {ROOT / 'data' / 'linear_power.txt'}"
    found = []
    # Coarse and fine meshes distinguish the memory of particles from that of nodes.
    factors = (1, 2, 3) if nodes <= SMALL else (1, 2)
    for factor in factors:
        sizes = {"particles": nodes, "mesh": factor * nodes}
        line = f"generate-ics --seed 1 --mesh {factor * nodes} {size} {power} -o ics{factor}.h5"
        found.append(({"command": "generate-ics", **sizes}, line))
    runs = [(factor, 1, 3) for factor in factors] + [(1, 2, 10), (2, 1, 10)]
    for mesh_factor, force_factor, steps in runs:
        problem = {
            "command": "run-fastpm",
            "particles": nodes,
            "mesh": mesh_factor * nodes,
            "force_mesh_factor": force_factor,
            "steps": steps,
        }
        line = (
            f"run-fastpm ics{mesh_factor}.h5 --steps {steps} --redshift {REDSHIFT} -o particles.h5"
        )
        found.append((problem, f"{line} --force-mesh-factor {force_factor}"))
    sizes = {"particles": nodes, "mesh": 2 * nodes}
    for quantity in fit_sizes():
        fit = fit_path(quantity, REDSHIFT)
        line = f"paint particles.h5 --fit {fit} -o {quantity}.h5"
        found.append(({"command": f"paint {quantity}", **sizes}, line))
    line = "powerspec dark-matter.h5 --reference dark-matter.h5 -o spectrum.csv"
    found.append(({"command": "powerspec", **sizes}, line))
    # The additional cost of layers and simulations is the same over ranks.
    variants = [(2, 1), (1, 1), (0, 1), (2, 2)] if ranks == 1 else [(2, 1)]
    for quantity, size in fit_sizes().items():
        for layers, simulations in variants:
            inputs = "particles.h5 " * simulations + f"--target {quantity}.h5 " * simulations
            search = " ".join(f"--{name} {number}" for name, number in SEARCH.items())
            problem = {
                "command": size.stage,
                **sizes,
                **SEARCH,
                "layers": layers,
                "simulations": simulations,
            }
            line = f"fit {quantity} {inputs} {fit_options(quantity)} --layers {layers} {search}"
            found.append((problem, f"{line} -o {quantity}.json"))
    return found


def run(line: str, folder: str, ranks: int, precision: str) -> dict:
    """Wall-clock and processor seconds of a command, and the memory of its largest process."""
    command, *arguments = shlex.split(line)
    options = ["--quiet", "--force", "--threads", "1", "--precision", precision]
    words = [str(BINARIES / command), *arguments, *options]
    if ranks > 1:
        words = ["mpirun", "--oversubscribe", "-n", str(ranks), *words]
    start = time.perf_counter()
    process = subprocess.Popen(words, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{' '.join(words)}: exit status {process.returncode}")
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_memory": usage.ru_maxrss * 1024,
    }


@click.command()
@click.option("--mesh", "sides", multiple=True, type=int, default=(48, 80, 160), show_default=True)
@click.option("--ranks", "numbers", multiple=True, type=int, default=(1, 3), show_default=True)
@click.option(
    "--precision", default="single", show_default=True, type=click.Choice(["single", "double"])
)
@click.option("--repeats", default=1, show_default=True, help="The least of so many.")
def main(sides, numbers, precision, repeats):
    """Run every command at each size and number of ranks, particles per side given."""
    for nodes, ranks in itertools.product(sides, numbers):
        with tempfile.TemporaryDirectory() as folder:
            for problem, line in tasks(nodes, ranks):
                runs = [run(line, folder, ranks, precision) for _ in range(repeats)]
                least = {key: min(one[key] for one in runs) for key in runs[0]}
                found = {**problem, "ranks": ranks, "precision": precision, **least}
                click.echo(json.dumps(found))
                sys.stdout.flush()


if __name__ == "__main__":
    main()
