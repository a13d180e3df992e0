# SPDX-License-Identifier: GPL-3.0-or-later
"""Provenance: from what, by what and at what cost a file was made, back to the seed."""

import dataclasses
import datetime
import functools
import hashlib
import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from jerald_tools import __version__
from jerald_tools.errors import BadInput

# Nested dictionaries as HDF5 groups and attributes, readable with h5py alone.


def write_attributes(group: h5py.Group, values: dict) -> None:
    """Write numbers, strings and arrays as attributes, dictionaries and lists of them as groups.

    Strings have a fixed length: those of variable length lie in a heap without checksums.

    Args:
        group: where to write.
        values: by name; a list of dictionaries becomes a group with the members 0, 1, ... and
            None is left out.
    """
    for name, value in values.items():
        if value is None:
            continue
        if _is_list(value) and isinstance(value[0], dict):
            value = {str(number): member for number, member in enumerate(value)}
        if isinstance(value, dict):
            write_attributes(group.require_group(name), value)
        elif isinstance(value, str) or (_is_list(value) and isinstance(value[0], str)):
            group.attrs[name] = fixed_string(value)
        else:
            group.attrs[name] = value


def read_attributes(group: h5py.Group) -> dict:
    """Read back what :func:`write_attributes` wrote; lists of dictionaries stay dictionaries.

    Returns:
        Python scalars and strings, lists for arrays, and dictionaries for subgroups.
    """
    values = {name: plain_value(value) for name, value in group.attrs.items()}
    for name, member in group.items():
        if isinstance(member, h5py.Group):
            values[name] = read_attributes(member)
    return values


def _is_list(value) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0


def fixed_string(text: str | list[str]) -> np.ndarray:
    """Text, or a list of texts, as HDF5 strings of fixed length in UTF-8.

    HDF5 has no strings of length zero: an empty one is a space.
    """
    encoded = np.char.encode(np.asarray(text) if text else np.asarray(" "), "utf-8")
    return encoded.astype(h5py.string_dtype("utf-8", encoded.dtype.itemsize))


def plain_value(value):
    """An attribute as h5py gives it, as a Python scalar, string or list."""
    if isinstance(value, bytes):
        return "" if value == b" " else value.decode("utf-8")
    if isinstance(value, np.ndarray):
        return [plain_value(element) for element in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value


# SHA-256 digests that seal a file: of each dataset, of the content, and of the whole record.
#
# Every dataset carries the digest of its values, so that the seal over all attributes can be
# checked when a file is opened, without reading its data; data are held against theirs when they
# are read, and have HDF5's own checksums besides.

DATASET_DIGEST = "sha256"
CONTENT_DIGEST = "content_sha256"
SEAL = "sha256"
_PIECE_BYTES = 16 * 2**20


def seal(file: h5py.File) -> None:
    """Write the two digests of a file whose datasets, attributes and provenance are complete.

    The content digest leaves the provenance out: the same result made again has the same one.
    The seal is over the content digest and the provenance.
    """
    record = file["provenance"].attrs
    record[CONTENT_DIGEST] = fixed_string(_content(file))
    record[SEAL] = fixed_string(_record(file))


def is_intact(file: h5py.File) -> bool:
    """Whether all attributes, and the digests of all datasets, are those that were sealed."""
    record = file["provenance"].attrs
    return (
        record[CONTENT_DIGEST] == _content(file).encode() and record[SEAL] == _record(file).encode()
    )


def stated_content(file: h5py.File) -> str:
    """The content digest that a file says it has."""
    return plain_value(file["provenance"].attrs[CONTENT_DIGEST])


def dataset_is_intact(dataset: h5py.Dataset) -> bool:
    """Whether the values of a dataset, all read here, have the digest that it carries."""
    rows = max(1, _PIECE_BYTES * len(dataset) // max(1, dataset.nbytes))
    starts = range(0, len(dataset), rows)
    return values_are_intact(dataset, (dataset[start : start + rows] for start in starts))


def values_are_intact(dataset: h5py.Dataset, pieces: Iterable[np.ndarray]) -> bool:
    """Whether all values of a dataset, in pieces in order, have the digest that it carries.

    A dataset of another code, in a file without provenance of ours, carries none.
    """
    if "provenance" not in dataset.file:
        return True
    digest = hashlib.sha256()
    for piece in pieces:
        update(digest, piece)
    return digest.hexdigest() == plain_value(dataset.attrs[DATASET_DIGEST])


def update(digest, values: np.ndarray) -> None:
    """Add an array's values to a digest: C order, little endian, so the same on every machine."""
    little_endian = values.dtype.newbyteorder("<")
    digest.update(np.ascontiguousarray(values, dtype=little_endian).reshape(-1).view(np.uint8))


def of_bytes(path: str | os.PathLike) -> str:
    """The SHA-256 of a file's bytes.

    Raises:
        BadInput: if the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error


def _content(file: h5py.File) -> str:
    digest = hashlib.sha256()
    _add_attributes(digest, file)
    names: list[str] = []
    file.visit(names.append)
    for name in sorted(names):
        if name.split("/")[0] != "provenance":
            _add_object(digest, file[name])
    return digest.hexdigest()


def _record(file: h5py.File) -> str:
    digest = hashlib.sha256()
    names: list[str] = []
    file["provenance"].visit(names.append)
    _add_attributes(digest, file["provenance"], leave_out=SEAL)
    for name in sorted(names):
        _add_object(digest, file["provenance"][name])
    return digest.hexdigest()


def _add_object(digest, member: h5py.Group | h5py.Dataset) -> None:
    is_dataset = isinstance(member, h5py.Dataset)
    values = f" {member.dtype.str} {member.shape}" if is_dataset else ""
    digest.update(f"{member.name}{values}\n".encode())
    _add_attributes(digest, member)


def _add_attributes(digest, member: h5py.Group | h5py.Dataset, leave_out: str = "") -> None:
    for name in sorted(member.attrs):
        if name != leave_out:
            value = np.asarray(member.attrs[name])
            digest.update(f"{name} {value.dtype.str} {value.shape}\n".encode())
            update(digest, value)


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
        inputs: see :func:`jerald_tools.io.inputs.describe_input`.
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
