# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that ask a long run to stop: those that Slurm sends before it ends a job.

The run stops where its ranks agree to, after an evaluation or a step. If that takes too long, it
is stopped at once: its journal or checkpoint is valid at every moment.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

import click

from jerald_tools.cli.rank_failure import stop_at_once
from jerald_tools.process import forget_requests, launched_rank, request_stop, stop_requested

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)

# How long the ranks may take to agree; Slurm waits for 30 s before it kills. Rank 0 waits least, so
# that the launcher has stopped the others before they print a line too.
PATIENCE_SECONDS = 5.0
LATER_SECONDS = 4.0


def stop_when_asked(advice: str) -> None:
    """Have the running command stop with one line and status 75 when a signal asks for it.

    Call it before anything imports JAX, which takes seconds. A process that was stopped ignores
    further signals: those to the other ranks may still be on their way.

    Args:
        advice: how to continue the work, the end of that line.
    """
    click.get_current_context().with_resource(_listening(advice))


@contextlib.contextmanager
def _listening(advice: str) -> Iterator[None]:
    """Listen in a thread, which wakes while the main one is inside a long computation."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, lambda number, _: None) for number in SIGNALS}
    wakeup_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    command = click.get_current_context().command.name
    ended = threading.Event()
    listener = threading.Thread(target=_listen, args=(reading, ended, command, advice), daemon=True)
    listener.start()
    try:
        yield
    finally:
        ended.set()
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if stop_requested() else handler)
        os.close(writing)
        listener.join()
        forget_requests()


def _listen(reading: int, ended: threading.Event, command: str, advice: str) -> None:
    """Wait for a signal, or for the other end of the pipe to close."""
    while number := os.read(reading, 1):
        if number[0] in SIGNALS:
            line = f"stopped by {signal.Signals(number[0]).name}; {advice}"
            request_stop(line)
            if not ended.wait(PATIENCE_SECONDS + LATER_SECONDS * (launched_rank() > 0)):
                stop_at_once(command, line)
    os.close(reading)
