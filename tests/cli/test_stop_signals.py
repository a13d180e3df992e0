# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGTERM and SIGUSR1 end a run with one line and status 75, wherever it is, with all ranks."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

# Loops until it is told to stop, or hangs where no signal is looked for: in a sum over all ranks
# that one of them never joins. Its end takes as long as that of a large run, so that signals come
# in the middle of it. Patience is endless where it must not run out, on whatever machine.
DEMO = """
import os, sys, threading, time
from jerald_tools.cli import rank_failure, stop_signals
from jerald_tools.cli.command import command
from jerald_tools.process import launched_rank
from jerald_tools.mesh.ranks import gather, stop_if_requested, world

ENDLESS = 300.0
action, to = sys.argv.pop(1), [int(rank) for rank in sys.argv.pop(1).split(",")]
runs_out = action == "hang" and launched_rank() in to
stop_signals.PATIENCE_SECONDS = 0.5 if runs_out else ENDLESS
stop_signals.LATER_SECONDS = ENDLESS if 0 in to else 0.0
rank_failure.PATIENCE_SECONDS = ENDLESS
end = rank_failure.end

def end_slowly(*arguments):
    time.sleep(0.5)
    return end(*arguments)

rank_failure.end = end_slowly

@command("demo", body="__main__:act", example="demo")
def main():
    stop_signals.stop_when_asked("that is all")
    return {}

def act(run):
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


def ended(ranks, action, to, number, gap):
    """Status and standard error of the demo after a signal to some of its ranks, one by one."""
    launcher = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    with subprocess.Popen(
        [*launcher, sys.executable, "-c", DEMO, action, ",".join(map(str, to))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"},
    ) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        for rank in to:
            with contextlib.suppress(ProcessLookupError):  # it may be over for all already
                os.kill(pids[rank], number)
            time.sleep(gap)
        _, said = process.communicate(timeout=300)
    return process.returncode, said


@pytest.mark.parametrize(
    ("ranks", "action", "to", "gap"),
    [
        (1, "hang", [0], 0.0),
        (3, "loop", [1], 0.0),
        (3, "loop", [0, 1, 2], 0.0),
        (3, "loop", [0, 1, 2], 0.05),
        (3, "hang", [2], 0.0),
        (3, "hang", [0, 1, 2], 0.0),
    ],
)
def test_one_line_and_the_status(ranks, action, to, gap):
    number = signal.SIGUSR1 if len(to) == 1 else signal.SIGTERM
    status, said = ended(ranks, action, to, number, gap)
    assert status == 75, said
    assert said.count("demo: ") == 1
    assert f"demo: stopped by {number.name}; that is all\n" in said
    assert "Traceback" not in said


# Sends itself a signal when JAX is about to be imported, long before any file is looked at.
EARLY = """
import importlib, os, signal, sys

class Interruption:
    def find_spec(self, name, path=None, target=None):
        if name == "jax":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGUSR1)

sys.meta_path.insert(0, Interruption())
from jerald_tools.cli import stop_signals

stop_signals.PATIENCE_SECONDS = 300.0
module, command = sys.argv.pop(1).split(":")
getattr(importlib.import_module(module), command)()
"""


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("fit:fit_dm", ["absent.h5", "--target", "absent.h5", "-o", "fit.json"]),
        ("run_fastpm:main", ["absent.h5", "--redshift", "2", "-o", "particles.h5"]),
    ],
)
def test_a_signal_in_the_first_seconds_kills_nothing(tmp_path, name, arguments):
    run = subprocess.run(
        [sys.executable, "-c", EARLY, f"jerald_tools.cli.{name}", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 2, run.stderr
    assert "error: absent.h5: no such file" in run.stderr
