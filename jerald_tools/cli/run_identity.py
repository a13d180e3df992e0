# SPDX-License-Identifier: GPL-3.0-or-later
"""What the result of the running command depends on: only if it is the same, a run can go on."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import click

import jerald_tools
from jerald_tools.io.inputs import describe_input

# Options that say where to, how fast or how loud. Any other is taken to matter.
WITHOUT_CONSEQUENCE = (
    *("output", "checkpoint", "verify_ranks"),
    *("threads", "force", "verbose", "quiet"),
)


def run_identity(files: Iterable[str]) -> dict:
    """Name, code and options of the running command, input files by their digests.

    Ranks and threads are left out: with others the result is the same to rounding.

    Args:
        files: paths among the options.

    Returns:
        Values by name, as JSON gives them back.

    Raises:
        BadInput: if a file cannot be read.
    """
    digests = {path: describe_input(path).sha256 for path in files}

    def named(value):
        if isinstance(value, tuple):
            return [named(member) for member in value]
        return digests.get(value, value) if isinstance(value, str) else value

    context = click.get_current_context()
    found = {
        "command": context.command.name,
        "version": jerald_tools.__version__,
        "code": _digest_of_code(),
    }
    for name, value in context.params.items():
        if name not in WITHOUT_CONSEQUENCE:
            found[name] = named(value)
    return json.loads(json.dumps(found))


def _digest_of_code() -> str:
    """Of all modules and libraries of this package: a commit knows of no edits."""
    digest = hashlib.sha256()
    # An editable installation has its libraries in a folder of their own.
    for folder in sorted(jerald_tools.__path__):
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix in (".py", ".so"):
                digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
