# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit as an object: its model at a redshift, prerequisites, members, and damage to its file."""

import dataclasses
import json
import pickle

import jax
import numpy as np
import pytest
from model_cases import generic_parameters
from small_universe import (
    BOX_SIZE,
    MEANS,
    SHAPE,
    UNITS,
    VALIDITY,
    positions,
    save_fit,
    untrained_fit,
)

from jerald_tools.errors import BadInput
from jerald_tools.io.sealed_json import sealed
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.fit_document import prerequisite_key
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.model.neutral_hydrogen import NeutralHydrogen
from jerald_tools.model.parameters import to_dictionary
from jerald_tools.model.validity import evolving_validity
from jerald_tools.quantities import NAMES, quantity_named


def parameters_of(quantity, seed, layers=1):
    return to_dictionary(generic_parameters(quantity, layers, seed))


def fitted(quantity, /, **changes):
    """An untrained fit with changes to its document."""
    return FittedModel(sealed({**untrained_fit(quantity), **changes}), "fit.json")


def with_members(quantity, seeds, **changes):
    """A fit with a member for each seed of its parameters."""
    members = [{"parameters": parameters_of(quantity, seed)} for seed in seeds]
    ensemble = {"members": members, "k": [0.5, 1.0], "model_error": [0.1, 0.2]}
    return fitted(quantity, ensemble=ensemble, **changes)


EVOLVING = evolving_validity([VALIDITY.at_redshift(5.0), VALIDITY])


def evolving(quantity="dark-matter", **changes):
    """A fit between redshifts 5 and 2."""
    knots = [{"redshift": z, **parameters_of(quantity, seed)} for z, seed in ((5.0, 1), (2.0, 2))]
    means = [{"redshift": 5.0, "mean": 1e-4}, {"redshift": 2.0, "mean": 1e-2}]
    values = {
        "parameters": knots,
        "redshift": [5.0, 2.0],
        "setting": EVOLVING.as_dict(),
        "target": {"mean": means, "units": "1", "description": "simulated"},
    }
    return fitted(quantity, **{**values, **changes})


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_fit_is_loaded_with_all_that_it_says(tmp_path, name):
    path = save_fit(tmp_path / "fit.json", name)
    fit = FittedModel.load(path)
    assert fit.quantity.name == name
    assert (fit.path, fit.layers) == (str(path), 1)
    assert to_dictionary(fit.parameters) == parameters_of(name, seed=3)
    assert fit.validity == VALIDITY
    assert (fit.target_units, fit.target_description) == (UNITS[name], "simulated")
    assert fit.losses == {"train": 0.3, "validation": 0.4, "test": 0.5}
    assert fit.single_redshift == 2.0
    assert fit.map_attributes() == {"fit_sha256": json.loads(path.read_text())["sha256"]}
    fit.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    with pytest.raises(BadInput, match=r"again\.json: exists already"):
        fit.save(tmp_path / "again.json")
    assert pickle.loads(pickle.dumps(fit)).at(2.0).parameters == fit.at(2.0).parameters


@pytest.mark.parametrize("name", NAMES)
def test_a_model_has_the_parameters_and_the_models_of_its_prerequisites(name):
    fit = fitted(name)
    model = fit.at(2.0)
    assert model.quantity == fit.quantity
    assert to_dictionary(model.parameters) == parameters_of(name, seed=3)
    assert all(value.dtype == np.float64 for value in jax.tree.leaves(model.parameters))
    assert model.target_mean == MEANS[name]
    prerequisites = quantity_named(name).prerequisites
    assert tuple(fit.prerequisites) == tuple(model.prerequisites) == prerequisites
    for below in prerequisites:
        assert fit.prerequisites[below].quantity.name == below
        found = to_dictionary(model.prerequisites[below].parameters)
        assert found == parameters_of(below, seed=3)


def test_the_constants_of_a_fit_are_those_of_its_quantity():
    assert fitted("neutral-hydrogen").quantity == NeutralHydrogen(shift=0.05)
    assert fitted("neutral-hydrogen").at(2.0).quantity == NeutralHydrogen(shift=0.05)
    # Fits of version 0.1 state a shift of any quantity.
    assert fitted("stellar-mass", shift=0.0).quantity == quantity_named("stellar-mass")
    for value in ("x", None, [0.1], {"shift": 0.1}):
        with pytest.raises(BadInput, match=r"fit\.json: shift .*: must be a finite number"):
            fitted("neutral-hydrogen", shift=value).at(2.0)


