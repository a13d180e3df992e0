# SPDX-License-Identifier: GPL-3.0-or-later
"""What fit-dm, fit-stellar and fit-hi share: options, and the way from files to a fit file."""

import logging

import click

from jerald_tools.cli.command import Run
from jerald_tools.cli.progress import progress

logger = logging.getLogger(__name__)

TRAINING_OPTIONS = (
    click.option("--target", metavar="FILE", required=True, help="Map to learn from."),
    click.option(
        "--layers",
        type=click.IntRange(min=0),
        default=2,
        show_default=True,
        help="Displacement layers.",
    ),
    click.option(
        "--smoothing",
        type=float,
        metavar="N",
        help="Weigh the residual's large scales by 1 + k^-N (equation (11)).  [default: not]",
    ),
    click.option(
        "--optimiser",
        type=click.Choice(["lbfgsb", "adam"]),
        default="lbfgsb",
        show_default=True,
        help="Bounded quasi-Newton, or Adam with the paper's schedule.",
    ),
    click.option(
        "--evaluations",
        type=click.IntRange(min=1),
        default=500,
        show_default=True,
        help="Most evaluations of loss and gradient from each start.",
    ),
    click.option(
        "--starts",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Starting points: the first, then random ones around it; the best one wins.",
    ),
    click.option(
        "--random-seed", type=int, default=1, show_default=True, help="Seed of the random starts."
    ),
    click.option(
        "--start", metavar="FIT", help="Start from this fit's parameters instead of the default."
    ),
    click.option("-o", "--output", metavar="FILE", required=True, help="Fit to write (JSON)."),
)


def training_options(function):
    """Add the options that every fit has to a command."""
    for option in reversed(TRAINING_OPTIONS):
        function = option(function)
    return function


def run_fit(
    run: Run,
    quantity: str,
    particles: str,
    target: str,
    output: str,
    *,
    layers: int,
    smoothing: float | None,
    optimiser: str,
    evaluations: int,
    starts: int,
    random_seed: int,
    start: str | None,
    dm: str | None = None,
    stellar: str | None = None,
    shift: float = 0.0,
) -> None:
    """Load, fit, measure and write.

    Raises:
        BadInput: on every rank, if the files or options do not go together.
        RunFailed: on every rank, if no start leads to a map.
    """
    from jerald_tools.cli.provenance import provenance_of
    from jerald_tools.files.atomic import check_target
    from jerald_tools.files.fits import write_fit
    from jerald_tools.mesh.ranks import on_root, world
    from jerald_tools.training.fit import fit_parameters
    from jerald_tools.training.fit_document import fit_document
    from jerald_tools.training.losses import paper_loss
    from jerald_tools.training.problem import load_problem
    from jerald_tools.training.quality import map_quality
    from jerald_tools.training.starts import choose_starts
    from jerald_tools.training.warm_start import start_from_fit

    ranks = world()
    on_root(ranks, check_target, output, run.force)
    given = start and [on_root(ranks, start_from_fit, start, quantity, layers)]
    with run.stages.stage("reading"):
        problem = load_problem(
            quantity,
            particles,
            target,
            {"dark-matter": dm, "stellar-mass": stellar},
            run.precision,
        )
    mesh, loss = problem.mesh, paper_loss(quantity, smoothing)
    chosen = choose_starts(quantity, layers, starts, random_seed, given)
    with (
        run.stages.stage("training"),
        progress(evaluations * len(chosen), f"fit of {quantity}") as advance,
    ):
        done = 0

        def report(name, number, losses):
            nonlocal done
            done += 1
            note = f"{name}: train {losses.train:.5g}, validation {losses.validation:.5g}"
            advance(done, note)

        fit = fit_parameters(
            mesh,
            quantity,
            problem.inputs,
            problem.target,
            loss,
            chosen,
            optimiser,
            evaluations,
            shift,
            report,
        )
    with run.stages.stage("measuring"):
        quality = map_quality(mesh, fit.predicted, problem.target)

    how = {"name": optimiser, "evaluations": evaluations, "random_seed": random_seed}
    content = fit_document(
        quantity,
        problem.setting,
        problem.target_info,
        loss,
        fit,
        how,
        shift,
        problem.stands_on,
        quality,
    )
    files = [path for path in (particles, target, dm, stellar, start) if path is not None]
    content["provenance"] = provenance_of(run, mesh, files).as_dict()
    on_root(ranks, write_fit, output, content, run.force)
    logger.info(
        "%s: %s from %s, loss train %.5g, validation %.5g, test %.5g",
        output,
        quantity,
        fit.best.start.name,
        *fit.best.losses,
    )
