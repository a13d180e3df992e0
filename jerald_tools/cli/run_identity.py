# SPDX-License-Identifier: GPL-3.0-or-later
"""What the result of the running command depends on: only if it is the same, a run can resume."""

from collections.abc import Iterable
from typing import Any

import click

from jerald_tools.io.fingerprint import fingerprint

# Options that say where to, how fast or how loud. Any other is taken to matter.
WITHOUT_CONSEQUENCE = (
    *("output", "checkpoint", "verify_ranks"),
    *("threads", "force", "verbose", "quiet"),
)


def run_identity(files: Iterable[str]) -> dict[str, Any]:
    """The fingerprint of the running command, see :func:`jerald_tools.io.fingerprint.fingerprint`.

    Args:
        files: paths among the options.

    Raises:
        BadInput: if a file cannot be read.
    """
    context = click.get_current_context()
    options = {
        name: value for name, value in context.params.items() if name not in WITHOUT_CONSEQUENCE
    }
    return fingerprint(context.command.name or "", options, files)
