# SPDX-License-Identifier: GPL-3.0-or-later
"""What fit-dm, fit-stellar and fit-hi share: options, and the way from files to a fit file."""

import logging
import math
from collections.abc import Sequence

import click

from jerald_tools.cli.options import accept_edited_option, verify_ranks_option
from jerald_tools.cli.stop_signals import stop_when_asked
from jerald_tools.errors import BadInput
from jerald_tools.fitting.losses import DEFAULTS, NAMES
from jerald_tools.stages.run import Run

logger = logging.getLogger(__name__)

TRAINING_OPTIONS = (
    click.argument("particles", nargs=-1, required=True),
    click.option(
        "--target",
        "targets",
        metavar="FILE",
        multiple=True,
        required=True,
        help="Map to learn from, once for each PARTICLES, in the same order.",
    ),
    click.option(
        "--layers",
        type=click.IntRange(min=0),
        default=2,
        show_default=True,
        help="Displacement layers.",
    ),
    click.option(
        "--loss",
        "loss_name",
        type=click.Choice(NAMES),
        help="What is minimised: the paper's residual; with it the errors of mean, power and "
        "correlation; with the one-point distribution too; or all these with residuals of the "
        "logarithm.  [default: statistics]",
    ),
    click.option(
        "--smoothing",
        type=float,
        metavar="N",
        help="Weigh the residual's large scales by 1 + k^-N (equation (11)).  [default: not]",
    ),
    click.option(
        "--optimiser",
        type=click.Choice(["bfgs", "lbfgsb", "adam"]),
        default="bfgs",
        show_default=True,
        help="BFGS for losses with kinks, preconditioned by Gauss and Newton; SciPy's L-BFGS-B; or "
        "Adam with the paper's schedule.",
    ),
    click.option(
        "--evaluations",
        type=click.IntRange(min=1),
        default=200,
        show_default=True,
        help="Most evaluations of loss and gradient from each start.",
    ),
    click.option(
        "--starts",
        type=click.IntRange(min=1),
        default=4,
        show_default=True,
        help="Starting points; the best one wins. Stars and hydrogen fit the transform alone "
        "first, from as many.",
    ),
    click.option(
        "--random-seed",
        type=click.IntRange(min=0),
        default=1,
        show_default=True,
        help="Seed of the random starts.",
    ),
    click.option(
        "--start", metavar="FIT", help="Start from this fit's parameters, then random ones near."
    ),
    click.option(
        "--redshift-order",
        "order",
        type=click.IntRange(min=0),
        metavar="N",
        help="Fit PARTICLES of several redshifts together: every parameter is a polynomial of this "
        "order in the scale factor, and the fit paints at any redshift between.",
    ),
    click.option(
        "--members",
        type=click.IntRange(2, 6),
        help="Fit so many halves of the box besides, from where the best starts ended: how sure "
        "the fit is, for paint --members.  [default: none]",
    ),
    accept_edited_option,
    verify_ranks_option,
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="Fit to write (JSON). Until it is whole, FILE.journal lies beside it, from which the "
        "same command goes on after an interruption, on any number of ranks.",
    ),
)


def training_options(function):
    """Add the options that every fit has to a command."""
    for option in reversed(TRAINING_OPTIONS):
        function = option(function)
    return function


def fit_arguments(quantity: str, options: dict) -> dict:
    """The arguments of :func:`run_fit` for one quantity."""
    stop_when_asked("the same command again goes on from there")
    return {"quantity": quantity, **options}


