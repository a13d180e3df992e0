# SPDX-License-Identifier: GPL-3.0-or-later
"""A process and its run: its place among the ranks, requests to stop, the time of each stage.

Only the standard library is imported: this is known before MPI, JAX or NumPy are.
"""

import contextlib
import logging
import os
import time
from collections.abc import Iterator

logger = logging.getLogger(__name__)

RANK_VARIABLES = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID")
"""Where launchers say a process' rank: Open MPI, PMIx, PMI with MPICH, Slurm, in this order."""

SIZE_VARIABLES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS")
"""Where launchers say how many processes they started."""

_stop_requests: list[str] = []


def launched_rank() -> int:
    """The rank that the launcher gave this process; 0 without a launcher."""
    return next((int(os.environ[name]) for name in RANK_VARIABLES if os.environ.get(name)), 0)


def launched_size() -> int:
    """How many processes the launcher started; 1 without a launcher."""
    return max(int(os.environ.get(name) or 1) for name in SIZE_VARIABLES)


def request_stop(line: str) -> None:
    """Ask the loops of this process to stop between two steps.

    :func:`jerald_tools.mesh.ranks.stop_if_requested` stops all ranks if one was asked.

    Args:
        line: who asks, and what becomes of the work, for users.
    """
    _stop_requests.append(line)


def stop_requested() -> str | None:
    """The line of the first request, None if there is none."""
    return _stop_requests[0] if _stop_requests else None


def forget_requests() -> None:
    """Continue as if nobody had asked."""
    _stop_requests.clear()


class Stopwatch:
    """Wall-clock seconds of each named stage of a run, for its log and provenance.

    A stage that is entered again adds to its time. JAX returns before its work is done: block on
    the result of a stage before the stage ends, or its time is counted to whoever waits for it.

    Attributes:
        seconds: of each stage, by name.
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
