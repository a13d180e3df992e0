# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluations that each optimiser needs to reach the loss of 500 Adam steps, on the reference."""

import json
import os
import tempfile
import time
from collections.abc import Sequence

import click
import jax
import jax.numpy as jnp
from shipped import ROOT, configured, fitted_quantities, prerequisites, refined

from jerald_tools.cli.initial_conditions import generate_ics
from jerald_tools.cli.run_fastpm import main as run_fastpm
from jerald_tools.fitting.fit import Fit, Search, fit_parameters
from jerald_tools.fitting.gauss_newton import make_sampled_residual
from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.problem import Task
from jerald_tools.fitting.problem_files import FitFiles, load_problems
from jerald_tools.fitting.residual_loss import paper_loss
from jerald_tools.fitting.search import find_starts
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.mesh.ranks import world
from jerald_tools.model.layer_starts import Start
from jerald_tools.quantities import NAMES

# One core, unless asked otherwise: XLA, FFTW and BLAS read these on import.
for variable in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


ADAM_STEPS = 500
REDSHIFTS = (5, 3, 2)


class Measured:
    """The fit of one map of the reference on the shipped fits, and the cost of its evaluations."""

    def __init__(self, name: str, redshift: int, folder: str):
        self.quantity = refined(name, redshift)
        row = configured(name, redshift)
        self.layers, loss = row["layers"], paper_loss(self.quantity, row["smoothing"])
        files = FitFiles(
            [f"{folder}/particles_z{redshift:.2f}.h5"],
            [f"{ROOT}/data/reference/train_seed9281/{name}_z{redshift:.2f}.h5"],
            prerequisites(name, redshift),
        )
        (problem,) = load_problems(self.quantity, files, world())
        self.task = Task(problem.mesh, self.quantity, [problem.simulation], loss)
        self.seconds, self.map_cost = self._costs(self.layers)
        without, map_without = self._costs(0)
        self.cost_without_layers = without / self.seconds
        self.map_cost_without_layers = map_without * without / self.seconds

    def original_start(self) -> Start:
        """The original code's starting point."""
        return Start("original", self.quantity.original_parameters(self.layers))

    def _costs(self, layers: int) -> tuple[float, float]:
        """CPU seconds of one evaluation, and the cost of one map of the residual over it."""
        task, (simulation,) = self.task, self.task.simulations
        vector = jnp.asarray(ravel_parameters(self.quantity.original_parameters(layers)))
        seconds = []
        for make in (make_evaluate, make_sampled_residual):
            function = make(task.mesh, task.quantity, task.loss, layers)
            times = []
            for _ in range(20):
                start = time.process_time()
                jax.block_until_ready(function(vector, simulation.inputs, simulation.target))
                times.append(time.process_time() - start)
            seconds.append(min(times))
        return seconds[0], seconds[1] / seconds[0]

    def fit(self, starts: Sequence[Start], optimiser: str, evaluations: int) -> Fit:
        """Fit the map from these starts."""
        search = Search(optimiser=optimiser, evaluations=evaluations)
        return fit_parameters(self.task, starts, search)

    def as_the_commands_do(self, starts: int, seed: int, evaluations: int) -> tuple[Fit, float]:
        """The default optimiser from the default starts, and the cost before its first layer."""
        search = Search(evaluations=evaluations, starts=starts, random_seed=seed)
        chosen, alone = find_starts(self.task, search, self.layers)
        spent = sum(
            len(tried.history) * self.cost_without_layers
            + tried.curvature_maps * self.map_cost_without_layers
            for fit in alone
            for tried in fit.tried
        )
        return fit_parameters(self.task, chosen, search), spent

    def row(self, fit: Fit, level: float, spent: float = 0.0) -> dict:
        """The cost of a fit until it reached a validation loss, and where it ended.

        All maps of a start's curvature count as made before that.
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


def compare(measured: Measured, starts: int, seed: int, evaluations: int) -> dict:
    """Adam, L-BFGS-B and the default on one map."""
    original = [measured.original_start()]
    adam = measured.fit(original, "adam", ADAM_STEPS)
    level = adam.best.losses.validation
    fit, spent = measured.as_the_commands_do(starts, seed, evaluations)
    return {
        "adam": measured.row(adam, level),
        "lbfgsb": measured.row(measured.fit(original, "lbfgsb", ADAM_STEPS), level),
        "default": measured.row(fit, level, spent),
        "seconds_per_evaluation": measured.seconds,
        "cost_of_a_map": measured.map_cost,
        "cost_without_layers": measured.cost_without_layers,
        "spent_without_layers": spent,
    }


def make_particles(folder: str) -> None:
    """The reference's particles, as the commands make them."""
    ics = f"{folder}/ics.h5"
    power = str(ROOT / "data/linear_power.txt")
    size = ["--seed", "9281", "--mesh", "192", "--particles", "96", "--box-size", "20"]
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
@click.option("--quantity", type=click.Choice(NAMES), multiple=True, default=fitted_quantities())
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
                measured = Measured(each, redshift, folder)
                rows = compare(measured, starts, random_seed, evaluations)
                name = f"{each} z = {redshift}"
                click.echo(json.dumps({"map": name, **rows}) if as_json else line(name, rows))


if __name__ == "__main__":
    main()