def run_fit(
    run: Run,
    quantity: str,
    particles: Sequence[str],
    targets: Sequence[str],
    output: str,
    *,
    layers: int,
    loss_name: str | None,
    smoothing: float | None,
    optimiser: str,
    evaluations: int,
    starts: int,
    random_seed: int,
    start: str | None,
    order: int | None,
    members: int | None,
    accept_edited: bool = False,
    verify_ranks: bool = False,
    dm: str | None = None,
    stellar: str | None = None,
    shift: float = 0.0,
) -> None:
    """Load, fit, measure and write.

    Raises:
        click.UsageError: if there are not as many targets as particle files.
        BadInput: on every rank, if the files or options do not go together.
        RunFailed: on every rank, if no start leads to a map.
    """
    from jerald_tools.fitting.ensemble import fit_ensemble
    from jerald_tools.fitting.fit import fit_parameters
    from jerald_tools.fitting.fit_document import fit_document
    from jerald_tools.fitting.journal import is_journal_of, journal_in
    from jerald_tools.fitting.named_loss import loss_named
    from jerald_tools.fitting.problem import load_problems
    from jerald_tools.fitting.quality import map_quality
    from jerald_tools.fitting.search import start_from_fit, starting_points
    from jerald_tools.fitting.verify_evaluation import verify_evaluation
    from jerald_tools.io.atomic import check_target
    from jerald_tools.io.fits import write_fit
    from jerald_tools.mesh.ranks import on_root, world
    from jerald_tools.model.evolution import parameters_at
    from jerald_tools.stages.outputs import refuse_inputs
    from jerald_tools.stages.progress import progress
    from jerald_tools.stages.provenance import provenance_of
    from jerald_tools.stages.run_identity import run_identity

    if len(particles) != len(targets):
        raise click.UsageError(
            f"{len(particles)} PARTICLES and {len(targets)} --target: give one for each"
        )
    _check_numbers(smoothing, shift)
    files = [*particles, *targets, *(path for path in (dm, stellar, start) if path is not None)]
    refuse_inputs([output], files)
    loss_name = loss_name or DEFAULTS[quantity]
    loss = loss_named(loss_name, quantity, smoothing)
    ranks = world()
    warm = start and on_root(ranks, start_from_fit, start, quantity, layers, accept_edited)
    below = {"dark-matter": dm, "stellar-mass": stellar}
    with run.stopwatch.stage("reading"):
        problems = load_problems(
            quantity, particles, targets, below, run.precision, order, accept_edited
        )
    mesh = problems[0].mesh
    simulations = [problem.simulation for problem in problems]
    task = (mesh, quantity, simulations, loss)
    how = {"optimiser": optimiser, "evaluations": evaluations, "shift": shift}
    options = {
        **{"quantity": quantity, "particles": particles, "targets": targets, "dm": dm},
        **{"stellar": stellar, "layers": layers, "loss_name": loss_name, "smoothing": smoothing},
        **{"optimiser": optimiser, "evaluations": evaluations, "starts": starts, "start": start},
        **{"random_seed": random_seed, "order": order, "members": members, "shift": shift},
        **{"accept_edited": accept_edited, "precision": run.precision},
    }
    identity = on_root(ranks, run_identity, "fit", options, files)
    journal_path = f"{output}.journal"
    # Beside its own journal, an output is what an interruption at the very end of this fit left.
    force = run.force or on_root(ranks, is_journal_of, journal_path, identity)
    on_root(ranks, check_target, output, force)
    ensemble = None
    with journal_in(journal_path, ranks, identity, run.force) as journal:
        with run.stopwatch.stage("training"):
            chosen = starting_points(
                *task, layers, starts, random_seed, warm, order, **how, journal=journal
            )
            if verify_ranks:
                first = parameters_at(chosen[0].parameters, simulations[0].redshift)
                run.record_verification(verify_evaluation(problems[0], loss, first, shift))
            with progress(evaluations * len(chosen), f"fit of {quantity}") as advance:
                report = _Reporter(advance)
                fit = fit_parameters(*task, chosen, **how, on_evaluation=report, journal=journal)
        if members is not None:
            with run.stopwatch.stage("ensemble"):
                ensemble = fit_ensemble(problems, loss, fit, members, **how, journal=journal)
    with run.stopwatch.stage("measuring"):
        qualities = [
            map_quality(mesh, predicted, simulation.target)
            for predicted, simulation in zip(fit.predicted, simulations, strict=True)
        ]

    made_by = {**how, "starts": starts, "random_seed": random_seed}
    content = fit_document(problems, loss_name, loss, fit, made_by, qualities, ensemble)
    content["provenance"] = provenance_of(run, mesh, files).as_dict()
    on_root(ranks, write_fit, output, content, force)
    journal.remove()
    logger.info(
        "%s: %s from start %r, loss train %.5g, validation %.5g, test %.5g",
        output,
        quantity,
        fit.best.start.name,
        *fit.best.losses,
    )


def _check_numbers(smoothing: float | None, shift: float) -> None:
    if smoothing is not None and not 0 < smoothing < math.inf:
        raise BadInput(f"--smoothing {smoothing:g}: give a positive number, the paper's 1 or 0.7")
    if not math.isfinite(shift):
        raise BadInput(f"--shift {shift:g}: give a finite number")


class _Reporter:
    """Turns evaluations into progress over all starts."""

    def __init__(self, advance):
        self.advance, self.done = advance, 0

    def __call__(self, start_name, number, losses):
        self.done += 1
        self.advance(
            self.done,
            f"{start_name}: train {losses.train:.5g}, validation {losses.validation:.5g}",
        )
