# SPDX-License-Identifier: GPL-3.0-or-later
"""What the result of a stage depends on: only if it is the same, an interrupted run can go on."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jerald_tools
from jerald_tools.io.inputs import describe_input


def run_identity(stage: str, options: Mapping[str, Any], files: Iterable[str]) -> dict:
    """Name, code and options of a stage, input files by their digests.

    Ranks and threads are left out: with others the result is the same to rounding.

    Args:
        stage: its name.
        options: all that its result depends on, by name.
        files: paths among the options.

    Returns:
        Values by name, as JSON gives them back.

    Raises:
        BadInput: if a file cannot be read.
    """
    digests = {path: describe_input(path).sha256 for path in files}

    def named(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [named(member) for member in value]
        return digests.get(value, value) if isinstance(value, str) else value

    found = {"command": stage, "version": jerald_tools.__version__, "code": _digest_of_code()}
    found |= {name: named(value) for name, value in options.items()}
    return json.loads(json.dumps(found))


def _digest_of_code() -> str:
    """Of all modules and libraries of this package: a commit does not know of edits."""
    digest = hashlib.sha256()
    # An editable installation has its libraries in a folder of their own.
    for folder in sorted(jerald_tools.__path__):
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix in (".py", ".so"):
                digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
