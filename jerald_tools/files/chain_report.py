# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain of a file in words, and as plain values for JSON."""

import os
from collections.abc import Sequence

from jerald_tools.files.chain import CARRIED, CHANGED, GONE, VERIFIED, Step
from jerald_tools.files.provenance import Origin

_WORDS = {
    VERIFIED: "verified",
    CARRIED: "file gone; a fit above carries it whole",
    GONE: "file gone",
    CHANGED: "CHANGED since",
}


def as_text(steps: Sequence[Step]) -> str:
    """A paragraph for each step, numbered, from the file back to its seed."""
    return "\n\n".join(
        "\n".join(_paragraph(number, step, steps)) for number, step in enumerate(steps, start=1)
    )


def as_values(steps: Sequence[Step]) -> list[dict]:
    """A dictionary for each step, in order; ``inputs`` are numbers of steps, from 1."""
    return [
        {
            "step": number,
            "path": step.source.path,
            "found": None if step.found is None else os.fspath(step.found),
            "status": step.status,
            "sha256": step.source.sha256,
            "edited": step.source.edited,
            **({} if step.source.origin is None else _how(step.source.origin)),
            "inputs": list(step.inputs),
        }
        for number, step in enumerate(steps, start=1)
    ]


def _how(origin: Origin) -> dict:
    return {
        "command_line": origin.command_line,
        "version": origin.version,
        "commit": origin.commit,
        **origin.run,
    }


def _paragraph(number: int, step: Step, steps: Sequence[Step]):
    source = step.source
    said = _WORDS[step.status]
    if step.found is not None and os.fspath(step.found) != os.fspath(source.path):
        said += f", {step.found}"
    if source.edited:
        said += "; EDITED by hand before it was used"
    yield f"[{number}] {source.path}: {said}"
    yield f"    sha256 {source.sha256}"
    if source.origin is None:
        yield "    says not how it was made"
        return
    yield f"    {source.origin.command_line}"
    yield f"    version {source.origin.version}, commit {source.origin.commit}"
    if source.origin.run:
        yield f"    {_circumstances(source.origin.run)}"
    if step.inputs:
        names = (f"[{other}] {steps[other - 1].source.path}" for other in step.inputs)
        yield f"    from {', '.join(names)}"


def _circumstances(run: dict) -> str:
    """What is recorded of a run in one line; files of older versions record little of it."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in run.items() if value)