def test_a_prerequisite_that_is_not_required_may_be_missing():
    content = untrained_fit("neutral-hydrogen")
    del content[prerequisite_key("dark-matter")]
    assert tuple(FittedModel(sealed(content), "fit.json").at(2.0).prerequisites) == (
        "stellar-mass",
    )
    del content[prerequisite_key("stellar-mass")]
    message = r"fit\.json: lacks the fit of stellar-mass that neutral-hydrogen needs: fit again"
    with pytest.raises(BadInput, match=message):
        FittedModel(sealed(content), "fit.json").at(2.0)


def test_a_prerequisite_improves_the_particles():
    """Stars on particles moved by the layers of dark matter are those on the moved particles."""
    mesh = make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS)
    content = untrained_fit("stellar-mass")
    model = FittedModel(sealed(content), "fit.json").at(2.0)
    del content[prerequisite_key("dark-matter")]
    alone = FittedModel(sealed(content), "fit.json").at(2.0)
    start = jax.numpy.asarray(positions())
    dark_matter = model.prerequisites["dark-matter"]
    moved = dark_matter.quantity.improve(mesh, dark_matter.parameters, start)
    np.testing.assert_allclose(model.paint(mesh, start)[0], alone.paint(mesh, moved)[0], rtol=1e-12)
    assert not np.allclose(model.paint(mesh, start)[0], alone.paint(mesh, start)[0], rtol=1e-3)


def test_evolving_parameters_are_interpolated_and_not_extrapolated():
    fit = evolving()
    for redshift, weights in ((5.0, (1, 0)), (3.0, (0.5, 0.5)), (2.0, (0, 1)), (2.002, (0, 1))):
        (layer,) = to_dictionary(fit.at(redshift).parameters)["layers"]
        ends = [parameters_of("dark-matter", seed)["layers"][0] for seed in (1, 2)]
        expected = {name: weights[0] * ends[0][name] + weights[1] * ends[1][name] for name in layer}
        # Half of 0.002 in z is a thousandth of the way between the knots.
        assert layer == pytest.approx(expected, rel=1e-12 if redshift != 2.002 else 1e-3)
    assert fit.at(3.0).target_mean == pytest.approx(1e-3)
    for redshift in (1.0, 5.1):
        message = rf"fit\.json: trained from redshift 5 to 2, not at {redshift:g}: paint"
        with pytest.raises(BadInput, match=message):
            fit.at(redshift)
    with pytest.raises(BadInput, match=r"fit\.json: is a fit over several redshifts: give fits"):
        fit.single_redshift  # noqa: B018


FACTORS = [{"redshift": z, "factor": factor} for z, factor in ((5.0, 1.0), (3.0, 0.6), (2.0, 1.0))]


def test_between_redshifts_maps_have_the_amplitude_of_the_fit_or_its_member():
    amplitude = {"factor": FACTORS, "variable": "rarity"}
    means = [{"redshift": 5.0, "mean": 1e-4}, {"redshift": 2.0, "mean": 1e-2}]
    target = {"mean": means, "units": "1", "description": "simulated", "variable": "rarity"}
    half = [{**row, "factor": 0.5} for row in FACTORS]
    members = [{"parameters": fit, "amplitude": {"factor": half, "variable": "rarity"}}
               for fit in (evolving().document["parameters"],)]  # fmt: skip
    ensemble = {"members": members, "k": [0.5], "model_error": [0.1]}
    fit = evolving(amplitude=amplitude, target=target, ensemble=ensemble)
    # 1 / D1^2 is nearly (1 + z)^2: 36, 16, 9.
    mean = 10 ** (-4 + 2 * 20 / 27)
    assert fit.at(3.0).target_mean == pytest.approx(0.6 * mean, rel=0.02)
    assert fit.member(1).at(3.0).target_mean == pytest.approx(0.5 * mean, rel=0.02)
    assert [fit.at(redshift).target_mean for redshift in (5.0, 2.0)] == pytest.approx([1e-4, 1e-2])
    for damaged in ({"factor": [*FACTORS[:1], {}]}, {}, 3, {**amplitude, "variable": "time"}):
        with pytest.raises(BadInput, match=r"^fit\.json: "):
            evolving(amplitude=damaged).at(3.0)
    with pytest.raises(BadInput, match="amplitude -1: must be a positive number"):
        evolving(amplitude={"factor": -1}).at(3.0)


