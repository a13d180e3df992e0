# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers, maps, losses and gradients against the original JERALD code (see golden/README.md)."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from goldens import load_golden

from jerald_tools.fitting.objective import make_evaluate
from jerald_tools.fitting.residual_loss import paper_loss
from jerald_tools.fitting.search_space import ravel_parameters
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.model.model import predict
from jerald_tools.model.neutral_hydrogen import NeutralHydrogen
from jerald_tools.model.parameters import from_dictionary, parameter_table
from jerald_tools.model.quantity import ModelInputs
from jerald_tools.quantities import quantity_named

CASES = {
    "dm": "dark-matter",
    "dm_default": "dark-matter",
    "dm_n1": "dark-matter",
    "sm": "stellar-mass",
    "sm_n0": "stellar-mass",
    "HI": "neutral-hydrogen",
}
LAYER = ("alpha", "gamma", "k_h", "k_l", "nu")
# Order of the original's last parameters; the shift, its 32nd, is a constant here.
DEPLETION = ("beta1", "k_h", "k_l", "nu", "beta2", "gamma3", "xi", "eta")


def original_order(quantity: str, values: np.ndarray):
    """The original's vector by name, with the signs of b and of the stars' alpha used here."""

    def layer(numbers, sign=1):
        return {**dict(zip(LAYER, map(float, numbers), strict=True)), "alpha": sign * numbers[0]}

    if quantity == "dark-matter":
        return {"layers": [layer(values[:5]), layer(values[5:10])]}
    if quantity == "stellar-mass":
        mu, w, b = values[10:]
        transform = {"w": w, "mu": mu, "b": -b}
        return {"layers": [layer(values[:5]), layer(values[5:10])], "transform": transform}
    mu, w, b = values[20:23]
    return {
        "layers": [
            {"density": layer(part[:5]), "stars": layer(part[5:], -1)}
            for part in (values[:10], values[10:20])
        ],
        "transform": {"w": w, "mu": mu, "b": -b},
        "depletion": dict(zip(DEPLETION, values[23:31], strict=True)),
    }


@functools.cache
def golden():
    return load_golden("jerald.npz")


@functools.cache
def computed(case: str, backend: str):
    """All of one case: particles after one and two layers, map, losses and gradient."""
    name = CASES[case]
    numbers = {key: golden()[f"{case}_{key}"] for key in ("parameters", "smoothing")}
    if case == "HI":
        quantity = NeutralHydrogen(shift=float(numbers["parameters"][31]))
    else:
        quantity = quantity_named(name)
    values = original_order(name, numbers["parameters"])
    parameters = jax.tree.map(jnp.float64, from_dictionary(quantity.parameters, values))
    mesh = make_mesh(32, 10.0, "double", ONE_PROCESS, backend)
    positions = jnp.asarray(golden()["positions"])
    sources = (jnp.asarray(golden()["relative_stars"]),) if case == "HI" else ()
    inputs = ModelInputs(positions, density(mesh, positions), sources)
    target = golden()[f"target_{case.split('_')[0]}"]
    loss = paper_loss(quantity, smoothing=float(numbers["smoothing"]) or None)
    evaluate = make_evaluate(mesh, quantity, loss, len(parameters.layers))
    (_, losses), gradient = evaluate(ravel_parameters(parameters), inputs, target)
    one_layer = type(parameters)(**{**parameters.__dict__, "layers": parameters.layers[:1]})
    return {
        "after": [quantity.displace(mesh, layers, inputs) for layers in (one_layer, parameters)],
        "map": predict(mesh, quantity, parameters, inputs),
        "losses": losses,
        "gradient": gradient,
        "names": list(parameter_table(parameters)),
    }


# One case of each quantity on the slower backend, whose operations have tests of their own.
every_case = pytest.mark.parametrize(
    ("case", "backend"),
    [(case, "native") for case in CASES] + [(case, "jax") for case in ("dm_n1", "sm", "HI")],
)


@every_case
def test_positions_after_each_layer(case, backend):
    for number, positions in enumerate(computed(case, backend)["after"], start=1):
        expected = golden()[f"{case}_positions_after_layer{number}"]
        np.testing.assert_allclose(positions[::16], expected, rtol=0, atol=1e-10)


@every_case
def test_map(case, backend):
    if f"{case}_map" not in golden():
        case = {"dm_n1": "dm", "sm_n0": "sm"}[case]  # the loss differs, the map does not
    expected = golden()[f"{case}_map"]
    actual = computed(case, backend)["map"]
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@every_case
def test_training_and_validation_loss(case, backend):
    losses = computed(case, backend)["losses"]
    np.testing.assert_allclose(losses.train, golden()[f"{case}_training_loss"], rtol=1e-10)
    np.testing.assert_allclose(losses.validation, golden()[f"{case}_validation_loss"], rtol=1e-10)


@every_case
def test_gradient(case, backend):
    result = computed(case, backend)
    # The gradient's signs follow the parameters': the same reordering serves both.
    as_parameters = original_order(CASES[case], golden()[f"{case}_gradient"])
    parameters = quantity_named(CASES[case]).parameters
    expected = ravel_parameters(from_dictionary(parameters, as_parameters))
    assert len(expected) == {"d": 10, "s": 13, "H": 31}[case[0]] == len(result["names"])
    np.testing.assert_allclose(
        result["gradient"], expected, rtol=0, atol=1e-8 * np.abs(expected).max()
    )
