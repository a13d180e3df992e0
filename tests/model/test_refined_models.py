# SPDX-License-Identifier: GPL-3.0-or-later
"""Models on a mesh finer than the map's: the map has the means of what they give there.

Their gradients are in test_model_gradients.py.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mesh_cases import restricted
from model_cases import generic_parameters, model_case, refined_quantity

from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import ONE_PROCESS
from jerald_tools.mesh.restrict import refined
from jerald_tools.model.model import Model, predict
from jerald_tools.model.neutral_hydrogen import relative_stellar_mass
from jerald_tools.quantities import NAMES, quantity_named

REFINED = [name for name in NAMES if name != "dark-matter"]
SHAPE, BOX_SIZE = (8, 6, 10), (5.0, 3.0, 7.0)


def a_mesh():
    return make_mesh(SHAPE, BOX_SIZE, "double", ONE_PROCESS, "native")


@pytest.mark.parametrize(("refine", "layers"), [(2, 1), (3, 0)])
@pytest.mark.parametrize("name", REFINED)
def test_a_map_has_the_means_of_the_model_on_its_mesh(name, refine, layers):
    mesh, quantity = a_mesh(), quantity_named(name)
    inputs, _ = model_case(mesh, name, refine=refine)
    parameters = generic_parameters(name, layers)
    on_fine_mesh = predict(refined(mesh, refine), quantity, parameters, inputs)
    found = predict(mesh, refined_quantity(name, refine), parameters, inputs)
    expected = restricted(np.asarray(on_fine_mesh), refine)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_hydrogen_takes_dark_matter_from_the_mesh_of_the_map_and_stars_from_the_finer_one():
    mesh = a_mesh()
    fine = refined(mesh, 2)
    models = {
        name: Model(quantity, generic_parameters(name, 1))
        for name, quantity in {
            "dark-matter": quantity_named("dark-matter"),
            "stellar-mass": refined_quantity("stellar-mass", 2),
        }.items()
    }
    models["stellar-mass"] = Model(
        models["stellar-mass"].quantity,
        models["stellar-mass"].parameters,
        prerequisites={"dark-matter": models["dark-matter"]},
    )
    positions = model_case(mesh, "dark-matter")[0].positions
    hydrogen = refined_quantity("neutral-hydrogen", 2)
    inputs = hydrogen.inputs(mesh, positions, models)
    dark_matter = models["dark-matter"]
    improved = dark_matter.quantity.improve(mesh, dark_matter.parameters, positions)
    np.testing.assert_array_equal(inputs.positions, improved)
    start_density = jax.jit(density, static_argnums=0)(fine, improved)
    np.testing.assert_array_equal(inputs.start_density, start_density)
    stars = models["stellar-mass"]
    on_fine_mesh = quantity_named("stellar-mass")
    alone = Model(on_fine_mesh, stars.parameters)
    expected = relative_stellar_mass(fine, alone.paint(fine, improved)[0])
    np.testing.assert_allclose(inputs.sources[0], expected, rtol=1e-12)


def test_stars_on_another_mesh_are_refused():
    mesh = a_mesh()
    stars = Model(quantity_named("stellar-mass"), generic_parameters("stellar-mass", 1))
    hydrogen = refined_quantity("neutral-hydrogen", 2)
    with pytest.raises(BadInput, match=r"stellar-mass has refine 1, .* 2: give --refine 1"):
        hydrogen.inputs(mesh, jnp.zeros((3, 3)), {"stellar-mass": stars})
