# SPDX-License-Identifier: GPL-3.0-or-later
"""How many layers a map needs: fits to the six halves of the training box, tested on the others.

Starts are made as the commands make them. From there the search, the best start and the best
evaluation are found on the half alone. The loss in the validation region is compared with that of
fits with another number of layers on the same half.
"""

import dataclasses
from pathlib import Path

import click
import numpy as np
from shipped import CONFIG, configured, refined

from jerald_tools.fitting.fit import Search, fit_parameters
from jerald_tools.fitting.folds import FOLDS
from jerald_tools.fitting.problem import Problem
from jerald_tools.fitting.problem_files import FitFiles, load_problems
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.fitting.search import starting_points
from jerald_tools.fitting.statistics_loss import loss_named
from jerald_tools.fitting.subsamples import HalfBoxes
from jerald_tools.mesh.ranks import world
from jerald_tools.quantities import NAMES


def validation_losses(problem: Problem, loss: Loss, layers: int, search: Search) -> np.ndarray:
    """The loss of the fit to each half, (6,)."""
    losses, on_half = [], dataclasses.replace(search, select_on="train")
    for number, fold in enumerate(FOLDS, 1):
        task = HalfBoxes(fold).task([problem], number, loss)
        fit = fit_parameters(task, starting_points(task, search, layers), on_half)
        losses.append(fit.best.losses.validation)
    return np.array(losses)


@click.command()
@click.argument("name", metavar="QUANTITY", type=click.Choice(NAMES))
@click.argument("redshift", type=float)
@click.option("--layers", "numbers", multiple=True, type=int, default=(1, 2), show_default=True)
@click.option("--smoothing", type=float)
@click.option("--starts", default=3, show_default=True)
@click.option("--evaluations", default=200, show_default=True)
@click.option("--results", default="results", type=Path, show_default=True, help="Of make demo.")
def main(name, redshift, numbers, smoothing, starts, evaluations, results):
    """Print the mean validation loss for each number of layers, and its change from the first."""
    simulation, quantity = results / "train_seed9281", refined(name, redshift)
    files = FitFiles(
        [f"{simulation}/particles_z{redshift:.2f}.h5"],
        [f"{simulation}/reference/{name}_z{redshift:.2f}.h5"],
        [
            (other, f"{results}/fits/{other}_z{redshift:.2f}.json")
            for other in CONFIG["prerequisites"].get(name, quantity.prerequisites)
        ],
    )
    (problem,) = load_problems(quantity, files, world())
    row = configured(name, redshift)
    loss = loss_named(row.get("loss", quantity.default_loss), quantity, smoothing)
    search = Search(evaluations=evaluations, starts=starts)
    first = None
    for layers in numbers:
        losses = validation_losses(problem, loss, layers, search)
        first = losses if first is None else first
        change = 100 * (losses / first - 1)
        error = change.std(ddof=1) / np.sqrt(len(change))
        click.echo(
            f"{name} z = {redshift:g}, {layers} layer(s): {losses.mean():.4f},"
            f" {change.mean():+.2f} +- {error:.2f} % over {numbers[0]}"
        )


if __name__ == "__main__":
    main()
