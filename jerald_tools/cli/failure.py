# SPDX-License-Identifier: GPL-3.0-or-later
"""How a command ends when something is wrong: one line, the status, and no rank left behind."""

import errno
import os
import sys
import time
import traceback

import click

from jerald_tools.errors import BadInput, RunFailed, RunStopped
from jerald_tools.launcher import launched_rank, launched_size

BAD_INPUT = 2
FAILED = 1
INTERRUPTED = 130
STOPPED = 75  # what BSD's sysexits.h calls a temporary failure: try again later

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# How long a rank with an error waits for the others to have the same one.
PATIENCE_SECONDS = 5.0


def end(command: str, error: BaseException) -> int:
    """Say what went wrong, take the other ranks along, and return the exit status.

    An error that all ranks share (a bad option, a :class:`BadInput` that was broadcast) is one line
    from rank 0. An error of one rank alone is said by that rank, and ends all others.

    Args:
        command: the name of the executable, the first word of the line.
        error: what the command raised.
    """
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return INTERRUPTED
    if isinstance(error, RunStopped):
        if _all_ranks_arrive():
            _say_on_root(f"{command}: {error}")
        return STOPPED
    line, status = describe(error)
    shared = isinstance(error, BadInput | RunFailed | click.ClickException)
    if shared and _all_ranks_arrive():
        _say_on_root(f"{command}: error: {line}")
        return status
    if line is None:
        traceback.print_exception(error)
    else:
        rank = f"rank {launched_rank()}: " if launched_size() > 1 else ""
        print(f"{command}: error: {rank}{line}", file=sys.stderr)
    _abort_all_ranks(status)
    return status


def stop_at_once(command: str, line: str) -> None:
    """Say a line and end all ranks, whatever they are doing: for a thread beside the main one.

    Args:
        command: the name of the executable, the first word of the line.
        line: who asked for it and what becomes of the work.
    """
    print(f"{command}: {line}", file=sys.stderr)
    _abort_all_ranks(STOPPED)
    os._exit(STOPPED)


def describe(error: BaseException) -> tuple[str | None, int]:
    """The line for users, or None where only a traceback will do, and the exit status."""
    if isinstance(error, BadInput):
        return _one_line(str(error)), BAD_INPUT
    if isinstance(error, click.ClickException):
        return _one_line(error.format_message()), BAD_INPUT
    if isinstance(error, RunFailed):
        return _one_line(str(error)), FAILED
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return f"out of memory: use more ranks or a smaller mesh ({_one_line(str(error))})", FAILED
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return f"{error.filename}: no space left for it ({error.strerror}); free some", FAILED
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}", FAILED
    return None, FAILED


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _running_mpi():
    """mpi4py's MPI if this process runs several ranks with it, else None; never imports it."""
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is None or not mpi.Is_initialized() or mpi.Is_finalized():
        return None
    return mpi if mpi.COMM_WORLD.size > 1 else None


def _all_ranks_arrive() -> bool:
    """Whether every rank gets here within a few seconds, as after an error that all share."""
    mpi = _running_mpi()
    if mpi is None:
        return True
    arrival = mpi.COMM_WORLD.Ibarrier()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not arrival.Test():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _say_on_root(line: str) -> None:
    if launched_rank() == 0:
        print(line, file=sys.stderr, flush=True)
    elif _running_mpi() is None:
        # The launcher kills all when the first one ends: leave rank 0 the time to say the line.
        time.sleep(PATIENCE_SECONDS)


def _abort_all_ranks(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    mpi = _running_mpi()
    if mpi is not None:
        mpi.COMM_WORLD.Abort(status)
