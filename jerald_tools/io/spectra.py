# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectra as CSV: one row a bin, above it lines with ``#`` that say what the numbers are.

The first line says the format, the last one has a digest of all lines above it. A table written by
hand has neither.
"""

import csv
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.io.atomic import write_text
from jerald_tools.io.record import Record

COLUMNS = (
    "k",
    "mu",
    "P",
    "P0",
    "P2",
    "P4",
    "modes",
    "F",
    "density",
    "density_ref",
    "P_ref",
    "P0_ref",
    "P2_ref",
    "P4_ref",
    "ratio",
    "r",
    "P_cross",
    "P0_cross",
    "P2_cross",
    "P4_cross",
    "P_low",
    "P_high",
    "r_low",
    "r_high",
    "scatter",
)
REQUIRED = ("k", "P", "modes")
LAYOUTS = (REQUIRED, ("k", "P0", "P2", "P4", "modes"), ("F", "density"))
"""The columns that a table has at least: of power, of its multipoles, of a distribution."""

FORMAT_VERSION = 2

FORMAT = "# format: jerald-tools spectrum "
"""How the first line begins; the version of the format follows."""

_DIGEST = "# sha256 of all above: "


def write_spectrum(
    path: str | os.PathLike,
    columns: Mapping[str, np.ndarray | Sequence[float]],
    notes: Mapping[str, object],
    record: Record | None = None,
    force: bool = False,
) -> None:
    """Write a spectrum with all digits of its numbers.

    Args:
        path: the file's name; it appears when the file is whole.
        columns: ``k`` [h/Mpc], ``P``, ``modes``, and with a reference ``P_ref``, ``ratio``, ``r``,
            ``P_cross``; of an ensemble the edges of its band, ``P_low``, ``P_high``, the members'
            ``scatter`` in ln P, and with a reference ``r_low``, ``r_high``; of wedges also ``mu``;
            or ``k``, ``P0``, ``P2``, ``P4``, ``modes``; or ``F`` and ``density``, all these with
            ``_ref`` and ``_cross`` too; arrays (bins); NaN, as of r where a spectrum is zero, is
            an empty field.
        notes: what the ``#`` lines say, by name: units, shot noise.
        record: how it was made, which becomes the note ``provenance``.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the target cannot be written.
        ValueError: if a column is missing, unknown or of another length.
    """
    unknown = set(columns) - set(COLUMNS)
    known = any(set(layout) <= set(columns) for layout in LAYOUTS)
    if unknown or not known or len({len(column) for column in columns.values()}) > 1:
        raise ValueError(f"columns {list(columns)}: {COLUMNS} of one length are wanted")
    names = [name for name in COLUMNS if name in columns]
    lines = [f"{FORMAT}{FORMAT_VERSION}"]
    lines += [f"# {name}: {' '.join(str(value).split())}" for name, value in notes.items()]
    if record is not None:
        lines.append(f"# provenance: {record.to_json()}")
    lines.append(",".join(names))
    for row in zip(*(np.asarray(columns[name]).tolist() for name in names), strict=True):
        lines.append(",".join("" if value != value else repr(value) for value in row))
    text = "\n".join(lines) + "\n"
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    write_text(path, f"{text}{_DIGEST}{digest}\n", force)


def read_spectrum(
    path: str | os.PathLike, required: Sequence[str] = REQUIRED
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a spectrum written by :func:`write_spectrum`, or by hand in the same layout.

    Args:
        path: the file.
        required: columns that it must have.

    Returns:
        The columns by name, float64 (bins), and the notes by name.

    Raises:
        BadInput: if the file is missing, was changed, is of a newer version, a column is missing,
            or a field is not a number.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8").splitlines()
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file; check the name") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not a spectrum: not text ({error.reason})") from error
    if lines:
        _check(path, data, lines)
    notes = dict(_note(line) for line in lines if _is_note(line))
    rows = list(csv.reader(line for line in lines if line and not line.startswith("#")))
    names = rows[0] if rows else []
    missing = [name for name in required if name not in names]
    if missing:
        raise BadInput(f"{path}: has no column {', '.join(missing)}; give a spectrum of powerspec")
    columns: dict[str, list[float]] = {name: [] for name in names}
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(names):
            raise BadInput(f"{path}: row {number} has {len(row)} fields, not {len(names)}; fix it")
        for name, field in zip(names, row, strict=True):
            columns[name].append(_number(field, f"{path}: row {number}, column {name}"))
    return {name: np.array(values) for name, values in columns.items()}, notes


def _check(path: Path, data: bytes, lines: list[str]) -> None:
    """Refuse a newer version, and a digest that is not that of the lines above it."""
    version = re.fullmatch(rf"{FORMAT}(\d+)", lines[0], re.ASCII)
    if version is None and not lines[-1].startswith(_DIGEST):
        return
    if version is not None and int(version[1]) > FORMAT_VERSION:
        raise BadInput(
            f"{path}: format version {version[1]} is newer than {FORMAT_VERSION}, the newest that "
            "this version reads; update jerald-tools"
        )
    content, _, digest = data.rpartition(_DIGEST.encode())
    if version is None or digest != f"{hashlib.sha256(content).hexdigest()}\n".encode():
        raise BadInput(
            f"{path}: was changed since it was written; make it again, or remove its first and "
            "last line if the change is wanted"
        )


def _is_note(line: str) -> bool:
    return line.startswith("#") and not line.startswith((FORMAT, _DIGEST))


def _note(line: str) -> tuple[str, str]:
    name, _, value = line.lstrip("# ").partition(":")
    return name.strip(), value.strip()


def _number(field: str, where: str) -> float:
    if not field.strip():
        return float("nan")
    try:
        return float(field)
    except ValueError as error:
        raise BadInput(f"{where}: {field!r} is not a number; fix it") from error
