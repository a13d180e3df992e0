# SPDX-License-Identifier: GPL-3.0-or-later
"""The document of a fit: it paints the fitted map again, and says where the search began."""

import functools

import numpy as np
import pytest
from small_universe import CONSTANTS, MEANS, save_fit, save_particles, save_target

from jerald_tools.fitting.document import fit_content
from jerald_tools.fitting.ensemble import fit_ensemble
from jerald_tools.fitting.fit import Search, fit_parameters
from jerald_tools.fitting.journal import LOSSES, Journal
from jerald_tools.fitting.map_statistics import map_quality
from jerald_tools.fitting.problem import Task
from jerald_tools.fitting.problem_files import FitFiles, load_problems
from jerald_tools.fitting.search import starting_points
from jerald_tools.fitting.search_space import ravel_parameters, search_space
from jerald_tools.fitting.statistics_loss import loss_named
from jerald_tools.fitting.subsamples import subsamples_of
from jerald_tools.io.sealed_json import sealed
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.fit_document import REQUIRED
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.model.parameters import from_dictionary
from jerald_tools.quantities import NAMES, quantity_named

# The scatter of this seed leads a gamma beyond its bound.
SEARCH = Search(evaluations=3, starts=4, random_seed=6)


class Questions(Journal):
    """A journal that keeps the vectors at which losses were asked for."""

    def __init__(self):
        super().__init__(ONE_PROCESS)
        self.vectors = []

    def answer(self, kind, question, compute):
        """The answer, computed."""
        if kind == LOSSES:
            self.vectors.append(np.array(question))
        return super().answer(kind, question, compute)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Problem, fit, its document and the vectors of the search of a quantity, by its name."""
    folder = tmp_path_factory.mktemp("documents")
    save_particles(folder / "particles.h5")
    for name in NAMES:
        save_target(folder / f"{name}.h5", name)
        save_fit(folder / f"{name}.json", name)

    @functools.cache
    def by_name(name):
        quantity = quantity_named(name).with_constants(CONSTANTS.get(name, {}))
        fits = [(one, str(folder / f"{one}.json")) for one in quantity.prerequisites]
        files = FitFiles([str(folder / "particles.h5")], [str(folder / f"{name}.h5")], fits)
        problems = load_problems(quantity, files, ONE_PROCESS, "double")
        loss = loss_named("paper", quantity)
        task = Task(problems[0].mesh, quantity, [problems[0].simulation], loss)
        starts = starting_points(task, SEARCH, layers=1)
        questions = Questions()
        fit = fit_parameters(task, starts, SEARCH, journal=questions)
        ensemble = fit_ensemble(problems, loss, fit, subsamples_of(problems, 2), SEARCH)
        quality = map_quality(task.mesh, fit.predicted[0], task.simulations[0].target)
        content = fit_content(problems, ("paper", loss), SEARCH, fit, [quality], ensemble)
        return problems[0], fit, sealed(content, REQUIRED), questions.vectors

    return by_name


@pytest.mark.parametrize("name", NAMES)
def test_a_document_paints_the_map_of_its_fit(fitted, name):
    problem, fit, content, _ = fitted(name)
    found = FittedModel(content, "fit.json")
    found.require_match([problem.validity], "fit again")
    assert found.quantity == problem.quantity
    model = found.at(2.0)
    painted, _ = model.paint(problem.mesh, problem.positions)
    np.testing.assert_allclose(painted, fit.predicted[0], rtol=1e-10, atol=1e-12)
    assert model.target_mean == pytest.approx(MEANS[name])
    assert found.losses == fit.best.losses._asdict()
    assert found.quality("all").mean_ratio == pytest.approx(float(np.mean(painted)))


@pytest.mark.parametrize("name", NAMES)
def test_the_starts_in_a_document_are_those_that_the_search_began_from(fitted, name):
    """To rounding, since the search works in units of the typical distances; not cut to bounds."""
    problem, fit, content, vectors = fitted(name)
    written = content["starts"]
    assert len(written) == len(fit.tried) == SEARCH.starts
    assert any(start["name"].startswith("random") for start in written)
    first, at_bound = 0, False
    for start in written:
        parameters = from_dictionary(problem.quantity.parameters, start["parameters"])
        begun = ravel_parameters(parameters)
        np.testing.assert_allclose(vectors[first], begun, rtol=1e-14)
        at_bound |= np.any(begun == search_space(parameters).upper)
        first += start["evaluations"]
    assert at_bound
    assert first == len(vectors)


@pytest.mark.parametrize("name", NAMES)
def test_members_of_a_document_name_the_half_that_they_were_fitted_to(fitted, name):
    _, fit, content, _ = fitted(name)
    assert [one["subsample"] for one in content["ensemble"]["members"]] == ["upper z", "lower z"]
    found = FittedModel(content, "fit.json")
    assert list(found.chosen_members("all")) == [0, 1, 2]
    assert found.member(0).at(2.0).parameters == found.at(2.0).parameters
    assert found.member(2).at(2.0).parameters != found.at(2.0).parameters
    assert {one["start"] for one in content["ensemble"]["members"]} <= {
        tried.start.name for tried in fit.tried
    }
