# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits: JSON documents that a person can read, with a digest of their content as the last key.

A fit that stands on others (a map of neutral hydrogen on those of dark matter and stars) carries
them whole, as members that are fit documents themselves.

A fit that was edited by hand can be taken if its reader says so: the document then says that it was
edited, in a key of its own, and goes on saying so inside whatever stands on it.
"""

import hashlib
import json
import logging
import math
import os
from pathlib import Path

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.io.atomic import write_text

# JSON that a person can read: a key a line, short lists on one.

_LINE_LENGTH = 100


def as_text(value: dict) -> str:
    """JSON with one key a line, and short lists on one line."""
    return _format(value, "") + "\n"


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


FORMAT_VERSION = 1
REQUIRED = ("quantity", "redshift", "layers", "parameters", "loss", "history")
EDITED = "edited"

logger = logging.getLogger(__name__)


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


def read_fit(path: str | os.PathLike, accept_edited: bool = False) -> dict:
    """Read a fit written by :func:`write_fit`, and check it and the fits that it carries.

    Args:
        path: the fit file.
        accept_edited: whether a fit that was edited is taken, with a warning in the log.

    Returns:
        The document: numbers exactly as they were written, arrays as lists; what was edited says so
        and has a digest of what it is now, see :func:`edited_parts`.

    Raises:
        BadInput: if it is missing, truncated, not a fit, edited, or of a newer version.
    """
    fit, edited = read_as_it_is(path)
    for where in edited:
        if not accept_edited:
            raise BadInput(
                f"{where}: was edited since it was written (its sha256 differs); fit anew, or "
                "paint and fit with --accept-edited"
            )
        logger.warning("%s: warning: was edited since it was written; taken as it is now", where)
    return fit


def read_as_it_is(path: str | os.PathLike) -> tuple[dict, list[str]]:
    """Read a fit whether or not it was edited.

    Returns:
        The document as :func:`read_fit` takes it, and the places where it was edited, with the file
        before each; none where it is as it was written.

    Raises:
        BadInput: if it is missing, truncated, not a fit, or of a newer version.
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
        fit = json.loads(
            text,
            object_pairs_hook=_without_repetition,
            parse_float=_finite,
            parse_constant=_finite,
        )
        edited: list[str] = []
        return _checked(fit, str(path), edited), edited
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: truncated or not JSON ({error}); make the fit anew") from error


def edited_parts(document: dict) -> list[str]:
    """Which fits in a document, itself and those that it carries, were edited by hand.

    Returns:
        A key path for each, as ``stellar_mass_fit.dark_matter_fit``; ``""`` is the document itself.
    """
    return [place for place, fit in fits_within(document).items() if fit.get(EDITED) is True]


def fits_within(document: dict) -> dict[str, dict]:
    """A fit and all that it carries, at whatever depth, by key path; its own is ``""``."""
    found: dict[str, dict] = {}

    def look(fit: dict, place: str) -> dict:
        found[place] = fit
        for name, value in fit.items():
            _replaced(value, f"{place}.{name}".lstrip("."), look)
        return fit

    look(document, "")
    return found


def content_digest(content: dict) -> str:
    """SHA-256 of a document's values without its own ``sha256``; white space does not matter."""
    values = {key: value for key, value in content.items() if key != "sha256"}
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _checked(fit, where: str, edited: list[str]) -> dict:
    """The document, with what was edited in it marked and sealed anew; its places are added."""
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
    before = len(edited)
    if was_edited := fit["sha256"] != content_digest(fit):
        edited.append(where)
    members = {
        name: _replaced(value, f"{where}: {name}", lambda one, at: _checked(one, at, edited))
        for name, value in fit.items()
    }
    if was_edited:
        return document({**members, EDITED: True})
    # A fit that is whole itself may have been sealed around one that is not.
    return fit if len(edited) == before else document(members)


def _is_fit(value) -> bool:
    return isinstance(value, dict) and {"format_version", "sha256"} <= value.keys()


def _replaced(value, where: str, replace):
    """The value with each fit in it, at whatever depth, as ``replace(fit, its_place)`` has it."""
    if _is_fit(value):
        return replace(value, where)
    if isinstance(value, dict):
        return {
            name: _replaced(member, f"{where}.{name}", replace) for name, member in value.items()
        }
    if isinstance(value, list):
        return [_replaced(member, f"{where}[{n}]", replace) for n, member in enumerate(value)]
    return value


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is not a finite number")
    return number


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
