# SPDX-License-Identifier: GPL-3.0-or-later
"""Sealed JSON documents, the files of fits: a person can read them, and a digest is their last key.

A document may contain others whole, at any depth: the fit of neutral hydrogen contains those of
dark matter and of stars. Each has a digest of its own.

A document that was edited by hand is accepted if its reader asks for that. It then states that it
was edited, in a key of its own, and so does a copy of it inside another document.
"""

import json
import logging
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.io.atomic import write_text
from jerald_tools.io.digest import json_digest

FORMAT_VERSION = 2
EDITED = "edited"

_LINE_LENGTH = 100

logger = logging.getLogger(__name__)


def write_document(
    path: str | os.PathLike, content: dict, required: Sequence[str] = (), force: bool = False
) -> None:
    """Write a document.

    Args:
        path: the file's name; it appears when the file is whole.
        content: nested dictionaries and lists of text, numbers and NumPy values.
        required: keys that it must have.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the target cannot be written.
        ValueError: if a required key is missing or a number is not finite.
    """
    write_text(path, as_text(sealed(content, required)), force)


def sealed(content: dict, required: Sequence[str] = ()) -> dict:
    """The whole document: the version of its format first, the digest of its content last.

    Args:
        content: as for :func:`write_document`; of a document the digest is computed again.
        required: keys that it must have.

    Raises:
        ValueError: if a required key is missing or a number is not finite.
    """
    missing = [key for key in required if key not in content]
    if missing:
        raise ValueError(f"a fit without {', '.join(missing)}")
    values = _plain({key: value for key, value in content.items() if key != "sha256"})
    whole = {"format_version": FORMAT_VERSION, **values}
    return {**whole, "sha256": content_digest(whole)}


def content_digest(content: dict) -> str:
    """SHA-256 of a document's values without its own ``sha256``; white space does not matter."""
    return json_digest({key: value for key, value in content.items() if key != "sha256"})


def read_document(
    path: str | os.PathLike, accept_edited: bool = False, required: Sequence[str] = ()
) -> dict:
    """Read a document written by :func:`write_document`, and check it and those inside it.

    Args:
        path: the file.
        accept_edited: whether a document that was edited is accepted, with a warning in the log.
        required: keys that it, and each document inside it, must have.

    Returns:
        The document: numbers exactly as they were written, arrays as lists; an edited one states
        that it was, and has the digest of what it is now, see :func:`edited_parts`.

    Raises:
        BadInput: if it is missing, truncated, not a fit, edited, or of a newer version.
    """
    document, edited = read_as_it_is(path, required)
    for place in edited:
        if not accept_edited:
            raise BadInput(
                f"{place}: was edited since it was written (its sha256 differs); fit again, or "
                "paint and fit with --accept-edited"
            )
        logger.warning("%s: warning: was edited since it was written; taken as it is now", place)
    return document


def read_as_it_is(path: str | os.PathLike, required: Sequence[str] = ()) -> tuple[dict, list[str]]:
    """Read a document whether or not it was edited.

    Args:
        path: the file.
        required: as for :func:`read_document`.

    Returns:
        The document as :func:`read_document` gives it, and the places where it was edited, with the
        file before each; none where it is as it was written.

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
        document = json.loads(
            text,
            object_pairs_hook=_without_repetition,
            parse_float=_finite,
            parse_constant=_finite,
        )
        edited: list[str] = []
        return _checked(document, str(path), required, edited), edited
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: truncated or not JSON ({error}); fit again") from error


def edited_parts(document: dict) -> list[str]:
    """Which documents in a document, itself and those inside it, were edited by hand.

    Returns:
        A key path for each, as ``stellar_mass_fit.dark_matter_fit``; ``""`` is the document itself.
    """
    return [place for place, one in documents_within(document).items() if one.get(EDITED) is True]


def documents_within(document: dict) -> dict[str, dict]:
    """A document and all that it contains, at any depth, by key path; its own is ``""``."""
    found: dict[str, dict] = {}

    def look(one: dict, place: str) -> dict:
        found[place] = one
        for name, value in one.items():
            _replaced(value, f"{place}.{name}".lstrip("."), look)
        return one

    look(document, "")
    return found


def as_text(document: dict) -> str:
    """JSON with one key a line, and short lists on one line."""
    return _format(document, "") + "\n"


def _checked(document: Any, where: str, required: Sequence[str], edited: list[str]) -> dict:
    """The document, its edited parts marked, with digests of what they are now.

    The places of the edited parts are appended to ``edited``.
    """
    if not isinstance(document, dict) or "format_version" not in document:
        raise BadInput(f"{where}: is not a fit of jerald-tools; give one that it wrote")
    version = document["format_version"]
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise BadInput(
            f"{where}: format version {version} is newer than {FORMAT_VERSION}, the newest that "
            "this version reads; update jerald-tools"
        )
    missing = [key for key in (*required, "sha256") if key not in document]
    if missing:
        raise BadInput(f"{where}: lacks {', '.join(missing)}; give a whole fit")
    before = len(edited)
    if was_edited := document["sha256"] != content_digest(document):
        edited.append(where)

    def check(one: dict, place: str) -> dict:
        return _checked(one, place, required, edited)

    members = {
        name: _replaced(value, f"{where}: {name}", check) for name, value in document.items()
    }
    if was_edited:
        return sealed({**members, EDITED: True})
    # A document that has its digest may have got it when one inside it had been edited.
    return document if len(edited) == before else sealed(members)


def _replaced(value: Any, place: str, replace: Callable[[dict, str], dict]) -> Any:
    """The value with each document in it, at any depth, as ``replace(document, its_place)``."""
    if isinstance(value, dict):
        if {"format_version", "sha256"} <= value.keys():
            return replace(value, place)
        return {
            name: _replaced(member, f"{place}.{name}", replace) for name, member in value.items()
        }
    if isinstance(value, list):
        return [_replaced(member, f"{place}[{n}]", replace) for n, member in enumerate(value)]
    return value


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is not a finite number")
    return number


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands twice")
    return members


def _plain(value: Any) -> Any:
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


def _format(value: Any, indent: str) -> str:
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
