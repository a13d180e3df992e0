# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception that users see as a line instead of a traceback."""


class BadInput(Exception):
    """An input that cannot be used: one line that names the file, the value and the mend.

    Every command turns it into that line on standard error (from one rank) and exit status 2.
    """
