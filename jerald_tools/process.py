# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process knows of its run: its ranks, requests to stop, the time of each stage."""

import contextlib
import logging
import os
import time
from collections.abc import Iterator

# What an MPI launcher tells its processes in their environment, before MPI is imported.

# Open MPI's mpirun, PMIx and PMI launchers, MPICH's mpiexec and Slurm's srun, in this order.
RANK_VARIABLES = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID")
SIZE_VARIABLES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS")


def launched_rank() -> int:
    """The rank that the launcher gave this process; 0 without a launcher."""
    return next((int(os.environ[name]) for name in RANK_VARIABLES if os.environ.get(name)), 0)


def launched_size() -> int:
    """How many processes the launcher started; 1 without a launcher."""
    return max(int(os.environ.get(name) or 1) for name in SIZE_VARIABLES)


# Whether this process was asked to stop, for long loops to look at.

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


# Wall-clock seconds per named stage of a run, for the log and for provenance.

logger = logging.getLogger(__name__)


class Stopwatch:
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
