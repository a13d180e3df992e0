# SPDX-License-Identifier: GPL-3.0-or-later
"""One rank that fails, wherever it is, stops all of them soon, and its message is the first."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from failing_rank import PLACES

SECONDS = 10.0
RANKS = 2

# What the first line of standard error says; elsewhere it is the command's line about the slip.
SLIP = f"failing-rank: error: rank {RANKS - 1}: ZeroDivisionError: a slip ("
NATIVE = f"jerald-tools: error on rank {RANKS - 1} of {RANKS}: "
LINES = {
    "reading": f"failing-rank: error: rank {RANKS - 1}: ics.h5: Permission denied",
    "exchanging": f"failing-rank: error: rank {RANKS - 1}: ValueError: 'list' argument must have",
    "transforming": NATIVE + "the field has the shape (7) instead of (6, 8, 10)",
    "exchanging_halos": NATIVE + "the field has the shape (7) instead of (6, 8, 10)",
    "callback_in_jit": f"failing-rank: error: rank {RANKS - 1}: JaxRuntimeError: ",
    "memory_limit": f"failing-rank: error: rank {RANKS - 1}: out of memory: use more ranks or a ",
    "memory_limit_in_the_library": NATIVE + "out of memory: use more ranks or a smaller mesh",
}
# Of a process that can say nothing any more the launcher tells.
SIGNALS = {"killed": signal.SIGKILL, "abort_in_jit": signal.SIGABRT}


@pytest.mark.parametrize("place", PLACES)
def test_all_ranks_stop(place, tmp_path):
    environment = {
        **os.environ,
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMP_NUM_THREADS": "1",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=0",
    }
    driver = Path(__file__).with_name("failing_rank.py")
    run = subprocess.run(
        ["mpirun", "--oversubscribe", "-n", str(RANKS), sys.executable, driver, place],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    ended = time.time()
    assert run.returncode not in (0, None)
    said, _, moment = run.stdout.strip().rpartition(" ")
    assert said == "failing at", run.stdout
    assert ended - float(moment) < SECONDS
    if place in SIGNALS:
        assert f"exited on signal {SIGNALS[place].value}" in run.stderr
        return
    first, *rest = run.stderr.splitlines()
    assert first.startswith(LINES.get(place, SLIP)), run.stderr
    assert not any("error: " in line and "rank" in line for line in rest), run.stderr
    assert "Traceback" not in run.stderr.replace(first, "")
    assert not list(tmp_path.iterdir())
