# SPDX-License-Identifier: GPL-3.0-or-later
"""The BigFile format of MP-Gadget, FastPM and nbodykit: a directory of blocks, each a directory.

A block has a ``header`` (type, members of a row, files and their rows, a checksum of each), data
files ``000000``, ``000001``, ... of plain rows, and ``attr-v2``, a line for each attribute.
See https://github.com/rainwoodman/bigfile.
"""

import itertools
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from jerald_tools.errors import BadInput

_JSON = "json://"
_PIECE_BYTES = 64 * 2**20


def is_bigfile(path: str | os.PathLike) -> bool:
    """Whether a path is a directory that holds blocks, itself or one level below."""
    path = Path(path)
    return path.is_dir() and any(
        _is_block(member) or (member.is_dir() and any(map(_is_block, member.iterdir())))
        for member in path.iterdir()
    )


def _is_block(path: Path) -> bool:
    header = path / "header"
    if not header.is_file():
        return False
    with header.open("rb") as stream:
        return stream.read(6) == b"DTYPE:"


class Block:
    """A block opened for reading: ``shape``, ``dtype``, ``attributes`` and :meth:`read`."""

    def __init__(self, path: str | os.PathLike):
        """Read the header and check that the data files have the size that it states.

        Raises:
            BadInput: if the block is missing, incomplete or damaged.
        """
        self.path = Path(path)
        try:
            lines = (self.path / "header").read_text(encoding="ascii").splitlines()
            entries = dict(line.split(":", 1) for line in lines if line.strip())
            self.dtype = np.dtype(entries.pop("DTYPE").strip())
            self.members = int(entries.pop("NMEMB"))
            number = int(entries.pop("NFILE"))
            rows = [int(entries[f"{file:06X}"].split(":")[0]) for file in range(number)]
            if self.members < 1 or min(rows, default=0) < 0:
                raise ValueError(f"{rows} rows of {self.members} members")
        except FileNotFoundError as error:
            raise BadInput(f"{self.path}: no such block; check the name") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{self.path}: its header is damaged; make or copy it again") from error
        self._ends = np.cumsum([0, *rows])
        for file, count in enumerate(rows):
            self._check_size(file, count)
        self.attributes = read_attributes(self.path)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and members of a row where there are several."""
        rows = int(self._ends[-1])
        return (rows,) if self.members == 1 else (rows, self.members)

    def read(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows ``start`` to ``stop``, (n) or (n, members), in the machine's byte order.

        Raises:
            BadInput: if a data file is cut short.
        """
        stop = self.shape[0] if stop is None else min(stop, self.shape[0])
        values = np.empty((max(0, stop - start), *self.shape[1:]), self.dtype.newbyteorder("="))
        for file, (first, end) in enumerate(itertools.pairwise(self._ends)):
            low, high = max(start, first), min(stop, end)
            if low < high:
                values[low - start : high - start] = self._read_file(file, low - first, high - low)
        return values

    def _read_file(self, file: int, first: int, count: int) -> np.ndarray:
        path = self._file(file)
        row = self.dtype.itemsize * self.members
        try:
            found = np.fromfile(path, self.dtype, count * self.members, offset=int(first) * row)
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
        if len(found) != count * self.members:
            raise BadInput(f"{path}: cut short; make or copy it again")
        return found.reshape(-1, *self.shape[1:])

    def _file(self, file: int) -> Path:
        return self.path / f"{file:06X}"

    def _check_size(self, file: int, rows: int) -> None:
        path, expected = self._file(file), rows * self.members * self.dtype.itemsize
        if expected and not path.exists():
            raise BadInput(f"{path}: is missing from its block; make or copy it again")
        if expected and path.stat().st_size != expected:
            raise BadInput(
                f"{path}: has {path.stat().st_size} bytes, but {expected} by its header; "
                "make or copy it again"
            )


