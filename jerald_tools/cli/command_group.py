# SPDX-License-Identifier: GPL-3.0-or-later
"""An executable with subcommands, each of which ends as every other command does."""

import click

from jerald_tools import __version__
from jerald_tools.cli.command import Executable


class ExecutableGroup(Executable, click.Group):
    """Subcommands under one name; they share nothing but the way that failures end."""


def command_group(name: str, example: str, help_text: str) -> ExecutableGroup:
    """Make an executable that only holds subcommands; add them with ``add_command``.

    Args:
        name: the executable, as typed.
        example: command lines that work, shown by ``--help``.
        help_text: what it is for.
    """
    return ExecutableGroup(
        name,
        example=example,
        help=help_text,
        no_args_is_help=False,
        params=[
            click.Option(
                ["--version"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_print_version,
                help="Show the version and exit.",
            )
        ],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _print_version(context: click.Context, _, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"jerald-tools, version {__version__}")
        context.exit()
