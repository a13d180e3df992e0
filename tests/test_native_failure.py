# SPDX-License-Identifier: GPL-3.0-or-later
"""An error inside the native library on one rank ends all of them: none is left waiting."""

import os
import subprocess
import sys

PROGRAM = """
import numpy as np
from jerald_tools.mesh import native
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import gather

mesh = make_mesh(8, 1.0, "double")
field = np.zeros(100 if mesh.ranks.rank == 1 else mesh.local_shape)
native.readout(mesh, field, np.zeros((3, 3))).block_until_ready()
gather(mesh.ranks, "here the healthy rank waits for the other")
print("went on")
"""


def test_one_rank_fails():
    environment = os.environ | {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    run = subprocess.run(
        ["mpirun", "--oversubscribe", "-n", "2", sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode != 0
    assert "went on" not in run.stdout
    assert (
        "jerald-tools: error on rank 1 of 2: the field has the shape (100) instead of (4, 8, 8)\n"
        in run.stderr
    )
