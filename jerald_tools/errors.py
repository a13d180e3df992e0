# SPDX-License-Identifier: GPL-3.0-or-later
"""The exceptions that users see as a line instead of a traceback."""

import contextlib
import os
from collections.abc import Iterator

SELF_CHECK = "self-check"
"""How the line of every self-check begins that fails, those of the native library included."""


DAMAGE = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
"""What reading a value raises that is missing, of another type or out of range."""


class BadInput(Exception):
    """An input that cannot be used: one line that names the file, the value and the fix.

    Every command turns it into that line on standard error (from one rank) and exit status 2.
    """


class RunFailed(Exception):
    """A run that cannot give a usable result though its input was fine: one line, exit status 1.

    For example a fit that ends on the all-floor map, or a field that became NaN.
    """


class NoUsableMap(RunFailed):
    """A fit whose starts all failed, and would again: its journal is useless."""


class RunStopped(Exception):
    """A run that was asked to stop before it was done: one line, exit status 75.

    All ranks raise it together, between two steps of their work.
    """


@contextlib.contextmanager
def refusing(path: str | os.PathLike, problem: str, fix: str) -> Iterator[None]:
    """Turn what reading a damaged or incomplete file raises into the line that users see.

    Args:
        path: of the file.
        problem: what is wrong with it.
        fix: what the user should do.

    Raises:
        BadInput: with the reason in brackets, in place of an error of the operating system, of
            h5py, or of a value that is missing, of another type or out of range.
    """
    try:
        yield
    except (*DAMAGE, OSError, RuntimeError) as error:
        raise BadInput(f"{path}: {problem} ({_reason(error)}); {fix}") from error


def _reason(error: Exception) -> str:
    """The message of an error in one line; that of a missing key says no more than its name."""
    is_key = isinstance(error, KeyError) and len(error.args) == 1
    words = str(error.args[0] if is_key else error).split()
    return f"{words[0]} is missing" if is_key and len(words) == 1 else " ".join(words)
