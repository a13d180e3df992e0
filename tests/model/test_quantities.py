# SPDX-License-Identifier: GPL-3.0-or-later
"""What every quantity of the registry must fulfil."""

import subprocess
import sys

import jax
import numpy as np
import pytest

from jerald_tools.errors import BadInput
from jerald_tools.fitting import LOSSES
from jerald_tools.model.neutral_hydrogen import NeutralHydrogen
from jerald_tools.model.parameters import bounds
from jerald_tools.quantities import NAMES, quantity_named

every_quantity = pytest.mark.parametrize("name", NAMES)


def test_the_registry_names_four_quantities():
    assert NAMES == ("dark-matter", "stellar-mass", "neutral-hydrogen", "gas")


def test_the_registry_does_not_import_jax():
    program = "import sys; import jerald_tools.quantities; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_unknown_quantity_is_refused_with_those_that_there_are():
    message = "quantity dust: is unknown; give one of dark-matter, stellar-mass, neutral-h"
    with pytest.raises(BadInput, match=message):
        quantity_named("dust")


@every_quantity
def test_a_quantity_has_the_name_of_its_key(name):
    assert quantity_named(name).name == name


@every_quantity
def test_prerequisites_come_earlier_in_the_registry(name):
    quantity = quantity_named(name)
    assert set(quantity.prerequisites) <= set(NAMES[: NAMES.index(name)])
    assert set(quantity.required) <= set(quantity.prerequisites)
    # In the order of the registry, which is that in which particles are improved.
    assert sorted(quantity.prerequisites, key=NAMES.index) == list(quantity.prerequisites)


@every_quantity
def test_original_parameters_lie_within_their_bounds(name):
    for layers in (0, 2):
        parameters = quantity_named(name).original_parameters(layers)
        assert isinstance(parameters, quantity_named(name).parameters)
        assert len(parameters.layers) == layers
        lower, upper = bounds(parameters)
        vector = np.array(jax.tree.leaves(parameters))
        assert np.all((lower <= vector) & (vector <= upper))


@every_quantity
def test_quantities_with_a_transform_have_starts_of_it(name):
    """And no others: without layers there is nothing to fit in a quantity without a transform."""
    quantity = quantity_named(name)
    has_transform = bool(jax.tree.leaves(quantity.original_parameters(0)))
    assert bool(quantity.transform_starts()) == has_transform
    for start in quantity.transform_starts():
        assert start.parameters.layers == ()
        lower, upper = bounds(start.parameters)
        vector = np.array(jax.tree.leaves(start.parameters))
        assert np.all((lower <= vector) & (vector <= upper))


@every_quantity
def test_the_layers_of_a_quantity_come_before_its_other_parameters(name):
    quantity = quantity_named(name)
    whole = jax.tree.leaves(quantity.original_parameters(2))
    rest = jax.tree.leaves(quantity.original_parameters(0))
    assert len(whole) > len(rest)
    assert whole[len(whole) - len(rest) :] == rest


@every_quantity
def test_quantities_are_equal_by_their_constants_and_hashable(name):
    """Otherwise every fit would compile its functions again."""
    quantity = quantity_named(name)
    assert quantity is quantity_named(name)
    assert quantity.with_constants({}) == quantity
    assert hash(quantity.with_constants(quantity.constants)) == hash(quantity)
    assert quantity.default_loss in LOSSES
    assert quantity.residual_power in (1, 2)


def test_constants_of_a_quantity():
    hydrogen = quantity_named("neutral-hydrogen")
    assert hydrogen.constants == {"shift": 0.0, "refine": 1}
    assert hydrogen.with_constants({"shift": 0.05}) == NeutralHydrogen(shift=0.05) != hydrogen
    assert quantity_named("gas").constants == {"refine": 1}
    assert quantity_named("dark-matter").constants == {}
    for name in ("dark-matter", "stellar-mass", "gas"):
        with pytest.raises(BadInput, match=f"shift: {name} has no such constant: leave it out"):
            quantity_named(name).with_constants({"shift": 0.05})
    for value in (np.nan, np.inf, "x", None, [0.1]):
        with pytest.raises(BadInput, match=r"shift .*: must be a finite number"):
            hydrogen.with_constants({"shift": value})


def test_the_mesh_of_a_model_is_a_whole_number_of_times_finer():
    stars = quantity_named("stellar-mass")
    for value in (2, 2.0):
        finer = stars.with_constants({"refine": value})
        assert finer.constants == stars.constants | {"refine": 2}
        assert type(finer.constants["refine"]) is int
    for value in (0, -2):
        with pytest.raises(BadInput, match=f"refine {value}: must be a whole number, at least 1"):
            stars.with_constants({"refine": value})
    with pytest.raises(BadInput, match=r"refine 1\.5: must be a whole number"):
        stars.with_constants({"refine": 1.5})
    with pytest.raises(BadInput, match="refine: dark-matter has no such constant: leave it out"):
        quantity_named("dark-matter").with_constants({"refine": 2})
