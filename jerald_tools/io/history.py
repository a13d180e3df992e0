# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a file back to its seed: each step, and whether its file is still the same."""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jerald_tools.errors import BadInput
from jerald_tools.io import sealed_json
from jerald_tools.io.digest import snapshot_digest
from jerald_tools.io.inputs import describe_input, has_record, text_type, verified_input
from jerald_tools.io.record import Input, Record

VERIFIED = "verified"
CARRIED = "carried"
GONE = "gone"
CHANGED = "changed"

_WORDS = {
    VERIFIED: "verified",
    CARRIED: "file gone; a fit above carries it whole",
    GONE: "file gone",
    CHANGED: "CHANGED since",
}


@dataclasses.dataclass(frozen=True)
class Ancestor:
    """A file of the history, which the last file was made from, or that file itself.

    Attributes:
        source: what is recorded of it: path, digest, record.
        found: where it lies; None if it is nowhere to be found.
        status: :data:`VERIFIED` if the file has the recorded digest, :data:`CHANGED` if another,
            :data:`GONE` if there is none, :data:`CARRIED` if there is none but another fit of the
            history contains its whole document.
        inputs: numbers, from 1, of the steps that it was made from.
    """

    source: Input
    found: Path | None
    status: str
    inputs: tuple[int, ...]


def trace(path: str | os.PathLike) -> list[Ancestor]:
    """All steps that led to a file, itself first, each once.

    A relative path is looked for in the working directory, then from the directories in which the
    files lie that were made from it, and from those above them.

    Args:
        path: a map, particles, initial conditions, a fit or a spectrum.

    Raises:
        BadInput: if it is none of them, cannot be read or has no record.
    """
    first, is_intact = verified_input(Path(path))
    pending: list[tuple[Input, tuple[Path, ...]]] = [(first, ())]
    numbers = {_key(first): 1}
    embedded = _digests_within(Path(path))
    steps = []
    for source, directories in pending:
        if source is first:
            found, status = Path(path), VERIFIED if is_intact else CHANGED
        else:
            found, status = _look_for(source, directories, embedded)
        if found is not None:
            directories = (*found.resolve().parents, *directories)
            embedded |= _digests_within(found) if status == VERIFIED else set()
        made_from = source.record.inputs if source.record else ()
        for one in made_from:
            if _key(one) not in numbers:
                numbers[_key(one)] = len(numbers) + 1
                pending.append((one, directories))
        made_from_steps = tuple(numbers[_key(one)] for one in made_from)
        steps.append(Ancestor(source, found, status, made_from_steps))
    return steps


def as_text(steps: Sequence[Ancestor]) -> str:
    """A paragraph for each step, numbered, from the file back to its seed."""
    return "\n\n".join(
        "\n".join(_paragraph(number, step, steps)) for number, step in enumerate(steps, start=1)
    )


def as_values(steps: Sequence[Ancestor]) -> list[dict[str, Any]]:
    """A dictionary for each step, in order; ``inputs`` are numbers of steps, from 1."""
    return [
        {
            "step": number,
            "path": step.source.path,
            "found": None if step.found is None else os.fspath(step.found),
            "status": step.status,
            "sha256": step.source.sha256,
            "edited": step.source.edited,
            **({} if step.source.record is None else _how(step.source.record)),
            "inputs": list(step.inputs),
        }
        for number, step in enumerate(steps, start=1)
    ]


def _key(source: Input) -> tuple[str, str]:
    return source.path, source.sha256


def _look_for(
    source: Input, directories: Sequence[Path], embedded: set[str]
) -> tuple[Path | None, str]:
    """Where a recorded file lies, and whether it is still the one that was recorded."""
    candidates = dict.fromkeys(folder / source.path for folder in directories)
    there = [path for path in candidates if path.exists()]
    # A file of that name in the working directory counts only if it is the one recorded.
    for path in (Path(source.path), *there):
        if path.exists() and _digest_now(path, source) == source.sha256:
            return path, VERIFIED
    if there:
        return there[0], CHANGED
    return None, CARRIED if source.sha256 in embedded else GONE


def _digest_now(path: Path, source: Input) -> str | None:
    """The digest of a file as it is now, made as the recorded one was; None if it is damaged."""
    try:
        if source.files:
            return snapshot_digest([path.parent / name for name in source.files])
        if path.is_dir():
            return snapshot_digest([path])
        if has_record(path):
            found, is_intact = verified_input(path)
            return found.sha256 if is_intact else None
        return describe_input(path).sha256
    except BadInput:
        return None


def _digests_within(path: Path) -> set[str]:
    """Digests of a fit and of those inside it."""
    if path.is_dir() or text_type(path) != "fit":
        return set()
    try:
        document, _ = sealed_json.read_as_it_is(path)
    except BadInput:
        return set()
    return {fit["sha256"] for fit in sealed_json.documents_within(document).values()}


def _how(record: Record) -> dict[str, Any]:
    return {
        "command_line": record.command_line,
        "version": record.version,
        "commit": record.commit,
        **record.for_outputs().run,
    }


def _paragraph(number: int, step: Ancestor, steps: Sequence[Ancestor]) -> Iterator[str]:
    source = step.source
    status = _WORDS[step.status]
    if step.found is not None and os.fspath(step.found) != os.fspath(source.path):
        status += f", {step.found}"
    if source.edited:
        status += "; EDITED by hand before it was used"
    yield f"[{number}] {source.path}: {status}"
    yield f"    sha256 {source.sha256}"
    if source.record is None:
        yield "    has no record of how it was made"
        return
    yield f"    {source.record.command_line}"
    yield f"    version {source.record.version}, commit {source.record.commit}"
    if run := source.record.for_outputs().run:
        yield f"    {_circumstances(run)}"
    if step.inputs:
        names = (f"[{other}] {steps[other - 1].source.path}" for other in step.inputs)
        yield f"    from {', '.join(names)}"


def _circumstances(run: Mapping[str, Any]) -> str:
    """What is recorded of a run in one line; files of older versions record little of it."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in run.items() if value)