def test_members_have_parameters_of_their_own_and_members_of_their_prerequisites():
    dark_matter = with_members("dark-matter", (11, 12)).document
    fit = with_members("stellar-mass", (21, 22, 23), dark_matter_fit=dark_matter)
    assert fit.number_of_members == 3
    # The prerequisite has no member 3: it keeps its own parameters.
    seeds = {0: (3, 3), 1: (21, 11), 2: (22, 12), 3: (23, 3)}
    assert list(fit.chosen_members("all")) == list(seeds)
    for number, (own, below) in seeds.items():
        (member,) = fit.chosen_members(str(number)).values()
        assert to_dictionary(member.parameters) == parameters_of("stellar-mass", own)
        improved = member.at(2.0).prerequisites["dark-matter"]
        assert to_dictionary(improved.parameters) == parameters_of("dark-matter", below)
        assert member.map_attributes() == {
            "fit_sha256": fit.sha256,
            "member": number,
            "k": [0.5, 1.0],
            "model_error": [0.1, 0.2],
        }
    with pytest.raises(BadInput, match=r"--members 4: fit\.json has 0 to 3: give all or one"):
        fit.chosen_members("4")
    with pytest.raises(BadInput, match=r"fit\.json: carries no members: fit with --members"):
        fitted("stellar-mass").chosen_members("all")


def test_a_fit_of_another_quantity_or_universe_is_refused():
    fit = fitted("stellar-mass")
    fit.require_quantity("stellar-mass")
    with pytest.raises(BadInput, match=r"fit\.json: is a fit of stellar-mass: give one of gas"):
        fit.require_quantity("gas")
    fit.require_match([VALIDITY, VALIDITY.at_redshift(2.002)], "fit again")
    message = r"fit\.json: does not match \(redshift 2, there 3\): fit again"
    with pytest.raises(BadInput, match=message):
        fit.require_match([VALIDITY, VALIDITY.at_redshift(3.0)], "fit again")
    other = dataclasses.replace(VALIDITY, cell_size=(1.0,) * 3)
    with pytest.raises(BadInput, match=r"cell_size 0\.7 x 0\.7 x 0\.7, there 1 x 1 x 1"):
        fit.require_match([other], "fit again")


def test_quality_by_region():
    values = {"mean_ratio": 0.9, "k": [1, 2], "modes": [3, 4], "ratio": [0.5, None], "r": [1, 0]}
    quality = fitted("gas", quality={"test": values}).quality("test")
    assert quality.mean_ratio == 0.9
    np.testing.assert_array_equal(quality.ratio, [0.5, np.nan])
    np.testing.assert_array_equal([quality.k, quality.modes, quality.r], [[1, 2], [3, 4], [1, 0]])
    with pytest.raises(BadInput, match=r"fit\.json: is not a valid fit \(quality is missing\)"):
        fitted("gas").quality("test")


def test_an_edited_fit_is_taken_on_request_and_says_so(tmp_path):
    path = save_fit(tmp_path / "fit.json", "stellar-mass")
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "parameters": parameters_of("stellar-mass", 5)}))
    with pytest.raises(BadInput, match=r"fit\.json: was edited since it was written"):
        FittedModel.load(path)
    fit = FittedModel.load(path, accept_edited=True)
    assert to_dictionary(fit.parameters) == parameters_of("stellar-mass", 5)
    assert fit.map_attributes()["fit_edited"] == ["itself"]
    carrying = fitted("neutral-hydrogen", stellar_mass_fit=fit.document)
    assert carrying.map_attributes()["fit_edited"] == ["stellar_mass_fit"]


