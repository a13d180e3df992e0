# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits that are interrupted and go on by their journal, in one process and over ranks."""

import numpy as np
import pytest
from model_cases import generic_parameters, model_case

from jerald_tools.errors import BadInput, NoUsableMap, RunFailed, RunStopped
from jerald_tools.fitting.fit import Search, fit_parameters
from jerald_tools.fitting.journal import CURVATURE, LOSSES, Journal, journal_in
from jerald_tools.fitting.optimisers import OPTIMISERS
from jerald_tools.fitting.problem import Simulation, Task
from jerald_tools.fitting.residual_loss import PaperLoss
from jerald_tools.fitting.search_space import SearchSpace, ravel_parameters
from jerald_tools.io.append_log import AppendLog
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, gather, on_root, world
from jerald_tools.model.layer_starts import Start
from jerald_tools.process import forget_requests, request_stop
from jerald_tools.quantities import quantity_named

SHAPE, BOX_SIZE = (6, 6, 8), (3.0, 3.0, 4.0)


class Interruption(Exception):
    """What stands for a kill here."""


class Bowl:
    """An objective with a kink, which asks a journal and counts what it computes itself."""

    def __init__(self, journal, interrupted_after=np.inf):
        self.journal, self.left = journal, interrupted_after
        self.asked, self.computed = [], 0

    def compute(self, row):
        if self.left == 0:
            raise Interruption
        self.left -= 1
        self.computed += 1
        return np.array(row)

    def __call__(self, vector):
        self.asked.append(np.array(vector))
        loss = np.sum((vector - 0.3) ** 2) + abs(vector[0] - vector[1])
        gradient = 2 * (vector - 0.3) + np.sign(vector[0] - vector[1]) * np.array([1, -1, 0])
        answer = self.journal.answer(LOSSES, vector, lambda: self.compute([loss, *gradient]))
        return answer[0], answer[1:]

    def curvature(self, vector):
        row = self.journal.answer(CURVATURE, vector, lambda: self.compute(np.eye(3).ravel()))
        return row.reshape(3, 3)


def minimised(optimiser, journal, **options):
    space = SearchSpace(np.full(3, -2.0), np.full(3, 2.0), np.ones(3))
    bowl = Bowl(journal, **options)
    OPTIMISERS[optimiser](bowl, np.array([1.5, -1.0, 0.7]), space, 20)
    return bowl


def interrupted(path, optimiser, after):
    with pytest.raises(Interruption), journal_in(path, ONE_PROCESS, {"n": 1}, False) as journal:
        minimised(optimiser, journal, interrupted_after=after)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_every_optimiser_goes_on_where_it_was(tmp_path, optimiser):
    path = tmp_path / "journal"
    undisturbed = minimised(optimiser, Journal(ONE_PROCESS))
    interrupted(path, optimiser, 2)
    interrupted(path, optimiser, 3)
    with journal_in(path, ONE_PROCESS, {"n": 1}, False) as journal:
        resumed = minimised(optimiser, journal)
    journal.remove()
    assert not path.exists()
    np.testing.assert_array_equal(resumed.asked, undisturbed.asked)
    assert undisturbed.computed > 7
    assert resumed.computed == undisturbed.computed - 5


def test_another_question_drops_the_rest_of_the_record(tmp_path):
    path = tmp_path / "journal"
    interrupted(path, "adam", 5)
    with journal_in(path, ONE_PROCESS, {"n": 1}, False) as journal:
        first, second = Bowl(journal), np.array([9.0, 9.0, 9.0])
        first(np.array([1.5, -1.0, 0.7]))
        first(second)
        assert first.computed == 1
        journal.close()
    records = AppendLog(path).entries
    assert len(records) == 3
    assert np.frombuffer(records[2])[2:5].tolist() == second.tolist()


def test_a_journal_of_another_fit_is_refused_or_replaced(tmp_path):
    path = tmp_path / "journal"
    interrupted(path, "adam", 3)
    before = path.read_bytes()
    message = r"journal: is of another run \(n 1, now 2\): delete it, or use --force"
    with pytest.raises(BadInput, match=message), journal_in(path, ONE_PROCESS, {"n": 2}, False):
        pass
    assert path.read_bytes() == before
    with journal_in(path, ONE_PROCESS, {"n": 2}, True) as journal:
        assert minimised("adam", journal).computed == 20
        journal.close()
    # Of the same fit it is kept.
    with journal_in(path, ONE_PROCESS, {"n": 2}, True) as journal:
        assert minimised("adam", journal).computed == 0
        journal.close()


@pytest.mark.parametrize(("error", "kept"), [(NoUsableMap, False), (RunFailed, True)])
def test_of_fits_that_fail_those_without_a_usable_map_leave_no_journal(tmp_path, error, kept):
    """Any other, of a self-check or --verify-ranks, may go on once its cause is fixed."""
    path = tmp_path / "journal"
    with pytest.raises(error), journal_in(path, ONE_PROCESS, {"n": 1}, False):
        raise error("all floor, or not finite")
    assert path.exists() == kept


@pytest.fixture
def stop():
    """Forget after the test that a stop was asked for."""
    yield request_stop
    forget_requests()


def history_of(mesh, path, stop_after=None, stop=request_stop):
    """Losses of a fit that keeps a journal, and is asked to stop on one rank."""
    inputs, target = model_case(mesh, "dark-matter")
    start = Start("generic", generic_parameters("dark-matter", 1))
    task = Task(mesh, quantity_named("dark-matter"), [Simulation(inputs, target)], PaperLoss(2))

    def on_evaluation(name, number, losses):
        if number == stop_after and mesh.ranks.rank == mesh.ranks.size - 1:
            stop("stopped by a test")

    with journal_in(path, mesh.ranks, {"n": 1}, False) as journal:
        found = fit_parameters(task, [start], Search(evaluations=16), on_evaluation, journal)
        journal.close()
    return found.best.history, ravel_parameters(found.best.parameters)


@pytest.mark.ranks
def test_a_fit_goes_on_over_other_ranks(shared_folder, stop):
    """Begun by one process, resumed by all ranks, and by one process again."""
    ranks = world()
    alone = make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS, "native")
    shared = make_mesh(SHAPE, BOX_SIZE, "double", ranks, "native")
    path = shared_folder / "journal"

    def begun():
        undisturbed = history_of(alone, shared_folder / "undisturbed")
        with pytest.raises(RunStopped, match="stopped by a test"):
            history_of(alone, path, stop_after=3, stop=stop)
        forget_requests()
        return undisturbed

    (expected, parameters) = on_root(ranks, begun)
    with pytest.raises(RunStopped, match="stopped by a test"):
        history_of(shared, path, stop_after=6, stop=stop)
    forget_requests()
    # Every rank stopped after the same evaluation.
    sizes = gather(ranks, path.stat().st_size)
    assert len(set(sizes)) == 1
    found = on_root(ranks, history_of, alone, path)
    assert len(found[0]) == len(expected) > 8
    np.testing.assert_allclose(found[0], expected, rtol=1e-10)
    np.testing.assert_allclose(found[1], parameters, rtol=1e-8)
