# SPDX-License-Identifier: GPL-3.0-or-later
"""fit, fit-dm, fit-stellar and fit-hi: learn to paint a quantity on the particles of run-fastpm."""

from collections.abc import Callable

import click

from jerald_tools.cli.command import command
from jerald_tools.cli.options import accept_edited_option, verify_ranks_option
from jerald_tools.cli.stop_signals import stop_when_asked
from jerald_tools.fitting import BOXES, LOSSES, OPTIMISERS
from jerald_tools.quantities import NAMES

STAGE = "jerald_tools.stages.fit:fit"


class Members(click.ParamType):
    """A number of halves, or the word for boxes left out."""

    name = "members"

    def convert(self, value, param, ctx) -> int | str:
        """Raises a usage error for anything else."""
        if value == BOXES:
            return value
        return click.IntRange(2, 6).convert(value, param, ctx)


FIT_OPTIONS = (
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
        "--refine",
        type=click.IntRange(min=1),
        metavar="R",
        default=1,
        show_default=True,
        help="Nodes of the model's mesh per node of the map, along each axis: density, layers and "
        "transform act there, and the map has their means. Not for dark matter.",
    ),
    click.option(
        "--loss",
        "loss_name",
        type=click.Choice(LOSSES),
        help="What is minimised: the paper's residual; with it the errors of mean, power and "
        "correlation; with the one-point distribution too; all these with residuals of the "
        "logarithm; mean, power, correlation and residual of maps whose densest cells are "
        "compressed; or the same of the flux through hydrogen.  [default: statistics]",
    ),
    click.option(
        "--mean-flux",
        type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
        metavar="F",
        help="Of the targets, for --loss flux, whose optical depth is scaled to it.",
    ),
    click.option(
        "--smoothing",
        type=float,
        metavar="N",
        help="Weight the residual's large scales by 1 + k^-N (equation (11)).  [default: no "
        "weight]",
    ),
    click.option(
        "--spectrum",
        type=float,
        metavar="W",
        help="Weight of the error of the power in the loss.  [default: 1 for residuals squared, "
        "0.3 for others]",
    ),
    click.option(
        "--optimiser",
        type=click.Choice(OPTIMISERS),
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
        help="Starting points; the best one wins. A quantity with a transform fits the transform "
        "alone first, from as many.",
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
        help="Fit PARTICLES of several redshifts together: amplitudes, thresholds and exponents "
        "are polynomials of this order, of the scale factor or the growth of structure, all else "
        "is the same at every redshift, and the fit paints at any redshift between.",
    ),
    click.option(
        "--members",
        type=Members(),
        metavar="N|boxes",
        help="The uncertainty of the fit, for paint --members: also fit without the boxes of each "
        "seed in turn, or N halves of the boxes, 2 to 6, which is all that the boxes of one seed "
        "allow. Members begin where the best starts began.  [default: none]",
    ),
    click.option(
        "--allow-mismatch",
        is_flag=True,
        help="Fit a target that does not follow its particles: one whose modes up to four times "
        "the fundamental wavenumber correlate with their density by less than 0.5.",
    ),
    accept_edited_option,
    verify_ranks_option,
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="Fit to write (JSON). Until it is complete, FILE.journal lies beside it, from which "
        "the same command resumes after an interruption, on any number of ranks.",
    ),
)


def fit_options(function: Callable[..., dict]) -> Callable[..., dict]:
    """Add the options that every fit has to a command."""
    for option in reversed(FIT_OPTIONS):
        function = option(function)
    return function


def prerequisite_option(flag: str, quantity: str, **details) -> Callable:
    """An option for the fit of a prerequisite, collected as (quantity, path)."""
    return click.option(
        flag,
        f"fit_of_{quantity.replace('-', '_')}",
        metavar="FIT",
        callback=lambda context, parameter, path: [(quantity, path)] if path else [],
        **details,
    )


