# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines that are missing, and what one cannot do: one line each."""

import subprocess
import sys

import pytest
import small_ics
from bad_input import FASTPM, POWERSPEC, SEED, check_refusal

from jerald_tools.cosmology import Cosmology
from jerald_tools.engines import PACKAGES

POWER = "--power power.txt"
ROWS = [
    (f"{SEED} {POWER} --engine fastpm", "'fastpm' is not one of 'jerald', 'pmesh'"),
    (f"{FASTPM} --engine gadget", "'gadget' is not one of 'jerald', 'fastpm'"),
    (f"{POWERSPEC} --engine pmesh", "'pmesh' is not one of 'jerald', 'nbodykit'"),
    (f"{SEED} {POWER} --engine pmesh --threads 2", "--threads 2: --engine pmesh has one thread"),
    (f"{FASTPM} --engine fastpm --device gpu", "--device gpu: --engine fastpm computes on CPUs"),
    (
        "generate-ics --linear-density density.h5 -o new.h5 --engine pmesh",
        "a --linear-density is made already",
    ),
    (f"{FASTPM} --engine fastpm --checkpoint state.h5", "--checkpoint: --engine fastpm has none"),
]
WITH_PACKAGES = [
    (
        "pmesh",
        "generate-ics --seed 3 --mesh 9 --particles 9 --box-size 10 -o new.h5 --camb",
        "even number",
    ),
    ("fastpm", "run-fastpm missing.h5 --redshift 2 -o new.h5", "missing.h5: no such file"),
    ("nbodykit", f"{POWERSPEC} --edges 1,2", "FFTPower has bins of one width"),
    (
        "nbodykit",
        "powerspec particles.h5 --region test -o new.csv",
        "a --region of particles is painted by our own engine alone",
    ),
]
WITHOUT_PACKAGES = [
    ("pmesh", f"{SEED} --camb", "pmesh"),
    ("fastpm", FASTPM, "fastpm"),
    ("nbodykit", POWERSPEC, "nbodykit"),
]


@pytest.mark.parametrize(("command_line", "message"), ROWS)
def test_what_an_engine_cannot_do(bad_folder, capsys, monkeypatch, command_line, message):
    monkeypatch.chdir(bad_folder)
    check_refusal(bad_folder, capsys, command_line, message)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("engine", "command_line", "message"), WITH_PACKAGES, indirect=["engine"])
def test_what_its_packages_cannot_do(
    bad_folder, capsys, monkeypatch, engine, command_line, message
):
    name = engine.__name__.rpartition(".")[2].removesuffix("_engine")
    monkeypatch.chdir(bad_folder)
    check_refusal(bad_folder, capsys, f"{command_line} --engine {name} -q", message)


@pytest.mark.parametrize(("name", "command_line", "package"), WITHOUT_PACKAGES)
def test_a_missing_package(bad_folder, capsys, monkeypatch, name, command_line, package):
    for module in ("fields", *(f"{engine}_engine" for engine in PACKAGES)):
        monkeypatch.delitem(sys.modules, f"jerald_tools.engines.{module}", raising=False)
    for module in list(sys.modules):
        if module.partition(".")[0] in ("pmesh", "fastpm", "nbodykit"):
            monkeypatch.delitem(sys.modules, module)
    for module in ("pmesh", "fastpm", "nbodykit"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.chdir(bad_folder)
    check_refusal(
        bad_folder, capsys, f"{command_line} --engine {name}", "`make engines` installs it"
    )


def test_nobody_else_imports_an_engine():
    code = (
        "import sys, jerald_tools.stages.fastpm, jerald_tools.stages.initial_conditions, "
        "jerald_tools.stages.spectrum; "
        "sys.exit(bool({'pmesh', 'fastpm', 'nbodykit', 'pfft'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("engine", ["fastpm"], indirect=True)
def test_a_cosmology_that_class_refuses(engine, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(small_ics, "COSMOLOGY", Cosmology(omega_m=0.3, omega_b=0.0))
    small_ics.save_ics(tmp_path / "ics.h5")
    monkeypatch.chdir(tmp_path)
    check_refusal(tmp_path, capsys, f"{FASTPM} --engine fastpm -q", "CLASS refuses the cosmology")
