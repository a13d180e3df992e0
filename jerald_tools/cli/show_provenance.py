# SPDX-License-Identifier: GPL-3.0-or-later
"""provenance: how a file was made, back to the seed, and whether its inputs are unchanged."""

import click

from jerald_tools.cli.command import command


@command(
    "provenance",
    body="jerald_tools.stages.provenance:print_provenance",
    example="""
    provenance hi_z2.00.h5
    provenance hi_z2.00.csv --json
    """,
    computes=False,
)
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print a list of steps as JSON.")
def main(**options) -> dict:
    """Print the chain of commands from a file back to its seed.

    FILE is a map, particles, initial conditions, a fit or a spectrum. Each step's recorded digest
    is compared with the file where it lies: verified, gone, or changed since. The status is 1 if
    any was changed; a file that is gone is no failure.
    """
    return options
