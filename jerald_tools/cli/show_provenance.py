# SPDX-License-Identifier: GPL-3.0-or-later
"""provenance: how a file came to be, back to the seed, and whether the files still say so."""

import json

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.errors import RunFailed


@command(
    "provenance",
    example="""
    provenance hi_z2.00.h5
    provenance hi_z2.00.csv --json
    """,
)
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print a list of steps as JSON.")
def main(run: Run, file, as_json):
    """Print the chain of commands from a file back to its seed.

    FILE is a map, particles, initial conditions, a fit or a spectrum. Each step's digest is held
    against the file where it lies: verified, gone, or changed since. The status is 1 if any was
    changed; a file that is gone is no failure.
    """
    from jerald_tools.io.history import CHANGED, as_text, as_values, trace
    from jerald_tools.mesh.ranks import on_root, world

    ranks = world()
    steps = on_root(ranks, trace, file)
    if ranks.is_root:
        click.echo(json.dumps(as_values(steps), indent=2) if as_json else as_text(steps))
    changed = [str(step.found) for step in steps if step.status == CHANGED]
    if changed:
        raise RunFailed(f"{', '.join(changed)}: changed since; make anew what stands on it")
