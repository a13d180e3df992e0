# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluations that each optimiser needs to reach the loss of 500 Adam steps, on the reference."""

import json
import os
import tempfile
import time
from pathlib import Path

import click
import jax
import jax.numpy as jnp
import yaml
from jerald_tools.fitting.starts import original_start
from jerald_tools.model.chain import QUANTITIES

from jerald_tools.cli.initial_conditions import generate_ics
from jerald_tools.cli.run_fastpm import main as run_fastpm
from jerald_tools.fitting.fit import Fit, fit_parameters
from jerald_tools.fitting.losses import paper_loss
from jerald_tools.fitting.objective import make_evaluate, make_sampled_residual
from jerald_tools.fitting.problem import load_problems
from jerald_tools.fitting.search import find_starts
from jerald_tools.fitting.search_space import ravel_parameters

# One core, unless asked otherwise: XLA, FFTW and BLAS read these on import.
for variable in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


ROOT = Path(__file__).resolve().parents[1]
ADAM_STEPS = 500
REDSHIFTS = (5, 3, 2)


class Task:
    """One map of the reference, standing on the shipped fits, and what its evaluations cost."""

    def __init__(self, quantity: str, redshift: int, folder: str):
        rows = yaml.safe_load((ROOT / "config.yaml").read_text())["fits"]
        wanted = {"quantity": quantity, "redshift": redshift}
        row = next(row for row in rows if wanted.items() <= row.items())
        fits = {
            "stellar-mass": ["dark-matter"],
            "neutral-hydrogen": ["dark-matter", "stellar-mass"],
        }.get(quantity, [])
        self.quantity, self.layers = quantity, row["layers"]
        (self.problem,) = load_problems(
            quantity,
            [f"{folder}/particles_z{redshift:.2f}.h5"],
            [ROOT / f"data/reference/train_seed9281/{quantity}_z{redshift:.2f}.h5"],
            {below: ROOT / f"data/fits/{below}_z{redshift:.2f}.json" for below in fits},
        )
        self.loss = paper_loss(quantity, row["smoothing"])
        problem = self.problem
        self.arguments = (problem.mesh, quantity, [problem.simulation], self.loss)
        self.seconds, self.map_cost = self._costs(self.layers)
        without, map_without = self._costs(0)
        self.cost_without_layers = without / self.seconds
        self.map_cost_without_layers = map_without * without / self.seconds

    def _costs(self, layers: int) -> tuple[float, float]:
        """CPU seconds of one evaluation, and the part of it that one map of the residual takes."""
        problem, parameters = self.problem, original_start(self.quantity, layers).parameters
        vector = jnp.asarray(ravel_parameters(parameters))
        seconds = []
        for make in (make_evaluate, make_sampled_residual):
            function = make(problem.mesh, self.quantity, self.loss, parameters)
            times = []
            for _ in range(20):
                start = time.process_time()
                jax.block_until_ready(
                    function(vector, problem.simulation.inputs, problem.simulation.target)
                )
                times.append(time.process_time() - start)
            seconds.append(min(times))
        return seconds[0], seconds[1] / seconds[0]

    def fit(self, starts, optimiser: str, evaluations: int) -> Fit:
        """Fit the map from these starts."""
        return fit_parameters(*self.arguments, starts, optimiser, evaluations)

    def as_the_commands_do(self, starts: int, seed: int, evaluations: int) -> tuple[Fit, float]:
        """The default optimiser from the default starts, and what came before its first layer."""
        chosen, alone = find_starts(
            *self.arguments, self.layers, starts, seed, evaluations=evaluations
        )
        spent = sum(
            len(tried.history) * self.cost_without_layers
            + tried.curvature_maps * self.map_cost_without_layers
            for fit in alone
            for tried in fit.tried
        )
        return self.fit(chosen, "bfgs", evaluations), spent

    def row(self, fit: Fit, level: float, spent: float = 0.0) -> dict:
        """What a fit took to come to a validation loss, and where it ended.

        All maps of a start's curvature count as made before it came there.
        """
        reached, total = None, spent
        for tried in fit.tried:
            total += tried.curvature_maps * self.map_cost
            below = [losses.validation <= level for losses in tried.history]
            if reached is None and True in below:
                reached = total + below.index(True) + 1
            total += len(tried.history)
        return {
            "evaluations": reached,
            "seconds": reached and reached * self.seconds,
            "validation": fit.best.losses.validation,
            "train": fit.best.losses.train,
            "by_start": {tried.start.name: tried.losses.validation for tried in fit.tried},
            "evaluations_in_all": total,
        }


