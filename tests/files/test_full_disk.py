# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that fills up while a file is written, played by the limit on a process's file size."""

import subprocess
import sys

import pytest

WRITER = """
import resource, signal, sys
import numpy as np
from jerald_tools.cli.failure import end
from jerald_tools.cosmology import Cosmology
from jerald_tools.files.fits import write_fit
from jerald_tools.files.maps import MapHeader, write_map
from jerald_tools.files.provenance import Provenance, this_run

path, limit = sys.argv[1], int(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
header = MapHeader("dark-matter", "1", "", (1, 1, 1), (64, 64, 64), 0, Cosmology())
fit = dict.fromkeys(("quantity", "redshift", "layers", "parameters", "loss"), 0)
pieces = ((start, np.random.rand(16, 64, 64)) for start in range(0, 64, 16))
try:
    if path.endswith(".h5"):
        write_map(path, header, pieces, Provenance(this_run()), force=True)
    else:
        write_fit(path, {**fit, "history": [0.5] * 10**5}, force=True)
except OSError as error:
    sys.exit(end("writer", error))
"""


@pytest.mark.parametrize(
    ("name", "limit"),
    [("m.h5", 0), ("m.h5", 1000), ("m.h5", 10**6), ("m.h5", 2100 * 10**3), ("f.json", 10**5)],
)
def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path, name, limit):
    path = tmp_path / name
    path.write_text("old")
    process = subprocess.run(
        [sys.executable, "-c", WRITER, path, str(limit)], capture_output=True, text=True
    )
    assert process.returncode == 1, process.stderr
    assert process.stderr.startswith(f"writer: error: {path}: no space left for it (")
    assert process.stderr.count("\n") == 1
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_writer_succeeds_with_room(tmp_path):
    path = tmp_path / "m.h5"
    process = subprocess.run([sys.executable, "-c", WRITER, path, str(10**8)])
    assert process.returncode == 0
    assert path.stat().st_size > 64**3 * 8
