# SPDX-License-Identifier: GPL-3.0-or-later
"""From a seed to three maps with the shipped fits, by the commands: time by stage, start included.

With --rows, that many seeds through the workflow instead.
"""

import copy
import os
import pathlib
import resource
import shlex
import subprocess
import sys
import tempfile
import time

import click
import yaml
from shipped import CONFIG, ROOT, SPACING, fit_path, fitted_quantities

QUANTITIES = fitted_quantities()


def commands(nodes: int, seed: int) -> dict[str, list[str]]:
    """The command line of each stage, in the order in which they run."""
    box_size, power = nodes * SPACING, ROOT / "data" / "linear_power.txt"
    lines = {
        "initial conditions": f"generate-ics --seed {seed} --mesh {2 * nodes} --particles {nodes}"
        f" --box-size {box_size} --power {power} -o ics.h5",
        "FastPM": "run-fastpm ics.h5 --redshift 2 -o particles.h5",
    }
    for quantity in QUANTITIES:
        lines[quantity] = f"paint particles.h5 --fit {fit_path(quantity, 2)} -o {quantity}.h5"
    return {stage: shlex.split(line) for stage, line in lines.items()}


def run(command: list[str], folder: pathlib.Path, environment: dict) -> tuple[float, float]:
    """Wall-clock and processor seconds of a command and its children."""
    executable = pathlib.Path(sys.executable).with_name(command[0])
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([executable, *command[1:]], cwd=folder, env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def one_universe(nodes: int, threads: int) -> None:
    """Print a table: each stage as it is, and with JAX's cache of compiled programs filled."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        cached = {
            "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }
        options = ["--quiet", "--force", "--threads", str(threads)]

        def measure(environment: dict) -> list[tuple[float, float]]:
            stages = commands(nodes, seed=1).values()
            return [run(command + options, folder, os.environ | environment) for command in stages]

        measure(cached)  # fills the cache, and FFTW's wisdom
        columns = [measure({}), measure(cached)]
    click.echo(
        f"{nodes}^3, {threads} thread(s)   as it is: wall, CPU [s]   compiled before: wall, CPU"
    )
    names = [*commands(nodes, 1), "in all"]
    rows = [[*column, tuple(map(sum, zip(*column, strict=True)))] for column in columns]
    for name, plain, compiled in zip(names, *rows, strict=True):
        click.echo(f"{name:20}" + "".join(f"{seconds:12.2f}" for seconds in (*plain, *compiled)))


def many_universes(rows: int, cores: int) -> None:
    """Print the time that the workflow takes for so many seeds at z = 2 with the shipped fits."""
    config = copy.deepcopy(CONFIG)
    train = next(row for row in config["simulations"] if row["role"] == "train")
    seeds = [
        {"name": f"seed{seed}", "seed": seed, "role": "predict", "redshifts": [2]}
        for seed in range(1, rows + 1)
    ]
    config["simulations"] = [{**train, "reference": str(ROOT / train["reference"])}, *seeds]
    config["fits"] = [
        {"quantity": quantity, "redshift": 2, "fit": str(fit_path(quantity, 2))}
        for quantity in QUANTITIES
    ]
    config["optimisation"]["members"] = 0
    config["initial_conditions"]["linear_power"] = str(ROOT / "data" / "linear_power.txt")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        maps = [
            f"results/{row['name']}/maps/{quantity}_z2.00.h5"
            for row in seeds
            for quantity in QUANTITIES
        ]
        command = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", str(cores)]
        command += ["--quiet", "all", "--configfile", "config.yaml", "--", *maps]
        binaries = pathlib.Path(sys.executable).parent
        environment = os.environ | {"PATH": f"{binaries}:{os.environ['PATH']}"}
        wall, cpu = run(command, folder, environment)
    click.echo(f"{rows} rows on {cores} cores: {wall:.0f} s, {wall / rows:.2f} s a universe")
    click.echo(f"processor time: {cpu:.0f} s, {cpu / rows:.2f} s a universe")


@click.command()
@click.option("--particles", "nodes", default=96, show_default=True, help="Along each side.")
@click.option("--threads", default=1, show_default=True)
@click.option("--rows", default=0, help="Through the workflow, so many seeds.")
@click.option("--cores", default=2, show_default=True, help="For the workflow.")
def main(nodes, threads, rows, cores):
    """Time one universe by stage, or many through the workflow."""
    if rows:
        many_universes(rows, cores)
    else:
        one_universe(nodes, threads)


if __name__ == "__main__":
    main()
