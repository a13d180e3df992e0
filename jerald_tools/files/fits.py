# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits: JSON documents that a person can read, with a digest of their content as the last key.

A fit that stands on others (a map of neutral hydrogen on those of dark matter and stars) carries
them whole, as members that are fit documents themselves.
"""

import hashlib
import json
import math
import os
from pathlib import Path

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.files.atomic import write_text

FORMAT_VERSION = 1
REQUIRED = ("quantity", "redshift", "layers", "parameters", "loss", "history")
_LINE_LENGTH = 100


def write_fit(path: str | os.PathLike, content: dict, force: bool = False) -> None:
    """Write a fit.

    Args:
        path: the file's name; it appears when the file is whole.
        content: nested dictionaries and lists of text, numbers and NumPy values, among them
            ``quantity``, ``redshift``, ``layers``, ``parameters``, ``loss`` and ``history``.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the target cannot be written.
        ValueError: if a required key is missing or a number is not finite.
    """
    write_text(path, as_text(document(content)), force)


def document(content: dict) -> dict:
    """The whole document of a fit: its format's version first, the digest of its content last.

    Args:
        content: as for :func:`write_fit`; a document is taken too, and sealed anew.

    Raises:
        ValueError: if a required key is missing or a number is not finite.
    """
    missing = [key for key in REQUIRED if key not in content]
    if missing:
        raise ValueError(f"a fit without {', '.join(missing)}")
    values = _plain({key: value for key, value in content.items() if key != "sha256"})
    whole = {"format_version": FORMAT_VERSION, **values}
    return {**whole, "sha256": content_digest(whole)}


def read_fit(path: str | os.PathLike) -> dict:
    """Read a fit written by :func:`write_fit`, and check it and the fits that it carries.

    Returns:
        The document: numbers exactly as they were written, arrays as lists.

    Raises:
        BadInput: if it is missing, truncated, not a fit, edited, or of a newer version.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not a fit: not text ({error.reason})") from error
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file; check the name") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    try:
        fit = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: truncated or not JSON ({error}); make the fit anew") from error
    _check(fit, str(path))
    return fit


def content_digest(content: dict) -> str:
    """SHA-256 of a document's values without its own ``sha256``; white space does not matter."""
    values = {key: value for key, value in content.items() if key != "sha256"}
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def as_text(value: dict) -> str:
    """JSON with one key a line, and short lists on one line."""
    return _format(value, "") + "\n"


def _check(fit, where: str) -> None:
    if not isinstance(fit, dict) or "format_version" not in fit:
        raise BadInput(f"{where}: is not a fit of jerald-tools; give one that it wrote")
    version = fit["format_version"]
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise BadInput(
            f"{where}: format version {version} is newer than {FORMAT_VERSION}, the newest that "
            "this version reads; update jerald-tools"
        )
    missing = [key for key in (*REQUIRED, "sha256") if key not in fit]
    if missing:
        raise BadInput(f"{where}: lacks {', '.join(missing)}; give a whole fit")
    if fit["sha256"] != content_digest(fit):
        raise BadInput(f"{where}: was edited since it was written (its sha256 differs); fit anew")
    for name, value in fit.items():
        _check_carried(value, f"{where}: {name}")


def _check_carried(value, where: str) -> None:
    """Check every fit inside another one, at whatever depth."""
    if isinstance(value, dict) and {"format_version", "sha256"} <= value.keys():
        _check(value, where)
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_carried(member, f"{where}.{name}")


def _without_repetition(pairs: list[tuple[str, object]]) -> dict:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands twice")
    return members


def _plain(value):
    """The value with NumPy's and tuples' types replaced by those that JSON gives back."""
    if isinstance(value, dict):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"a fit cannot hold {value}")
    return value


def _format(value, indent: str) -> str:
    one_line = json.dumps(value)
    if not isinstance(value, dict | list) or not value:
        return one_line
    members = value.values() if isinstance(value, dict) else value
    nested = any(isinstance(member, dict | list) for member in members)
    inner = indent + "  "
    # The key stands before the value on its line; a quarter of the line is kept for it.
    if not nested and len(inner) + len(one_line) <= _LINE_LENGTH * 3 // 4:
        return one_line
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key)}: {_format(value[key], inner)}" for key in value]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if nested:
        lines = [inner + _format(member, inner) for member in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    return _fill([json.dumps(member) for member in value], indent)


def _fill(numbers: list[str], indent: str) -> str:
    """A long list over as many lines as it takes."""
    lines = [f"{indent}  {numbers[0]}"]
    for number in numbers[1:]:
        if len(lines[-1]) + len(number) + 3 > _LINE_LENGTH:
            lines[-1] += ","
            lines.append(f"{indent}  {number}")
        else:
            lines[-1] += f", {number}"
    return "[\n" + "\n".join(lines) + f"\n{indent}]"