dark_matter_option = prerequisite_option(
    "--dm", "dark-matter", help="Fit whose layers move the particles first."
)


def stage_options(
    quantity: str, prerequisites: list, refine: int, constants: dict | None = None, **options
) -> dict:
    """The options of the stage, which resumes when it was stopped."""
    stop_when_asked("the same command again resumes from there")
    constants = {**(constants or {}), **({"refine": refine} if refine > 1 else {})}
    return {
        "quantity": quantity,
        "prerequisites": tuple(prerequisites),
        "constants": constants,
        **options,
    }


@command(
    "fit",
    body=STAGE,
    example="""
    fit gas particles_z2.00.h5 --target gas_z2.00.h5 --prerequisite dm.json -o gas.json
    """,
)
@click.argument("quantity", type=click.Choice(NAMES))
@click.option(
    "--prerequisite",
    "fits",
    metavar="FIT",
    multiple=True,
    help="Fit of a quantity that this one builds on; once for each.",
)
@click.option(
    "--constant",
    "constants",
    metavar="NAME=VALUE",
    multiple=True,
    help="Constant of the quantity's model that is not trained, as shift=0.1.",
)
@fit_options
def fit(quantity, fits, constants, **options) -> dict:
    """Fit the model of any QUANTITY to maps of it.

    PARTICLES are files of run-fastpm at the target's redshift, one for each simulation.
    """
    prerequisites = [(None, path) for path in fits]
    values = dict(map(_constant, constants))
    return stage_options(quantity, prerequisites, constants=values, **options)


@command(
    "fit-dm",
    body=STAGE,
    example="""
    fit-dm particles_z2.00.h5 --target dark-matter_z2.00.h5 --layers 2 -o dm.json
    """,
)
@fit_options
def fit_dm(**options) -> dict:
    """Fit the dark-matter layers (equations (1)-(3), (7)) to a reference's density.

    PARTICLES are files of run-fastpm at the target's redshift, one for each simulation.
    """
    return stage_options("dark-matter", [], **options)


@command(
    "fit-stellar",
    body=STAGE,
    example="""
    fit-stellar particles_z2.00.h5 --target stars.h5 --dm dm.json --smoothing 1 -o stellar.json
    """,
)
@dark_matter_option
@click.option(
    "--environment",
    is_flag=True,
    help="Let the density around a cell, smoothed by a Gaussian, enter the power law too.",
)
@fit_options
def fit_stellar(fit_of_dark_matter, environment, **options) -> dict:
    """Fit layers and transform of the stellar mass (equations (6), (8)).

    PARTICLES are files of run-fastpm at the target's redshift, one for each simulation.
    """
    constants = {"environment": 1} if environment else {}
    return stage_options("stellar-mass", fit_of_dark_matter, constants=constants, **options)


@command(
    "fit-hi",
    body=STAGE,
    example="""
    fit-hi particles_z2.00.h5 --target hi.h5 --dm dm.json --stellar stellar.json -o hi.json
    """,
)
@dark_matter_option
@prerequisite_option(
    "--stellar",
    "stellar-mass",
    required=True,
    help="Fit whose stars displace and deplete the gas.",
)
@click.option(
    "--shift",
    type=float,
    default=0.0,
    show_default=True,
    help="Constant added to 1 + d before the power of equation (13), not trained.",
)
@fit_options
def fit_hi(fit_of_dark_matter, fit_of_stellar_mass, shift, **options) -> dict:
    """Fit layers, transform and depletion of neutral hydrogen (equations (12)-(15)).

    PARTICLES are files of run-fastpm at the target's redshift, one for each simulation.
    """
    prerequisites = [*fit_of_dark_matter, *fit_of_stellar_mass]
    constants = {"shift": shift}
    return stage_options("neutral-hydrogen", prerequisites, constants=constants, **options)


def _constant(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise click.UsageError(f"--constant {text}: give NAME=VALUE, as shift=0.1") from error