def compare(task: Task, starts: int, seed: int, evaluations: int) -> dict:
    """Adam, L-BFGS-B and the default on one map."""
    original = [original_start(task.quantity, task.layers)]
    adam = task.fit(original, "adam", ADAM_STEPS)
    level = adam.best.losses.validation
    fit, spent = task.as_the_commands_do(starts, seed, evaluations)
    return {
        "adam": task.row(adam, level),
        "lbfgsb": task.row(task.fit(original, "lbfgsb", ADAM_STEPS), level),
        "default": task.row(fit, level, spent),
        "seconds_per_evaluation": task.seconds,
        "cost_of_a_map": task.map_cost,
        "cost_without_layers": task.cost_without_layers,
        "spent_without_layers": spent,
    }


def make_particles(folder: str) -> None:
    """The reference's particles, as the commands make them."""
    ics = f"{folder}/ics.h5"
    power = str(ROOT / "data/linear_power.txt")
    size = ["--seed", "9281", "--mesh", "96", "--particles", "48", "--box-size", "20"]
    redshifts = [text for redshift in REDSHIFTS for text in ("--redshift", str(redshift))]
    for command, arguments in (
        (generate_ics, [*size, "--power", power, "-o", ics]),
        (run_fastpm, [ics, *redshifts, "-o", f"{folder}/particles_z{{redshift}}.h5"]),
    ):
        command.main([*arguments, "-q"], standalone_mode=False)


def line(name: str, rows: dict) -> str:
    """One row of the table."""

    def number(value, digits):
        return "missed" if value is None else f"{value:.{digits}f}"

    adam, default = rows["adam"], rows["default"]
    cells = [name, f"{adam['validation']:.4f}", number(adam["evaluations"], 0)]
    for row in (rows["lbfgsb"], default):
        cells += [number(row["evaluations"], 0), f"{row['validation']:.4f}"]
    cells += [number(default["seconds"], 2), f"{default['evaluations_in_all']:.0f}"]
    return "| " + " | ".join(cells) + " |"


@click.command()
@click.option("--quantity", type=click.Choice(QUANTITIES), multiple=True, default=QUANTITIES)
@click.option("--redshift", "redshifts", type=int, multiple=True, default=REDSHIFTS)
@click.option("--starts", default=4, show_default=True)
@click.option("--random-seed", default=1, show_default=True)
@click.option("--evaluations", default=200, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON line a map instead of the table.")
def main(quantity, redshifts, starts, random_seed, evaluations, as_json):
    """Print a table, one row a map of the reference."""
    with tempfile.TemporaryDirectory() as folder:
        make_particles(folder)
        if not as_json:
            columns = "Adam, at step, L-BFGS-B, ends at, default, ends at, seconds, in all"
            click.echo("| map | " + columns.replace(", ", " | ") + " |")
            click.echo("| --- |" + " --: |" * 8)
        for each in quantity:
            for redshift in redshifts:
                rows = compare(Task(each, redshift, folder), starts, random_seed, evaluations)
                name = f"{each} z = {redshift}"
                click.echo(json.dumps({"map": name, **rows}) if as_json else line(name, rows))


if __name__ == "__main__":
    main()
