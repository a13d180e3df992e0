# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain of a file in words, and as plain values for JSON."""

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path

import h5py

from jerald_tools.errors import BadInput
from jerald_tools.io import fits, hdf5, record
from jerald_tools.io.inputs import AnyFile, describe_input, text_kind
from jerald_tools.io.record import Input, Origin, origin_from_dict, read_attributes
from jerald_tools.io.spectra import read_spectrum
from jerald_tools.snapshots.open import snapshot_digest

# The chain from a file back to its seed, held against the files that lie there.

VERIFIED = "verified"
CARRIED = "carried"
GONE = "gone"
CHANGED = "changed"


@dataclasses.dataclass(frozen=True)
class Step:
    """A file of the chain, and how it was made.

    Attributes:
        source: what is recorded of it: path, digest, origin.
        found: where it lies; None if it is nowhere to be found.
        status: :data:`VERIFIED` if it lies there with the recorded digest, :data:`CHANGED` if with
            another, :data:`GONE` if it does not, :data:`CARRIED` if another fit of the chain still
            has it whole.
        inputs: numbers, from 1, of the steps that it was made from.
    """

    source: Input
    found: Path | None
    status: str
    inputs: tuple[int, ...]


def trace(path: str | os.PathLike) -> list[Step]:
    """All steps that led to a file, itself first, each once.

    A relative path is looked for in the working directory, then from the directories in which the
    files lie that were made from it, and from those above them.

    Args:
        path: a map, particles, initial conditions, a fit or a spectrum.

    Raises:
        BadInput: if it is none of them, cannot be read or says not how it was made.
    """
    first, is_intact = _recorded(Path(path))
    pending = [(first, ())]
    numbers = {_key(first): 1}
    carried = _carried_digests(Path(path))
    steps = []
    for source, directories in pending:
        if source is first:
            found, status = Path(path), VERIFIED if is_intact else CHANGED
        else:
            found, status = _look_for(source, directories, carried)
        if found is not None:
            directories = (*found.resolve().parents, *directories)
            carried |= _carried_digests(found) if status == VERIFIED else set()
        origin = source.origin
        for one in origin.inputs if origin else ():
            if _key(one) not in numbers:
                numbers[_key(one)] = len(numbers) + 1
                pending.append((one, directories))
        inputs = tuple(numbers[_key(one)] for one in (origin.inputs if origin else ()))
        steps.append(Step(source, found, status, inputs))
    return steps


def _key(source: Input) -> tuple[str, str]:
    return source.path, source.sha256


def _look_for(
    source: Input, directories: Sequence[Path], carried: set[str]
) -> tuple[Path | None, str]:
    """Where a recorded file lies, and whether it is still the one that was recorded."""
    candidates = dict.fromkeys(folder / source.path for folder in directories)
    there = [path for path in candidates if path.exists()]
    # A namesake in the working directory may be any file: it counts if it is the one.
    for path in (Path(source.path), *there):
        if path.exists() and _digest_now(path, source) == source.sha256:
            return path, VERIFIED
    if there:
        return there[0], CHANGED
    return None, CARRIED if source.sha256 in carried else GONE


def _digest_now(path: Path, source: Input) -> str | None:
    """The digest of what lies there, made as the recorded one was; None if it is damaged."""
    try:
        if source.files:
            return snapshot_digest([path.parent / name for name in source.files])
        if path.is_dir():
            return snapshot_digest([path])
        if _is_ours(path):
            found, is_intact = _recorded_hdf5(path)
            return found.sha256 if is_intact else None
        return describe_input(path).sha256
    except BadInput:
        return None


def _recorded(path: Path) -> tuple[Input, bool]:
    """What a file of ours says of itself, and whether it is as it was written."""
    if not path.exists():
        raise BadInput(f"{path}: no such file; check the name")
    if path.is_dir():
        raise BadInput(f"{path}: is a directory; give a file")
    if h5py.is_hdf5(path):
        return _recorded_hdf5(path)
    kind = text_kind(path)
    if kind == "spectrum":
        return _recorded_spectrum(path), True
    if kind == "fit":
        _, edited = fits.read_as_it_is(path)
        return dataclasses.replace(describe_input(path), edited=False), not edited
    raise BadInput(
        f"{path}: is not a file of jerald-tools; give a map, particles, initial conditions, a fit "
        "or a spectrum"
    )


def _recorded_hdf5(path: Path) -> tuple[Input, bool]:
    with AnyFile(path) as opened, hdf5.refusing_damage(path):
        if "provenance" not in opened.file:
            raise BadInput(f"{path}: is not a file of jerald-tools; give one that it wrote")
        origin = origin_from_dict(read_attributes(opened.file["provenance"]))
        content = record.stated_content(opened.file)
        try:
            is_intact = record.is_intact(opened.file)
            opened.verify()
        except BadInput:
            is_intact = False
    return Input(os.fspath(path), content, origin), is_intact


def _recorded_spectrum(path: Path) -> Input:
    _, notes = read_spectrum(path)
    try:
        origin = origin_from_dict(json.loads(notes["provenance"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{path}: has no # line of its provenance; give a spectrum of powerspec"
        ) from error
    return Input(os.fspath(path), record.of_bytes(path), origin)


def _is_ours(path: Path) -> bool:
    if not h5py.is_hdf5(path):
        return False
    with AnyFile(path) as opened, hdf5.refusing_damage(path):
        return "provenance" in opened.file


def _carried_digests(path: Path) -> set[str]:
    """Digests of a fit and of those inside it."""
    if path.is_dir() or text_kind(path) != "fit":
        return set()
    try:
        document, _ = fits.read_as_it_is(path)
    except BadInput:
        return set()
    return {fit["sha256"] for fit in fits.fits_within(document).values()}


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
