# SPDX-License-Identifier: GPL-3.0-or-later
"""How a failing command ends: one line, an exit status, and the failure of a rank stops the others.

A rank that fails alone leaves the others waiting in a collective: :func:`end` stops them. Errors
inside the native library stop all ranks from there (``native/communicator.hpp``). Errors that ranks
share are raised on every one of them by :mod:`jerald_tools.mesh.ranks`.
"""

import errno
import os
import sys
import time
import traceback
from types import ModuleType

import click

from jerald_tools.errors import SELF_CHECK, BadInput, RunFailed, RunStopped
from jerald_tools.process import launched_rank, launched_size

BAD_INPUT = 2
FAILED = 1
INTERRUPTED = 130
STOPPED = 75  # what BSD's sysexits.h calls a temporary failure: try again later

# How XLA and the native library name an allocation that failed.
OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "std::bad_alloc")
# The name of XLA's allocators on a card.
CARD = "GPU_"

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# How long a rank with an error waits for the others to have the same one; less for an error that is
# seldom shared.
PATIENCE_SECONDS = 5.0
SHORT_PATIENCE_SECONDS = 0.5

# How long the launcher may take to pass on a rank's line, before it reports the end itself.
FORWARDING_SECONDS = 0.1

# How much longer each rank waits than the one below it before it prints, for so many ranks.
TURN_SECONDS, TURNS = 0.25, 8

# Number of innermost calls that the line of an unforeseen error names.
CALLS_SHOWN = 4


def end(command: str, error: BaseException) -> int:
    """Print what went wrong, stop the other ranks, and return the exit status.

    An error that all ranks share (a bad option, a :class:`BadInput` that was broadcast) is one line
    from rank 0. An error of one rank alone is one line from that rank, and stops all others. An
    unforeseen error keeps its traceback in a single process; over ranks, the line names the last
    calls. An interrupt from the keyboard needs no line, and stops all others too.

    Args:
        command: the name of the executable, the first word of the line.
        error: what the command raised.
    """
    if isinstance(error, KeyboardInterrupt | click.Abort):
        if not _all_ranks_arrive(SHORT_PATIENCE_SECONDS):
            _abort_all_ranks(INTERRUPTED)
        return INTERRUPTED
    if isinstance(error, RunStopped):
        if _all_ranks_arrive(PATIENCE_SECONDS):
            _say_on_root(f"{command}: {error}")
        return STOPPED
    line, status = describe(error)
    if line is None and launched_size() == 1:
        traceback.print_exception(error)
        return status
    line = line or _last_calls(error)
    expected = isinstance(error, BadInput | RunFailed | click.ClickException)
    if expected and _all_ranks_arrive(PATIENCE_SECONDS):
        _say_on_root(f"{command}: error: {line}")
        return status
    if not expected and _running_mpi() and _all_ranks_arrive(SHORT_PATIENCE_SECONDS):
        _say_on_root(f"{command}: error: on every rank: {line}")
        if launched_rank() != 0:
            time.sleep(SHORT_PATIENCE_SECONDS)  # for rank 0 to print it before all are stopped
    else:
        # Of ranks that fail at once the lowest prints: the others give it time to stop them.
        time.sleep(TURN_SECONDS * min(launched_rank(), TURNS))
        rank = f"rank {launched_rank()}: " if launched_size() > 1 else ""
        print(f"{command}: error: {rank}{line}", file=sys.stderr)
    _abort_all_ranks(status)
    return status


def stop_at_once(command: str, line: str) -> None:
    """Print a line and stop all ranks, regardless of their work: for a thread beside the main one.

    Args:
        command: the name of the executable, the first word of the line.
        line: who asked for it, and how to continue the work.
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
    if SELF_CHECK in str(error):
        return _one_line(SELF_CHECK + str(error).partition(SELF_CHECK)[2]), FAILED
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in OUT_OF_MEMORY):
        where, fix = ("", "more ranks")
        if CARD in str(error):
            where, fix = " on the GPU", "--device cpu"
        reason = _one_line(str(error))
        return f"out of memory{where}: use {fix} or a smaller mesh ({reason})", FAILED
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return f"{error.filename}: no space left for it ({error.strerror}); free some", FAILED
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}", FAILED
    return None, FAILED


def _last_calls(error: BaseException) -> str:
    """An error and the calls that led to it, in one line."""
    frames = traceback.extract_tb(error.__traceback__)[-CALLS_SHOWN:]
    calls = ", ".join(
        f"{os.path.basename(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames
    )
    text = str(error).splitlines()
    if len(text) > 2:  # such as a traceback in the text of an error of JAX
        text = [text[0], "...", text[-1]]
    return f"{type(error).__name__}: {_one_line(' '.join(text))} ({calls})"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _running_mpi() -> ModuleType | None:
    """mpi4py's MPI if this process runs several ranks with it, else None; never imports it."""
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is None or not mpi.Is_initialized() or mpi.Is_finalized():
        return None
    return mpi if mpi.COMM_WORLD.size > 1 else None


def _all_ranks_arrive(seconds: float) -> bool:
    """Whether every rank gets here within a few seconds, as after an error that all share."""
    mpi = _running_mpi()
    if mpi is None:
        return True
    arrival = mpi.COMM_WORLD.Ibarrier()
    deadline = time.monotonic() + seconds
    while not arrival.Test():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _say_on_root(line: str) -> None:
    if launched_rank() == 0:
        print(line, file=sys.stderr, flush=True)
    elif _running_mpi() is None:
        # The launcher kills all when the first one ends: give rank 0 time to print the line.
        time.sleep(PATIENCE_SECONDS)


def _abort_all_ranks(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    mpi = _running_mpi()
    if mpi is not None:
        time.sleep(FORWARDING_SECONDS)
        mpi.COMM_WORLD.Abort(status)
