# SPDX-License-Identifier: GPL-3.0-or-later
"""Provenance: from what, by what and at what cost a file was made, back to the seed."""

import dataclasses
import datetime
import functools
import os
import resource
import shlex
import subprocess
import sys
from pathlib import Path

from jerald_tools import __version__

# What of a run travels with its output into all that is made from it.
CIRCUMSTANCES = ("ranks", "threads", "precision", "backend", "written", "elapsed_seconds")


@dataclasses.dataclass(frozen=True)
class Origin:
    """What determines a file's content.

    Attributes:
        version: of jerald-tools, or of the code that made a file which came from elsewhere.
        commit: of its repository, ``"unknown"`` outside of one.
        command_line: as typed.
        inputs: the files it was made from.
        run: those of :data:`CIRCUMSTANCES` that the file says, by name.
    """

    version: str
    commit: str
    command_line: str
    inputs: tuple["Input", ...] = ()
    run: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Input:
    """A file that went into another one.

    Attributes:
        path: as given on the command line.
        sha256: digest of its content; of its bytes if it is not a file of ours.
        origin: where it came from in turn, if it says so: the whole chain travels with each file.
        edited: whether it is a fit that had been edited by hand, and was taken all the same.
        files: names of a snapshot's files, in the directory of the path.
    """

    path: str
    sha256: str
    origin: Origin | None = None
    edited: bool = False
    files: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Provenance:
    """The origin of a file and the circumstances of the run that wrote it.

    Attributes:
        origin: what determines the content.
        ranks: processes.
        threads: of each rank.
        backend: of the mesh, ``"native"`` or ``"jax"``.
        precision: ``"single"`` or ``"double"``, as asked for.
        written: when, in ISO 8601, UTC.
        elapsed: seconds of wall-clock time since the command began.
        seconds: wall-clock time by stage.
        peak_memory: resident bytes of the largest rank.
        details: further text by name, say the digest of FFTW's wisdom.
    """

    origin: Origin
    ranks: int = 1
    threads: int = 1
    backend: str = "none"
    precision: str = "single"
    written: str = ""
    elapsed: float = 0.0
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    peak_memory: int = 0
    details: dict[str, str] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict:
        """Nested dictionaries of numbers and text, for HDF5 attributes and JSON."""
        return {
            **origin_as_dict(self.origin),
            "ranks": self.ranks,
            "threads": self.threads,
            "precision": self.precision,
            "backend": self.backend,
            "written": self.written,
            "elapsed_seconds": round(self.elapsed, 3),
            "peak_memory_bytes": self.peak_memory,
            "seconds": {name: round(float(value), 3) for name, value in self.seconds.items()},
            **self.details,
        }


def this_run(inputs: tuple[Input, ...] = (), arguments: list[str] | None = None) -> Origin:
    """The origin of what this process writes.

    Args:
        inputs: see :func:`jerald_tools.files.inputs.describe_input`.
        arguments: the command line, ``sys.argv`` by default.
    """
    arguments = sys.argv if arguments is None else arguments
    command_line = shlex.join([Path(arguments[0]).name, *arguments[1:]])
    return Origin(__version__, commit(), command_line, tuple(inputs))


def origin_as_dict(origin: Origin) -> dict:
    """The origin as nested dictionaries."""
    values = {
        "version": origin.version,
        "commit": origin.commit,
        "command_line": origin.command_line,
        **origin.run,
    }
    inputs = []
    for source in origin.inputs:
        entry = {"path": source.path, "sha256": source.sha256}
        if source.origin is not None:
            entry["origin"] = origin_as_dict(source.origin)
        if source.edited:
            entry["edited"] = True
        if source.files:
            entry["files"] = list(source.files)
        inputs.append(entry)
    return {**values, "inputs": inputs} if inputs else values


def origin_from_dict(values: dict) -> Origin:
    """Read back :func:`origin_as_dict`, from JSON or from HDF5 (where lists become dictionaries).

    Raises:
        KeyError, TypeError: if an entry is missing or of another type.
    """
    entries = values.get("inputs", [])
    if isinstance(entries, dict):
        entries = [entries[number] for number in sorted(entries, key=int)]
    inputs = tuple(
        Input(
            entry["path"],
            entry["sha256"],
            origin_from_dict(entry["origin"]) if "origin" in entry else None,
            bool(entry.get("edited", False)),
            tuple(entry.get("files", ())),
        )
        for entry in entries
    )
    run = {name: values[name] for name in CIRCUMSTANCES if name in values}
    return Origin(values["version"], values["commit"], values["command_line"], inputs, run)


def now() -> str:
    """The time in ISO 8601, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@functools.cache
def commit() -> str:
    """The commit of the checkout that this package is imported from, ``-dirty`` if changed."""
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / ".git").exists():
        return "unknown"
    # Asking must not lock the index: other git commands may be at work in the checkout.
    git = ["git", "--no-optional-locks", "-C", os.fspath(checkout)]
    try:
        head = _answer([*git, "rev-parse", "HEAD"])
        changes = _answer([*git, "status", "--porcelain", "--untracked-files=no"])
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{head}-dirty" if changes else head


def _answer(question: list[str]) -> str:
    answer = subprocess.run(question, capture_output=True, text=True, timeout=10, check=True)
    return answer.stdout.strip()


def peak_memory() -> int:
    """Largest resident memory of this process so far [bytes].

    Linux tells it of this program alone; getrusage begins with the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
