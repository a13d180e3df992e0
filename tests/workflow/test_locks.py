# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks of dead runs, and of runs that live."""

import os
import signal
import time


def test_after_a_kill_the_same_command_is_enough_and_a_living_run_is_not_disturbed(fresh):
    target = "results/unseen_seed4417/initial_conditions.h5"
    command = fresh.commands / "generate-ics"
    quick = command.read_text()
    command.write_text(quick + "echo $$ > job\nexec sleep 60\n")
    job = fresh.folder / "job"
    with fresh.start(target) as first:
        while not job.exists() or not job.read_text():
            assert first.poll() is None
            time.sleep(0.05)
        second = fresh.snakemake(target)
        assert second.returncode == 1
        assert "Directory cannot be locked" in second.stdout + second.stderr
        first.kill()
        os.kill(int(job.read_text()), signal.SIGKILL)
        first.communicate()
    command.write_text(quick)
    third = fresh.snakemake(target)
    assert third.returncode == 0, third.stdout + third.stderr
    assert fresh.jobs("--", target) == {}
