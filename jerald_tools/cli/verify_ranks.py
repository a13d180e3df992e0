# SPDX-License-Identifier: GPL-3.0-or-later
"""The option --verify-ranks, and how its outcome is told."""

import logging

import click

from jerald_tools.cli.command import Run
from jerald_tools.process import launched_size

logger = logging.getLogger(__name__)


def _needs_several(context, parameter, verify: bool) -> bool:
    if verify and launched_size() == 1:
        raise click.UsageError(
            "--verify-ranks: one rank has nothing to compare with; start several with mpirun -n, "
            "or leave it out"
        )
    return verify


verify_ranks_option = click.option(
    "--verify-ranks",
    is_flag=True,
    callback=_needs_several,
    help="Repeat a step on rank 0 alone, which needs memory for the whole box, and stop if it "
    "differs from that of all ranks.",
)


def tell_verification(run: Run, line: str) -> None:
    """Say how far all ranks and one alone differ, and keep it for provenance."""
    logger.info("verified: %s", line)
    run.notes["verify_ranks"] = line
