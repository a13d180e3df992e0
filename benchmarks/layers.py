# SPDX-License-Identifier: GPL-3.0-or-later
"""How many layers a map bears: fits to the six halves of the training box, judged on the others.

Starts are made as the commands make them; the search, the start and the evaluation that is kept
know the half alone. The loss in the validation region is held against that of fits with another
number of layers on the same half.
"""

from pathlib import Path

import click
import numpy as np
from jerald_tools.fitting.named_loss import loss_named
from jerald_tools.fitting.turned_box import HALVES, turned_mesh

from jerald_tools.fitting.ensemble import turned_simulation
from jerald_tools.fitting.fit import fit_parameters
from jerald_tools.fitting.problem import load_problems
from jerald_tools.fitting.search import starting_points

STANDS_ON = {
    "dark-matter": (),
    "stellar-mass": ("dark-matter",),
    "neutral-hydrogen": ("dark-matter", "stellar-mass"),
}


def validation_losses(problem, loss, layers: int, starts: int, evaluations: int) -> np.ndarray:
    """Of the fit to each half, (6,)."""
    how = {"optimiser": "bfgs", "evaluations": evaluations}
    losses = []
    for number, half in enumerate(HALVES, 1):
        turned = turned_mesh(problem.mesh, half)
        simulation = turned_simulation(turned, problem, half, number)
        task = (turned, problem.quantity, [simulation], loss)
        chosen = starting_points(*task, layers, starts, 1, **how)
        fit = fit_parameters(*task, chosen, judge="train", **how)
        losses.append(fit.best.losses.validation)
    return np.array(losses)


@click.command()
@click.argument("quantity", type=click.Choice(list(STANDS_ON)))
@click.argument("redshift", type=float)
@click.option("--layers", "numbers", multiple=True, type=int, default=(1, 2), show_default=True)
@click.option("--smoothing", type=float)
@click.option("--starts", default=3, show_default=True)
@click.option("--evaluations", default=200, show_default=True)
@click.option("--results", default="results", type=Path, show_default=True, help="Of make demo.")
def main(quantity, redshift, numbers, smoothing, starts, evaluations, results):
    """Print the mean validation loss for each number of layers, and how much the others differ."""
    simulation = results / "train_seed9281"
    below = {
        name: results / f"fits/{name}_z{redshift:.2f}.json" if name in STANDS_ON[quantity] else None
        for name in ("dark-matter", "stellar-mass")
    }
    (problem,) = load_problems(
        quantity,
        [simulation / f"particles_z{redshift:.2f}.h5"],
        [simulation / f"reference/{quantity}_z{redshift:.2f}.h5"],
        below,
    )
    loss = loss_named("statistics", quantity, smoothing)
    first = None
    for layers in numbers:
        losses = validation_losses(problem, loss, layers, starts, evaluations)
        first = losses if first is None else first
        change = 100 * (losses / first - 1)
        error = change.std(ddof=1) / np.sqrt(len(change))
        click.echo(
            f"{quantity} z = {redshift:g}, {layers} layer(s): {losses.mean():.4f},"
            f" {change.mean():+.2f} +- {error:.2f} % over {numbers[0]}"
        )


if __name__ == "__main__":
    main()
