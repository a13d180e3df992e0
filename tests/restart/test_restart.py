# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed or told to stop, and the same command again; `make test-kills` does more."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from killing import Command, answers_taken_up, command_line, contents, recorded
from small_universe import save_particles, save_target

from jerald_tools.io.sealed_json import read_document

KILLED = Path(__file__).with_name("killed_at_answer.py")

# By Adam, which hardly amplifies what ranks round otherwise; quasi-Newton's line searches do.
FIT = ("fit-dm", "particles.h5", "--target", "dark-matter.h5", "--precision", "double",
       "--optimiser", "adam", "--starts", "1", "--evaluations", "90", "-o", "fit.json")  # fmt: skip


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    """Particles and a target, and the fit that nothing disturbed."""
    folder = tmp_path_factory.mktemp("restart") / "undisturbed"
    folder.mkdir()
    save_particles(folder / "particles.h5")
    save_target(folder / "dark-matter.h5", "dark-matter")
    Command(folder, command_line(1, *FIT)).succeed()
    return folder


@pytest.fixture
def folder(universe):
    """A copy without the fit."""
    copy = universe.with_name("disturbed")
    shutil.copytree(universe, copy)
    (copy / "fit.json").unlink()
    yield copy
    shutil.rmtree(copy)


def history(folder):
    return np.array(list(read_document(folder / "fit.json")["history"].values()))


def test_a_killed_fit_goes_on_over_other_ranks(universe, folder):
    """From one rank to three to two; sums are rounded otherwise there, and no more."""
    before = 0
    for ranks, answers in ((1, 15), (3, 40)):
        run = Command(folder, command_line(ranks, sys.executable, KILLED, answers, *FIT))
        assert run.finish() != 0
        assert answers_taken_up(run.said()) == before
        assert recorded(folder / "fit.json.journal") == answers
        before = answers
    last = Command(folder, command_line(2, *FIT))
    last.succeed()
    assert answers_taken_up(last.said()) == before
    np.testing.assert_allclose(history(folder), history(universe), rtol=1e-10)
    assert set(contents(folder)) == set(contents(universe))
