# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that all tests of commands share: bad files, and fits of the small universe."""

import shutil
import tempfile
from pathlib import Path

import pytest
from bad_files import save_bad_files
from small_fits import HYDROGEN_OPTIONS, PAPER, SNAPSHOT, fit
from small_universe import save_fit, save_particles, save_target

from jerald_tools.mesh.ranks import gather, on_root, world
from jerald_tools.quantities import NAMES

pytest.register_assert_rewrite("bad_input")


@pytest.fixture(scope="session")
def bad_folder(tmp_path_factory):
    """Small files, whole and otherwise."""
    here = tmp_path_factory.mktemp("bad_input")
    save_bad_files(here)
    return here


@pytest.fixture(scope="session")
def fit_folder():
    """One folder for all ranks: particles and targets."""
    name = Path(on_root(world(), tempfile.mkdtemp))
    on_root(world(), save_particles, name / "particles.h5")
    for quantity in NAMES:
        path = name / f"{quantity}.h5"
        on_root(world(), save_target, path, quantity, attributes={"snapshot": SNAPSHOT})
    yield name
    gather(world(), "done")
    on_root(world(), shutil.rmtree, name)


@pytest.fixture(scope="session")
def fits(fit_folder):
    """The folder, with a fit of every quantity."""
    below = ["--dm", fit_folder / "dm.json"]
    fit(fit_folder, "dark-matter", "dm.json", "--evaluations", 8, "--starts", 1, *PAPER)
    options = ["--evaluations", 6, "--smoothing", 1, *PAPER]
    fit(fit_folder, "stellar-mass", "stellar.json", *options, *below)
    below += ["--stellar", fit_folder / "stellar.json"]
    fit(fit_folder, "neutral-hydrogen", "hi.json", *HYDROGEN_OPTIONS, *below)
    start = on_root(world(), save_fit, fit_folder / "gas_start.json", "gas", layers=2)
    options = ["--evaluations", 6, "--start", start, "--starts", 1, *PAPER]
    fit(fit_folder, "gas", "gas.json", *options, "--prerequisite", fit_folder / "dm.json")
    return fit_folder