def read_attributes(path: str | os.PathLike) -> dict[str, Any]:
    """Attributes of a block: text, numbers or arrays by name; none where it has no ``attr-v2``.

    Raises:
        BadInput: if the file of attributes is damaged.
    """
    path = Path(path) / "attr-v2"
    if not path.exists():
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return dict(_attribute(line) for line in lines if line.strip())
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"{path}: damaged; make or copy it again") from error


def _attribute(line: str) -> tuple[str, Any]:
    name, kind, number, digits = line.split()[:4]
    data = bytes.fromhex(digits) if int(number) else b""
    if kind.lstrip("<>|=")[0] in "Sac":
        text = data.decode("utf-8").rstrip("\0")
        return name, json.loads(text[len(_JSON) :]) if text.startswith(_JSON) else text
    values = np.frombuffer(data, np.dtype(kind))
    if len(values) != int(number):
        raise ValueError(f"{name} has {len(values)} values of {number}")
    return name, values[0].item() if len(values) == 1 else values


def write_block(
    path: str | os.PathLike,
    shape: tuple[int, ...],
    pieces: Iterable[tuple[int, np.ndarray]],
    dtype: DTypeLike,
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Write a block, its data in one file.

    Args:
        path: of the block's directory, which must not exist; its parents may.
        shape: rows, or rows and members.
        pieces: ``(start, rows)`` in order without gap; rows (n) or (n, members).
        dtype: of the values in the file.
        attributes: text, numbers and arrays by name.

    Raises:
        ValueError: if the pieces do not cover the rows in order.
    """
    path, dtype = Path(path), np.dtype(dtype).newbyteorder("<")
    path.mkdir(parents=True)
    number, *several = shape
    members = several[0] if several else 1
    written, checksum = 0, 0
    with (path / "000000").open("wb") as stream:
        for start, rows in pieces:
            if start != written:
                raise ValueError(f"{path}: rows from {start} after {written}")
            data = np.ascontiguousarray(rows, dtype).view(np.uint8).reshape(-1)
            checksum += int(data.sum(dtype=np.uint64))
            # NumPy's tofile raises an error of a full disk that does not name its cause.
            stream.write(data.data)
            written += len(rows)
        stream.flush()
        os.fsync(stream.fileno())
    if written != number:
        raise ValueError(f"{path}: {written} rows came, {number} were announced")
    (path / "header").write_text(
        f"DTYPE: {dtype.str}\nNMEMB: {members}\nNFILE: 1\n"
        f"000000: {written} : {checksum % 2**32} : {_folded(checksum)}\n"
    )
    write_attributes(path, attributes or {})


def write_group(path: str | os.PathLike, attributes: Mapping[str, Any]) -> None:
    """Write a block without data, such as ``Header``, which carries attributes.

    Args:
        path: of the block's directory, which must not exist.
        attributes: text, numbers and arrays by name.
    """
    path = Path(path)
    path.mkdir(parents=True)
    (path / "header").write_text("DTYPE: <i8\nNMEMB: 0\nNFILE: 0\n")
    write_attributes(path, attributes)


def write_attributes(path: Path, attributes: Mapping[str, Any]) -> None:
    """Write ``attr-v2`` of a block: one line a name, the values as hexadecimal bytes."""
    (path / "attr-v2").write_text("".join(_line(*item) for item in sorted(attributes.items())))


def _line(name: str, value: Any) -> str:
    if isinstance(value, str):
        data = value.encode("utf-8")
        return f"{name} |S1 {len(data)} {data.hex().upper()} #HUMANE [ {value} ]\n"
    values = np.atleast_1d(value)
    values = values.astype(values.dtype.newbyteorder("<"))
    shown = " ".join(f"{number:g}" for number in values.tolist())
    return (
        f"{name} {values.dtype.str} {len(values)} {values.tobytes().hex().upper()} "
        f"#HUMANE [ {shown} ]\n"
    )


def _folded(checksum: int) -> int:
    """The 16-bit checksum of System V's ``sum``, as the format has it beside the whole one."""
    folded = (checksum & 0xFFFF) + ((checksum & 0xFFFFFFFF) >> 16)
    return (folded & 0xFFFF) + (folded >> 16)
