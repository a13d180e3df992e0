# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that were started by the launcher of another MPI than mpi4py's."""

import os
import subprocess
import sys

import pytest

from jerald_tools.cli.launcher import require_one_world
from jerald_tools.errors import BadInput
from jerald_tools.process import RANK_VARIABLES, SIZE_VARIABLES

pytest.importorskip("mpi4py")

GENERATE = (
    "from jerald_tools.cli.initial_conditions import generate_ics as main; main.main(['--seed', "
    "'1', '--mesh', '8', '--box-size', '10', '--camb', '-o', 'ics.h5'])"
)


def alone(**variables):
    """The environment of a process that no launcher started, and what another one sets."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OMPI_", "PMI", "PRTE", "SLURM")) or name.startswith("OMPI_ALLOW")
    }
    return kept | variables


@pytest.mark.parametrize(
    "variables", [{"PMI_SIZE": "2", "PMI_RANK": "0"}, {"SLURM_STEP_NUM_TASKS": "4"},
                  {"MPI_LOCALNRANKS": "2"}, {"MV2_COMM_WORLD_SIZE": "2"}]
)  # fmt: skip
def test_every_process_would_be_rank_0_of_1(tmp_path, variables):
    run = subprocess.run(
        [sys.executable, "-c", GENERATE],
        cwd=tmp_path,
        env=alone(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in run.stderr.splitlines() if "error" in line]
    assert run.returncode == 2, run.stderr
    assert len(lines) == 1
    assert "generate-ics: error: the launcher started" in lines[0]
    assert "sees 1: use the mpirun" in lines[0]
    assert not list(tmp_path.iterdir())


def test_a_launcher_that_does_not_say_how_many(monkeypatch):
    for name in (*RANK_VARIABLES, *SIZE_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    require_one_world()
    monkeypatch.setenv("PMIX_RANK", "1")
    with pytest.raises(BadInput, match="PMIX_RANK = 1: a launcher started several processes but"):
        require_one_world()
