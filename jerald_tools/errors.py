# SPDX-License-Identifier: GPL-3.0-or-later
"""The exceptions that users see as a line instead of a traceback."""

SELF_CHECK = "self-check"
"""How the line of every self-check begins that fails, those of the native library included."""


class BadInput(Exception):
    """An input that cannot be used: one line that names the file, the value and the mend.

    Every command turns it into that line on standard error (from one rank) and exit status 2.
    """


class RunFailed(Exception):
    """A run that cannot give a usable result though its input was fine: one line, exit status 1.

    For example a fit that ends on the all-floor map, or a field that became NaN.
    """


class NoUsableMap(RunFailed):
    """A fit whose starts all failed, and would again: what was kept to go on from is of no use."""


class RunStopped(Exception):
    """A run that was asked to stop before it was done: one line, exit status 75.

    All ranks raise it together, between two steps of their work.
    """
