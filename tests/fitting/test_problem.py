# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of a fit from their files: which go together, and which prerequisites they take."""

import dataclasses

import numpy as np
import pytest
from small_universe import (
    MEANS,
    STEP_SCHEME,
    VALIDITY,
    save_fit,
    save_particles,
    save_target,
    target_values,
)

from jerald_tools.errors import BadInput
from jerald_tools.fitting.problem import different_redshifts
from jerald_tools.fitting.problem_files import FitFiles, load_problems
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.validity import differences
from jerald_tools.quantities import NAMES, quantity_named


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Particles at z = 2, targets of every kind, and fits."""
    folder = tmp_path_factory.mktemp("problems")
    save_particles(folder / "particles.h5")
    for name in NAMES:
        save_target(folder / f"{name}.h5", name)
    for name in ("dark-matter", "stellar-mass"):
        save_fit(folder / f"{name}.json", name)
    return folder


def loaded(folder, name, *prerequisites, particles="particles.h5", target=None):
    """The only problem of one simulation."""
    files = FitFiles(
        [str(folder / particles)],
        [str(folder / (target or f"{name}.h5"))],
        [(quantity, str(folder / path)) for quantity, path in prerequisites],
    )
    (problem,) = load_problems(quantity_named(name), files, ONE_PROCESS, "double")
    return problem


def test_a_problem_holds_what_its_files_say(folder):
    problem = loaded(folder, "stellar-mass", ("dark-matter", "dark-matter.json"))
    assert differences(problem.validity, VALIDITY) == []
    assert problem.target_info.mean == pytest.approx(MEANS["stellar-mass"])
    target = target_values("stellar-mass") / MEANS["stellar-mass"]
    np.testing.assert_allclose(problem.simulation.target, target, rtol=1e-12)
    assert list(problem.prerequisites) == ["dark-matter"]
    # The layers of dark matter have moved the particles that the parameters act on.
    assert not np.allclose(problem.simulation.inputs.positions, problem.positions, atol=1e-3)


@pytest.mark.parametrize("time", [1 / 3, 0.33333, 0.3331])
def test_a_target_of_the_requested_redshift_is_taken(folder, tmp_path, time):
    """A snapshot requested at a = 1/3 has Time = 0.3331, z = 2.002, in its header."""
    redshift = 1 / time - 1
    save_target(tmp_path / "target.h5", "dark-matter", redshift=redshift)
    problem = loaded(folder, "dark-matter", target=tmp_path / "target.h5")
    # The particles say where the fit is valid; the target keeps its own redshift.
    assert problem.validity.redshift == 2.0


def test_a_target_of_another_redshift_is_refused(folder, tmp_path):
    save_target(tmp_path / "target.h5", "dark-matter", redshift=2.01)
    message = r"target\.h5: does not match \(redshift 2\.01, there 2\): give the target of .*'s re"
    with pytest.raises(BadInput, match=message):
        loaded(folder, "dark-matter", target=tmp_path / "target.h5")


def test_a_prerequisite_of_a_real_header_is_taken(folder, tmp_path):
    """Its particles ended at a = 0.3331 instead of 1/3."""
    validity = dataclasses.replace(
        VALIDITY,
        redshift=1 / 0.3331 - 1,
        step_scheme={**STEP_SCHEME, "stages": [0.1, 0.2, 0.3331]},
    )
    save_fit(tmp_path / "dm.json", "dark-matter", validity)
    assert loaded(folder, "gas", ("dark-matter", tmp_path / "dm.json")).prerequisites
    save_fit(tmp_path / "other.json", "dark-matter", VALIDITY.at_redshift(2.01))
    message = r"other\.json: does not match \(redshift 2\.01, there 2\): fit again"
    with pytest.raises(BadInput, match=message):
        loaded(folder, "gas", ("dark-matter", tmp_path / "other.json"))


def test_prerequisites_are_named_or_name_themselves(folder):
    """In the order of the quantity, regardless of that of the files."""
    named = [("stellar-mass", "stellar-mass.json"), ("dark-matter", "dark-matter.json")]
    for fits in (named, [(None, path) for _, path in named]):
        problem = loaded(folder, "neutral-hydrogen", *fits)
        assert list(problem.prerequisites) == ["dark-matter", "stellar-mass"]
        assert len(problem.simulation.inputs.sources) == 1


@pytest.mark.parametrize(
    ("name", "fits", "message"),
    [
        (
            "gas",
            [("dark-matter", "stellar-mass.json")],
            r"stellar-mass\.json: is a fit of stellar-mass: give one of dark-matter",
        ),
        (
            "gas",
            [(None, "stellar-mass.json")],
            r"stellar-mass\.json: is a fit of stellar-mass, which fits of gas do not use: leave",
        ),
        (
            "gas",
            [(None, "dark-matter.json"), (None, "dark-matter.json")],
            r"dark-matter\.json: is a second fit of dark-matter: give one",
        ),
        (
            "neutral-hydrogen",
            [(None, "dark-matter.json")],
            r"a fit of neutral-hydrogen needs one of stellar-mass: give --prerequisite FIT",
        ),
    ],
)
def test_other_prerequisites_are_refused(folder, name, fits, message):
    with pytest.raises(BadInput, match=message):
        loaded(folder, name, *fits)


def test_every_simulation_needs_a_target():
    with pytest.raises(BadInput, match=r"2 PARTICLES and 1 --target: give one for each"):
        FitFiles(["one.h5", "two.h5"], ["map.h5"])


def test_redshifts_that_differ_by_rounding_are_one():
    assert different_redshifts([5.0, 2.0, 2.002, 5.001, 2.01]) == [5.0, 2.0, 2.01]


def test_targets_of_one_redshift_share_their_mean(folder, tmp_path):
    """Also if their headers differ by rounding: one set of parameters fits both."""
    files = FitFiles([], [])
    for redshift, amplitude in ((2.0, 1.0), (2.002, 3.0)):
        particles, target = tmp_path / f"p{redshift}.h5", tmp_path / f"t{redshift}.h5"
        save_particles(particles, redshift=redshift)
        values = amplitude * target_values("gas")
        save_target(target, "gas", values, redshift=redshift)
        files = FitFiles([*files.particles, str(particles)], [*files.targets, str(target)])
    problems = load_problems(quantity_named("gas"), files, ONE_PROCESS, "double")
    assert [problem.target_info.mean for problem in problems] == pytest.approx([2.0, 2.0])
    means = [float(np.mean(problem.simulation.target)) for problem in problems]
    assert means == pytest.approx([0.5, 1.5])
