# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a file: what made it, from what, and in what run, back to the seed.

A record is one JSON text with one digest, the same in every format: the dataset ``provenance`` of
an HDF5 file, the key ``provenance`` of a fit, a line of a spectrum, an attribute of a BigFile.
"""

import dataclasses
import datetime
import functools
import json
import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jerald_tools import __version__
from jerald_tools.io.digest import canonical_json, json_digest

CIRCUMSTANCES = (
    *("ranks", "threads", "precision", "backend", "device", "reproducible"),
    *("written", "elapsed_seconds", "engine", "engine_versions"),
)
"""What of a run travels with its output into all that is made from it."""


@dataclasses.dataclass(frozen=True)
class Input:
    """A file that went into another one.

    Attributes:
        path: as given on the command line.
        sha256: digest of its content; of its bytes if this package did not write it.
        record: how it was made, if it says so: all steps back to the seed travel with each file.
        edited: whether it is a fit that was edited by hand, and was accepted all the same.
        files: names of a snapshot's files, in the directory of the path.
    """

    path: str
    sha256: str
    record: "Record | None" = None
    edited: bool = False
    files: tuple[str, ...] = ()

    def as_dict(self) -> dict:
        """Its entry in the ``inputs`` of a record."""
        entry: dict[str, Any] = {"path": self.path, "sha256": self.sha256}
        if self.edited:
            entry["edited"] = True
        if self.files:
            entry["files"] = list(self.files)
        if self.record is not None:
            entry["origin"] = self.record.as_dict()
        return entry

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "Input":
        """Read back :meth:`as_dict`.

        Raises:
            KeyError, TypeError: if an entry is missing or of another type.
        """
        return cls(
            entry["path"],
            entry["sha256"],
            Record.from_dict(entry["origin"]) if "origin" in entry else None,
            bool(entry.get("edited", False)),
            tuple(entry.get("files", ())),
        )


@dataclasses.dataclass(frozen=True)
class Record:
    """What made a file.

    Attributes:
        version: of jerald-tools, or of the code that made a file which came from elsewhere.
        commit: of its repository, ``"unknown"`` outside of one.
        command_line: as typed.
        inputs: the files it was made from.
        run: numbers and text of the run that wrote it, by name: those of :data:`CIRCUMSTANCES`, and
            of the file's own run also ``peak_memory_bytes``, on a GPU
            ``peak_device_memory_bytes``, ``seconds`` of each stage and further text, say the digest
            of FFTW's wisdom.
        content_sha256: digest of an HDF5 file's content; other formats have one of the whole file.
    """

    version: str
    commit: str
    command_line: str
    inputs: tuple[Input, ...] = ()
    run: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    content_sha256: str | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of the record's JSON."""
        return json_digest(self.as_dict())

    def to_json(self) -> str:
        """The record as text, without line breaks; :meth:`from_json` reads it back.

        Raises:
            ValueError: if a number of the run is not finite.
        """
        return canonical_json(self.as_dict())

    @classmethod
    def from_json(cls, text: str | bytes) -> "Record":
        """Read back :meth:`to_json`.

        Raises:
            KeyError, TypeError, ValueError: if it is not JSON, or an entry is missing or of
                another type.
        """
        return cls.from_dict(json.loads(text))

    def as_dict(self) -> dict:
        """Nested dictionaries and lists of numbers and text, as JSON has them."""
        values = {
            "version": self.version,
            "commit": self.commit,
            "command_line": self.command_line,
            **self.run,
        }
        if self.content_sha256 is not None:
            values["content_sha256"] = self.content_sha256
        if self.inputs:
            values["inputs"] = [source.as_dict() for source in self.inputs]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Record":
        """Read back :meth:`as_dict`.

        Raises:
            KeyError, TypeError: if an entry is missing or of another type.
        """
        if not isinstance(values, Mapping):
            raise TypeError(f"a record is a dictionary, not {type(values).__name__}")
        run = dict(values)
        return cls(
            run.pop("version"),
            run.pop("commit"),
            run.pop("command_line"),
            tuple(Input.from_dict(entry) for entry in run.pop("inputs", ())),
            content_sha256=run.pop("content_sha256", None),
            run=run,
        )

    def for_outputs(self) -> "Record":
        """What the files that are made from this one keep of its record."""
        run = {name: self.run[name] for name in CIRCUMSTANCES if name in self.run}
        return dataclasses.replace(self, run=run, content_sha256=None)


def this_run(
    inputs: tuple[Input, ...] = (),
    run: Mapping[str, Any] | None = None,
    arguments: list[str] | None = None,
) -> Record:
    """The record of what this process writes.

    Args:
        inputs: see :func:`jerald_tools.io.inputs.describe_input`.
        run: numbers and text of the run by name.
        arguments: the command line, ``sys.argv`` by default.
    """
    arguments = sys.argv if arguments is None else arguments
    command_line = shlex.join([Path(arguments[0]).name, *arguments[1:]])
    return Record(__version__, commit(), command_line, tuple(inputs), run or {})


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
