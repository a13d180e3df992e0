# SPDX-License-Identifier: GPL-3.0-or-later
"""Wall-clock seconds per named stage of a run, for the log and for provenance."""

import contextlib
import logging
import time
from collections.abc import Iterator

logger = logging.getLogger(__name__)


class Stages:
    """A stopwatch with one lap per stage; a stage entered again adds to its time.

    JAX returns before its work is done: block on a stage's result before the stage ends, or the
    time is counted to whoever waits for it.
    """

    def __init__(self):
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the ``with`` block as the stage ``name``, nested stages included."""
        start = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + elapsed
            logger.debug("%s: %.2f s", name, elapsed)
