# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad file in any place of any command line, and bad input to several processes."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import test_bad_input_analysis
import test_bad_input_fits
import test_bad_input_simulations
from bad_input import (
    FIT_HYDROGEN,
    FIT_STARS,
    HYDROGEN,
    PAINT,
    POWERSPEC,
    SCRIPTS,
    SEED,
    TARGET,
    check_line,
    contents,
    refused,
)

ALLOWED = {
    **os.environ,
    **dict.fromkeys(("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"), "1"),
    "OMPI_MCA_mpi_yield_when_idle": "1",
}

BAD_FILES = (
    *("missing.h5", "here", "empty.txt", "words.txt", "bytes.bin"),
    *("foreign.h5", "truncated.h5", "edited.h5", "truncated.json"),
)
EVERY_FILE = [
    f"{SEED} --power {{file}}",
    "generate-ics --linear-density {file} -o new.h5",
    "generate-ics --white-noise {file} --power pk.txt -o new.h5",
    "run-fastpm {file} --redshift 2 -o new.h5",
    f"{TARGET} {{file}}",
    f"{HYDROGEN} snap.hdf5 --uvb {{file}}",
    "recover-ics {file} --lpt-order 1 -o new.h5",
    "fit-dm {file} --target map.h5 -o new.json",
    "fit-dm particles.h5 --target {file} -o new.json",
    "fit-dm particles.h5 --target map.h5 --start {file} -o new.json",
    "fit stellar-mass particles.h5 --target stars.h5 --prerequisite {file} -o new.json",
    f"{FIT_STARS} --dm {{file}}",
    f"{FIT_HYDROGEN} --stellar {{file}}",
    "paint {file} -o new.h5",
    "paint particles.h5 {file} -o '{{name}}_new.h5'",
    f"{PAINT} --fit {{file}}",
    f"{PAINT} --accept-edited -q --fit {{file}}",
    "powerspec {file} -o new.csv",
    f"{POWERSPEC} --reference {{file}}",
    "plot-figures slices {file} --reference map.h5 -o new.png",
    "plot-figures slices map.h5 --reference {file} -o new.png",
    "plot-figures relative-difference {file} --reference map.h5 -o new.png",
    "plot-figures distribution map.h5 --reference {file} -o new.png",
    "plot-figures spectra {file} -o new.png",
    "plot-figures table {file} -o new.md",
    "plot-figures losses {file} -o new.md",
    "plot-figures heatmap {file} -o new.png",
    "plot-figures scaling {file} -o new.png",
    "to-bigfile {file} -o new",
    "to-gadget {file} -o new.hdf5",
    "to-swift {file} -o new.h5",
    "estimate {file}",
    "provenance {file}",
]


@pytest.mark.parametrize("command_line", EVERY_FILE)
def test_any_bad_file_in_any_place(bad_folder, monkeypatch, capsys, command_line):
    """Missing, a directory, empty, foreign, truncated or edited: the line names the file."""
    monkeypatch.chdir(bad_folder)
    before = sorted(bad_folder.rglob("*"))
    for name in BAD_FILES:
        if command_line == "provenance {file}" and name == "edited.h5":
            continue  # It shows what it is: tests/cli/test_provenance_command.py
        command, said = refused(capsys, command_line.format(file=name))
        check_line(said, command, f"{name}: ")
        assert sorted(bad_folder.rglob("*")) == before


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize(
    ("command_line", "message"),
    [
        # What the shell refuses, what the first rank finds when it opens, and when it has read all.
        (f"{PAINT} --mesh 0", "0 is not in the range x>=1"),
        ("run-fastpm torn_ics.h5 --redshift 2 -o new.h5", "torn_ics.h5: truncated or damaged"),
        ("powerspec changed.h5 -o new.csv", "changed.h5: map was changed since it was written"),
    ],
)
def test_bad_input_to_processes(bad_folder, command_line, message, ranks):
    before = contents(bad_folder)
    name, *arguments = shlex.split(command_line)
    command = [Path(sys.executable).with_name(name), *arguments]
    launcher = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
    process = subprocess.run(
        [*launcher, *command],
        capture_output=True,
        text=True,
        cwd=bad_folder,
        env=ALLOWED,
        timeout=120,
    )
    assert process.returncode == 2, process.stderr
    errors = [line for line in process.stderr.splitlines() if "error: " in line]
    check_line("\n".join(errors), name, message)
    assert "Traceback" not in process.stderr
    assert contents(bad_folder) == before


def test_every_command_is_tried():
    modules = (test_bad_input_simulations, test_bad_input_fits, test_bad_input_analysis)
    tried = {row[0].split()[0] for module in modules for row in module.ROWS}
    assert tried == set(SCRIPTS)
