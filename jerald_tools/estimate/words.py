# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers as words: bytes and seconds."""


def size(number: float) -> str:
    """Bytes in words: 1.2 GB, 35 MB."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if number >= unit:
            return f"{number / unit:.{1 if number < 10 * unit else 0}f} {name}"
    return f"{number / 1e3:.0f} kB"


def duration(seconds: float) -> str:
    """Seconds in words: 40 s, 12 min, 3.5 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
