# SPDX-License-Identifier: GPL-3.0-or-later
"""run-fastpm: from initial conditions to particles at the requested redshifts."""

import click

from jerald_tools.cli.command import command
from jerald_tools.cli.options import second_order_option, verify_ranks_option
from jerald_tools.cli.stop_signals import stop_when_asked


@command(
    "run-fastpm",
    body="jerald_tools.stages.fastpm:run_fastpm",
    example="""
    run-fastpm ics.h5 --redshift 5 --redshift 2 --steps 10 -o particles_z{redshift}.h5
    """,
    engine="fastpm",
)
@click.argument("initial_conditions", metavar="ICS")
@click.option(
    "--redshift",
    "redshifts",
    type=float,
    multiple=True,
    required=True,
    help="Redshift of an output; may be repeated.",
)
@click.option("--steps", default=10, show_default=True, help="Steps of each run.")
@click.option(
    "--spacing",
    default="linear",
    show_default=True,
    help="Of the steps: linear or logarithmic in the scale factor.",
)
@click.option("--start-redshift", default=9.0, show_default=True, help="Where 2LPT hands over.")
@click.option(
    "--force-mesh-factor",
    default=1,
    show_default=True,
    help="Nodes of the force mesh per particle, along each axis.",
)
@click.option(
    "--single-run",
    is_flag=True,
    help="One run through all redshifts, with further steps where they cut one, instead of a run "
    "for each.",
)
@second_order_option
@verify_ranks_option
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="Keep the state after each step in FILE until all outputs are complete. From it the same "
    "command continues after an interruption, on any number of ranks; it keeps complete outputs.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="SWIFT file to write; {redshift} in it becomes 5.00, say.",
)
def main(checkpoint: str | None, **options) -> dict:
    """Move particles by 2LPT and FastPM from initial conditions to each redshift.

    Each redshift is a run of its own with all its steps, unless it is a single run. The lattice of
    particles and the cosmology are those of the initial conditions.
    """
    stop_when_asked(
        "the same command again, with --force to overwrite complete outputs, starts from the "
        "beginning; with --checkpoint it would continue"
        if checkpoint is None
        else "the same command again continues from there"
    )
    return {"checkpoint": checkpoint, **options}
