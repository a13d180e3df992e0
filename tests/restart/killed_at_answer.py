# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit that is killed at a moment which no machine's speed changes; no test itself.

`killed_at_answer.py NUMBER fit-dm ...` runs that command until it has so many answers, taken up
or computed; then rank 0, which keeps the journal, kills itself as `kill -9` would.
"""

import os
import runpy
import signal
import sys
from pathlib import Path

from jerald_tools.fitting.journal import Journal
from jerald_tools.process import launched_rank

number, name = int(sys.argv[1]), sys.argv[2]
answer = Journal.answer
given = 0


def answer_and_die(self, kind, question, compute):
    """An answer; after the last one nothing more happens."""
    global given
    found = answer(self, kind, question, compute)
    given += 1
    if given == number and launched_rank() == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return found


Journal.answer = answer_and_die
del sys.argv[:2]
runpy.run_path(str(Path(sys.executable).with_name(name)), run_name="__main__")
