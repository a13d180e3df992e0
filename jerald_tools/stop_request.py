# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this process was asked to stop, for long loops to look at."""

_requests: list[str] = []


def request_stop(line: str) -> None:
    """Ask the loops of this process to stop.

    Args:
        line: who asks and what becomes of the work, for users.
    """
    _requests.append(line)


def stop_requested() -> str | None:
    """The line of the first request, None if there is none."""
    return _requests[0] if _requests else None


def forget_requests() -> None:
    """Go on as if nobody had asked."""
    _requests.clear()
