# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines of bad input, run where the files of ``bad_folder`` lie, and what is checked.

Every one ends with one clear line and exit status 2, and nothing is written.
"""

import importlib
import re
import shlex
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SCRIPTS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]

# Command lines that work, to be spoilt by what follows them.
SEED = "generate-ics --seed 3 --mesh 8 --box-size 10 -o new.h5"
FASTPM = "run-fastpm ics.h5 --redshift 2 -o new.h5"
TARGET = "make-target --quantity gas --mesh 8 -o new.h5"
HYDROGEN = "make-target --quantity neutral-hydrogen --mesh 8 -o new.h5"
FIT_STARS = "fit-stellar particles.h5 --target stars.h5 -o new.json"
FIT_HYDROGEN = "fit-hi particles.h5 --target hydrogen.h5 -o new.json"
PAINT = "paint particles.h5 -o new.h5"
MEMBERS = "paint particles.h5 --members all -o 'new_{member}.h5'"
POWERSPEC = "powerspec map.h5 -o new.csv"
BRIGHTNESS = "brightness hydrogen.h5 --particles particles.h5 -o new.h5"
SKEWERS = "skewers hydrogen.h5 --particles particles.h5 --temperature 1e4 --gamma 1.5 -o new.h5"
# An edited fit is accepted; the mistake in it is then found where it is used.
TAKEN = "--accept-edited -q"


def check_refusal(folder, capsys, command_line, message):
    """Run a command line, and check its status, its line and that no file is new or changed."""
    before = contents(folder)
    name, said = refused(capsys, command_line)
    check_line(said, name, message)
    assert contents(folder) == before


def refused(capsys, command_line):
    """The name of a command that ends with status 2, and what it says."""
    name, *arguments = shlex.split(command_line)
    module, function = SCRIPTS[name].split(":")
    with pytest.raises(SystemExit) as ended:
        getattr(importlib.import_module(module), function).main(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 2, (command_line, said)
    return name, said


def contents(folder):
    """Every file in the folder, to compare before and after."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_line(said, name, message):
    """Besides warnings and progress there is one line, and it is the right one."""
    spoken = [line for line in said.splitlines() if not re.search(r": warning: |: \d+ of ", line)]
    (line,) = spoken
    assert line.startswith(f"{name}: error: ")
    assert message in line
