# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of trainable parameters: how many there are, their names, bounds, and dictionaries."""

import jax
import numpy as np
import pytest

from jerald_tools.model.parameters import (
    bounds,
    from_dictionary,
    parameter_table,
    scattered,
    to_dictionary,
)
from jerald_tools.quantities import NAMES, quantity_named

# Layers, then the transform and what else there is: Table I of the paper, and 5 S + 2 for gas.
COUNTS = {
    "dark-matter": [0, 5, 10, 15],
    "stellar-mass": [3, 8, 13, 18],
    "neutral-hydrogen": [11, 21, 31, 41],
    "gas": [2, 7, 12, 17],
}


@pytest.mark.parametrize("name", NAMES)
def test_table_one_counts(name):
    quantity = quantity_named(name)
    counts = [len(parameter_table(quantity.original_parameters(layers))) for layers in range(4)]
    assert counts == COUNTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_parameters_survive_a_dictionary(name):
    quantity = quantity_named(name)
    parameters = scattered(quantity.original_parameters(2), np.random.default_rng(8))
    assert from_dictionary(quantity.parameters, to_dictionary(parameters)) == parameters


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_in_the_order_of_the_vector_and_have_the_names_of_the_dictionary(name):
    parameters = quantity_named(name).original_parameters(2)
    values = to_dictionary(parameters)

    def value_of(row):
        found = values
        for part in row.replace("[", ".").replace("]", "").split("."):
            found = found[int(part)] if part.isdigit() else found[part]
        return found

    assert list(map(value_of, parameter_table(parameters))) == jax.tree.leaves(parameters)


def test_names_of_a_layer():
    parameters = quantity_named("stellar-mass").original_parameters(1)
    layer = [f"layers[0].{name}" for name in ("alpha", "gamma", "k_h", "k_l", "nu")]
    transform = [f"transform.{name}" for name in ("w", "mu", "b")]
    assert list(parameter_table(parameters)) == [*layer, *transform]
    assert parameter_table(parameters)["layers[0].k_l"].units == "h/Mpc"


def test_bounds_are_those_of_the_table():
    """Gamma from 0 to 1, k_h from 0 to 30 h/Mpc, k_l from 0.1 to 100 h/Mpc, nu from -1 to 1."""
    lower, upper = bounds(quantity_named("stellar-mass").original_parameters(1))
    assert lower.tolist() == [-10, 0, 0, 0.1, -1, 1e-5, 0.1, -np.inf]
    assert upper.tolist() == [10, 1, 30, 100, 1, np.inf, 4, np.inf]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda values: values["transform"].pop("mu"), KeyError),
        (lambda values: values["transform"].update(nu=1.0), TypeError),
        (lambda values: values["transform"].update(mu="big"), ValueError),
        (lambda values: values["transform"].update(mu=[1, 2]), TypeError),
        (lambda values: values.pop("layers"), KeyError),
        (lambda values: values.update(layers=None), TypeError),
        (lambda values: values.update(depletion={}), TypeError),
    ],
)
def test_a_dictionary_of_other_parameters_is_refused(change, error):
    quantity = quantity_named("stellar-mass")
    values = to_dictionary(quantity.original_parameters(1))
    change(values)
    with pytest.raises(error):
        from_dictionary(quantity.parameters, values)


@pytest.mark.parametrize("name", NAMES)
def test_scattered_parameters_stay_within_their_bounds(name):
    parameters = quantity_named(name).original_parameters(1)
    lower, upper = bounds(parameters)
    drawn = np.array(
        [jax.tree.leaves(scattered(parameters, np.random.default_rng(seed))) for seed in range(500)]
    )
    assert np.all((lower <= drawn) & (drawn <= upper))
    assert np.all(np.ptp(drawn, axis=0) > 0)
