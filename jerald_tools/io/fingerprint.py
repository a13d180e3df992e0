# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingerprint of a run: all that its result depends on, by which an interrupted run resumes."""

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jerald_tools
from jerald_tools.errors import BadInput
from jerald_tools.io.digest import json_digest
from jerald_tools.io.hdf5 import Reader
from jerald_tools.io.inputs import describe_input

RUN_DIGEST = "run_sha256"
"""Name, in the record of an output, of the digest of its run's fingerprint."""

logger = logging.getLogger(__name__)


def fingerprint(command: str, options: Mapping[str, Any], files: Iterable[str]) -> dict[str, Any]:
    """Name, code and options of a command, input files by their digests.

    Args:
        command: its name.
        options: those that its result depends on, by name; not ranks and threads, with others of
            which the result is the same to rounding.
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

    found = {"command": command, "version": jerald_tools.__version__, "code": _digest_of_code()}
    found |= {name: named(value) for name, value in options.items()}
    return json.loads(json.dumps(found))


def can_resume(
    path: str | os.PathLike,
    found: Mapping[str, Any],
    expected: Mapping[str, Any],
    force: bool,
) -> bool:
    """Whether this run can resume from a file of an interrupted one; if not, a line says why.

    Args:
        path: of the file.
        found: fingerprint of the run that wrote it.
        expected: fingerprint of this run.
        force: whether to start over in place of another run.

    Raises:
        BadInput: without force, if the file is of another run, naming the first difference.
    """
    for name in {**found, **expected}:
        before, now = found.get(name), expected.get(name)
        if before != now:
            other = f"{path}: is of another run ({name.replace('_', ' ')} {before}, now {now})"
            if not force:
                raise BadInput(f"{other}: delete it, or use --force, to start over")
            logger.info("%s: starting over", other)
            return False
    return True


def run_digest(run: Mapping[str, Any]) -> str:
    """The SHA-256 of a run's fingerprint, for the records of its outputs."""
    return json_digest(run)


def is_output_of(path: str | os.PathLike, reader: type[Reader], run: Mapping[str, Any]) -> bool:
    """Whether a file is there that this very run wrote.

    Args:
        path: the file.
        reader: such as :class:`jerald_tools.io.particles.ParticlesFile`.
        run: the run's fingerprint.
    """
    try:
        with reader(path) as opened:
            return opened.record.run.get(RUN_DIGEST) == run_digest(run)
    except BadInput:
        return False


def _digest_of_code() -> str:
    """Of all modules and libraries of this package: a commit does not show local edits."""
    digest = hashlib.sha256()
    # An editable installation has its libraries in a folder of their own.
    for folder in sorted(jerald_tools.__path__):
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix in (".py", ".so"):
                digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
