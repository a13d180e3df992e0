# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGTERM and SIGUSR1 end a run with one line and status 75, wherever it is, with all ranks."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

# Loops until it is told to stop, or hangs where no signal is looked for: in a sum over all ranks
# that one of them never joins.
DEMO = """
import os, sys, threading, time
import click
from jerald_tools.cli import stop_signals
from jerald_tools.cli.command import command
from jerald_tools.mesh.ranks import gather, stop_if_requested, world

stop_signals.PATIENCE_SECONDS, stop_signals.LATER_SECONDS = 1.5, 3.0

@command("demo", example="demo loop")
@click.argument("action")
def main(run, action):
    stop_signals.stop_when_asked("that is all")
    pids = gather(world(), os.getpid())
    if world().rank == 0:
        print(*pids, flush=True)
    while action == "loop":
        time.sleep(0.01)
        stop_if_requested(world())
    if world().rank == 0:
        threading.Event().wait()
    gather(world(), "never")

main()
"""


def ended(ranks, action, to, number):
    """Status and standard error of the demo after a signal to some of its ranks."""
    launcher = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    with subprocess.Popen(
        [*launcher, sys.executable, "-c", DEMO, action],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"},
    ) as process:
        pids = [int(word) for word in process.stdout.readline().split()]
        for rank in to:
            os.kill(pids[rank], number)
        _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize(
    ("ranks", "action", "to"),
    [
        (1, "hang", [0]),
        (3, "loop", [1]),
        (3, "loop", [0, 1, 2]),
        (3, "hang", [2]),
        (3, "hang", [0, 1, 2]),
    ],
)
def test_one_line_and_the_status(ranks, action, to):
    number = signal.SIGUSR1 if len(to) == 1 else signal.SIGTERM
    status, said = ended(ranks, action, to, number)
    assert status == 75, said
    assert said.count("demo: ") == 1
    assert f"demo: stopped by {number.name}; that is all\n" in said
    assert "Traceback" not in said