LAYER = parameters_of("dark-matter", 3)["layers"][0]
TARGET = untrained_fit("dark-matter")["target"]
SETTING = VALIDITY.as_dict()
DAMAGED = [
    ({"quantity": "dust"}, "quantity dust: is unknown; give a fit of dark-matter, stellar-mass"),
    ({"quantity": 3}, "quantity 3: is unknown; give a fit of dark-matter"),
    ({"parameters": {"layers": [{**LAYER, "alpha": "big"}]}}, "parameters are incomplete (could"),
    ({"parameters": {"layers": [{**LAYER, "alpha": [1, 2]}]}}, "parameters are incomplete (float"),
    ({"parameters": {"layers": [{}]}}, "parameters are incomplete ('alpha')"),
    ({"parameters": {"layers": [{**LAYER, "beta": 1}]}}, "incomplete (Layer has no beta)"),
    ({"parameters": None}, "parameters are incomplete"),
    ({"parameters": []}, "is not a valid fit (tuple index out of range); fit again"),
    ({"parameters": [{"layers": [LAYER]}]}, "parameters are incomplete ('redshift')"),
    ({"layers": 2}, "says 2 layers, has 1"),
    ({"target": {}}, "does not describe its target"),
    ({"target": 3}, "does not describe its target"),
    ({"target": {**TARGET, "units": 5}}, "target's units 5: must be text"),
    ({"target": {**TARGET, "mean": -1.0}}, "target's mean -1.0: must be a positive number"),
    ({"target": {**TARGET, "mean": []}}, "target's mean []: must be a positive number"),
    ({"target": {**TARGET, "mean": [{"redshift": 2.0}]}}, "target's mean is incomplete ('mean')"),
    ({"target": {**TARGET, "mean": "much"}}, "target's mean is incomplete (could not"),
    ({"dark_matter_fit": 3}, None),
]


@pytest.mark.parametrize(("changes", "message"), DAMAGED, ids=[str(row[0]) for row in DAMAGED])
def test_a_damaged_fit_has_no_model(changes, message):
    """One line with the file; what a quantity does not use does no harm."""
    fit = fitted("dark-matter", **changes)
    if message is None:
        assert to_dictionary(fit.at(2.0).parameters) == {"layers": [LAYER]}
        return
    with pytest.raises(BadInput) as error:
        fit.at(2.0)
    said = str(error.value)
    assert said.startswith("fit.json: ")
    assert message in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "damage",
    [3, "x", [], {}, {"quantity": "dark-matter"}, untrained_fit("gas") | {"quantity": "dust"}],
)
def test_a_damaged_prerequisite_is_refused(damage):
    fit = fitted("stellar-mass", dark_matter_fit=damage)
    with pytest.raises(BadInput, match=r"^fit\.json: "):
        fit.at(2.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"redshift": "two"},
        {"redshift": [5]},
        {"redshift": [5, 3, 2]},
        {"cosmology": [0.3]},
        {"step_scheme": {"stages": 3}},
        {"step_scheme": {"stages": ["early"]}},
    ],
)
def test_a_damaged_setting_is_refused(changes):
    fit = fitted("dark-matter", setting={**SETTING, **changes})
    with pytest.raises(BadInput, match=r"fit\.json: its setting is incomplete .*: fit again"):
        fit.require_match([VALIDITY], "fit again")


@pytest.mark.parametrize(
    "ensemble",
    [3, {"members": "x"}, {"members": [{}, {}]}, {"members": [3]}],
)
def test_a_damaged_ensemble_is_refused(ensemble):
    fit = fitted("dark-matter", ensemble=ensemble)

    def use():
        for member in fit.chosen_members("all").values():
            member.at(2.0)
            member.map_attributes()

    with pytest.raises(BadInput, match=r"fit\.json: is not a valid fit"):
        use()


def test_a_fit_without_losses_is_refused():
    for loss in (0, {}, {"train": 1, "validation": "x", "test": 1}):
        fit = fitted("dark-matter", loss=loss)
        with pytest.raises(BadInput, match=r"fit\.json: its losses are missing"):
            fit.losses  # noqa: B018
        with pytest.raises(BadInput, match=r"fit\.json: is not a valid fit"):
            fit.loss_name  # noqa: B018
