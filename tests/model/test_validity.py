# SPDX-License-Identifier: GPL-3.0-or-later
"""Where parameters are valid: what may differ by rounding, and what is refused by name."""

import dataclasses
import json

import pytest
from small_universe import (
    BOX_SIZE,
    CELL_SIZE,
    COSMOLOGY,
    PARTICLES_HEADER,
    SHAPE,
    STEP_SCHEME,
    VALIDITY,
)

from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.validity import (
    Validity,
    differences,
    evolving_validity,
    require_match,
    validity_of,
)

# The header of a snapshot that was requested at a = 1/3.
TIME = 0.3331
REQUESTED = dataclasses.replace(
    VALIDITY,
    redshift=1 / TIME - 1,
    step_scheme={**STEP_SCHEME, "stages": [0.1, 0.2, TIME]},
)


def changed(**values):
    return dataclasses.replace(VALIDITY, **values)


def test_particles_and_mesh_say_what_parameters_depend_on():
    mesh = make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS)
    assert differences(validity_of(mesh, PARTICLES_HEADER), VALIDITY) == []
    finer = make_mesh(tuple(2 * nodes for nodes in SHAPE), BOX_SIZE, "double", ONE_PROCESS)
    found = validity_of(finer, PARTICLES_HEADER)
    assert found.cell_size == pytest.approx((CELL_SIZE / 2,) * 3)
    assert (found.particles_per_cell, found.redshift) == (1 / 8, 2.0)
    assert (found.cosmology, found.step_scheme) == (COSMOLOGY, STEP_SCHEME)


def test_a_redshift_of_a_real_header_matches_the_requested_one():
    assert REQUESTED.redshift == pytest.approx(2.002, abs=2e-4)
    assert differences(REQUESTED, VALIDITY) == differences(VALIDITY, REQUESTED) == []
    require_match("fit.json", REQUESTED, VALIDITY, "fit again")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cell_size": (0.7, 0.7, 0.35)}, ["cell_size 0.7 x 0.7 x 0.35, there 0.7 x 0.7 x 0.7"]),
        ({"particles_per_cell": 0.125}, ["particles_per_cell 0.125, there 1"]),
        ({"redshift": 2.01}, ["redshift 2.01, there 2"]),
        ({"redshift": (5.0, 3.0)}, ["redshift 5 to 3, there 2"]),
        (
            {"cosmology": dataclasses.replace(COSMOLOGY, omega_m=0.31, h=0.7)},
            ["omega_m 0.31, there 0.3", "h 0.7, there 0.678"],
        ),
        (
            {"step_scheme": {**STEP_SCHEME, "steps": 20}},
            ["step scheme's steps 20, there 10"],
        ),
        (
            {"step_scheme": {**STEP_SCHEME, "stages": [0.1, 0.25, 1 / 3]}},
            ["step scheme's stages 0.1 to 0.333333 (3), there 0.1 to 0.333333 (3)"],
        ),
        (
            {"step_scheme": {}},
            [
                "step scheme's spacing None, there linear",
                "step scheme's stages None, there 0.1 to 0.333333 (3)",
                "step scheme's steps None, there 10",
            ],
        ),
        (
            {"redshift": 3.0, "particles_per_cell": 8.0},
            ["particles_per_cell 8, there 1", "redshift 3, there 2"],
        ),
    ],
)
def test_all_that_differs_is_named_and_refused(change, expected):
    found = changed(**change)
    assert differences(found, VALIDITY) == expected
    with pytest.raises(BadInput) as error:
        require_match("fit.json", found, VALIDITY, "fit again")
    assert str(error.value) == f"fit.json: does not match ({'; '.join(expected)}): fit again"


def test_lengths_and_numbers_may_differ_by_rounding():
    near = changed(
        cell_size=(CELL_SIZE * (1 + 5e-7), CELL_SIZE, CELL_SIZE), particles_per_cell=1 + 5e-7
    )
    assert differences(near, VALIDITY) == []


def test_parameters_that_evolve_match_all_redshifts_of_their_training():
    """Without the stages of the steps, which end at the redshift of the particles."""
    early = changed(redshift=5.0, step_scheme={**STEP_SCHEME, "stages": [0.1, 0.12, 1 / 6]})
    evolving = evolving_validity([early, VALIDITY])
    assert evolving.evolves
    assert not VALIDITY.evolves
    assert (evolving.redshift, evolving.redshift_range) == ((5.0, 2.0), (2.0, 5.0))
    assert evolving.step_scheme == {"steps": 10, "spacing": "linear"}
    for redshift in (5.0, 3.0, 2.0, 1 / TIME - 1, 1.998):
        assert differences(evolving, early.at_redshift(redshift)) == []
        assert differences(early.at_redshift(redshift), evolving) == []
    for redshift, text in ((1.0, "redshift 5 to 2, there 1"), (6.0, "redshift 5 to 2, there 6")):
        assert differences(evolving, VALIDITY.at_redshift(redshift)) == [text]
    overlapping = dataclasses.replace(evolving, redshift=(3.0, 1.0))
    assert differences(evolving, overlapping) == []
    apart = dataclasses.replace(evolving, redshift=(1.5, 1.0))
    assert differences(evolving, apart) == ["redshift 5 to 2, there 1.5 to 1"]


@pytest.mark.parametrize("validity", [VALIDITY, evolving_validity([VALIDITY, changed(redshift=5)])])
def test_a_validity_survives_a_fit_file(validity):
    assert Validity.from_dict(json.loads(json.dumps(validity.as_dict()))) == validity


@pytest.mark.parametrize(
    "change",
    [
        {"redshift": "two"},
        {"redshift": [5]},
        {"redshift": [5, 3, 2]},
        {"cosmology": [0.3]},
        {"cosmology": {"omega_x": 0.3}},
        {"cell_size": 0.7},
        {"cell_size": [0.7, 0.7]},
        {"step_scheme": None},
        {"particles_per_cell": None},
    ],
)
def test_a_damaged_validity_is_refused(change):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Validity.from_dict({**VALIDITY.as_dict(), **change})
    for name in VALIDITY.as_dict():
        values = VALIDITY.as_dict()
        del values[name]
        with pytest.raises(KeyError, match=name):
            Validity.from_dict(values)
