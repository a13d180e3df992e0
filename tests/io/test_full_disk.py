# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that fills up while a file is written, played by the limit on a process's file size."""

import subprocess
import sys

import pytest

from jerald_tools.io.append_log import AppendLog

WRITER = """
import resource, signal, sys
from pathlib import Path
import h5py
import numpy as np
from jerald_tools.cli.rank_failure import end
from jerald_tools.cosmology import Cosmology
from jerald_tools.io.atomic import atomic_write
from jerald_tools.io.sealed_json import write_document
from jerald_tools.io.grids import InitialConditionsHeader, write_initial_conditions
from jerald_tools.io.grids import MapHeader, write_map
from jerald_tools.io.export import write_mesh
from jerald_tools.io.particles import ParticlesHeader, ParticlesFile, write_particles
from jerald_tools.io.export import write_particles_gadget
from jerald_tools.io.record import this_run
from jerald_tools.io.spectra import write_spectrum

kind, path, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
box, mesh, lattice = (1, 1, 1), (64, 64, 64), (32, 32, 32)
record = this_run()
map_header = MapHeader("dark-matter", "1", "", box, mesh, 0, Cosmology())
ic_header = InitialConditionsHeader(box, mesh, lattice, Cosmology())
particles_header = ParticlesHeader(box, lattice, 2.0, Cosmology())
fit = dict.fromkeys(("quantity", "redshift", "layers", "parameters", "loss"), 0)
pieces = ((start, np.random.rand(16, 64, 64)) for start in range(0, 64, 16))
rows = [(0, np.random.rand(32**3, 3))]
numbers = np.random.rand(10**4)
source = Path(path).with_name("source.h5")
if kind == "figure":
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.imshow(np.random.rand(300, 300))
if kind == "gadget":
    write_particles(source, particles_header, rows, rows, record)

def figure_of_plot_figures():
    with atomic_write(path, force=True) as temporary:
        figure.savefig(temporary, format="png")

def gadget():
    with ParticlesFile(source) as file:
        write_particles_gadget(path, file, record, force=True)

def journal():
    from jerald_tools.mesh.ranks import ONE_PROCESS
    from jerald_tools.fitting.journal import journal_in

    with journal_in(path, ONE_PROCESS, {"n": "1" * 100}, force=False) as kept:
        kept.answer(0, np.zeros(3), lambda: np.zeros(1000))

write = {
    "map": lambda: write_map(path, map_header, pieces, record, force=True),
    "initial conditions": lambda: write_initial_conditions(
        path, ic_header, pieces, record, force=True
    ),
    "particles": lambda: write_particles(
        path, particles_header, rows, rows, record, force=True
    ),
    "fit": lambda: write_document(path, {**fit, "history": [0.5] * 10**5}, force=True),
    "spectrum": lambda: write_spectrum(
        path, {"k": numbers, "P": numbers, "modes": numbers}, {}, force=True
    ),
    "figure": figure_of_plot_figures,
    "gadget": gadget,
    "bigfile": lambda: write_mesh(
        path, map_header, pieces, np.float64, record, {}, force=True
    ),
    "journal": journal,
}[kind]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    write()
except OSError as error:
    sys.exit(end("writer", error))
"""


def write(kind, path, limit):
    return subprocess.run(
        [sys.executable, "-c", WRITER, kind, path, str(limit)], capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("map", 0),
        ("map", 10**6),
        ("map", 2098 * 10**3),
        ("initial conditions", 10**6),
        ("particles", 10**6),
        ("fit", 10**5),
        ("spectrum", 10**5),
        ("figure", 10**4),
        ("gadget", 10**5),
    ],
)
def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path, kind, limit):
    path = tmp_path / "output"
    path.write_text("old")
    process = write(kind, path, limit)
    assert process.returncode == 1, process.stderr
    assert process.stderr.startswith(f"writer: error: {path}: no space left for it (")
    assert process.stderr.count("\n") == 1
    assert path.read_text() == "old"
    assert {one.name for one in tmp_path.iterdir()} - {"source.h5"} == {"output"}


def test_a_full_disk_leaves_the_old_directory(tmp_path):
    path = tmp_path / "output"
    path.mkdir()
    (path / "old").write_text("old")
    process = write("bigfile", path, 10**6)
    assert process.returncode == 1
    assert process.stderr.startswith(f"writer: error: {path}: no space left for it (")
    assert process.stderr.count("\n") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["output"]
    assert [one.name for one in path.iterdir()] == ["old"]


@pytest.mark.parametrize("limit", [0, 10, 50, 1000])
def test_a_full_disk_leaves_whole_records_of_a_journal_or_none(tmp_path, limit):
    path = tmp_path / "fit.json.journal"
    process = write("journal", path, limit)
    assert process.returncode == 1, process.stderr
    assert process.stderr.startswith(f"writer: error: {path}: no space left for it (")
    assert process.stderr.count("\n") == 1
    assert path.exists() == (limit == 1000)
    if path.exists():
        assert len(AppendLog(path).entries) == 1


def test_the_same_writer_succeeds_with_room(tmp_path):
    path = tmp_path / "m.h5"
    assert write("map", path, 10**8).returncode == 0
    assert path.stat().st_size > 64**3 * 8
