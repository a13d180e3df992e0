# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a long loop: a bar on a terminal, a plain line now and then in a log."""

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10.0

Advance = Callable[..., None]
"""``advance(done, note="")``: call it after each step."""


@contextlib.contextmanager
def progress(total: int, description: str) -> Iterator[Advance]:
    """Show how far a loop of ``total`` steps is.

    Yields:
        ``advance(done, note="")``: call it after each step with the steps done so far and, say, the
        loss. Ranks other than 0 and ``--quiet`` show nothing: their log level is above INFO.
    """
    if not logger.isEnabledFor(logging.INFO):
        yield lambda done, note="": None
    elif sys.stderr.isatty():
        with _bar(total, description) as advance:
            yield advance
    else:
        yield _lines(total, description)


@contextlib.contextmanager
def _bar(total: int, description: str) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=total, note="")
        yield lambda done, note="": bar.update(task, completed=done, note=note)


def _lines(total: int, description: str) -> Advance:
    last = time.monotonic()

    def advance(done: int, note: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= SECONDS_BETWEEN_LINES:
            last = now
            logger.info("%s: %d of %d %s", description, done, total, note)

    return advance
