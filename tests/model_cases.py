# SPDX-License-Identifier: GPL-3.0-or-later
"""Small models of every quantity that several test files share."""

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.mesh.exchange import home_ranks
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.restrict import refined
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.quantities import quantity_named


def clustered_particles(shape, box_size, number: int, seed: int = 5) -> np.ndarray:
    """Positions (number, 3): three quarters in a few clumps, the rest anywhere."""
    random = np.random.default_rng(seed)
    box_size = np.array(box_size)
    centres = random.uniform(0, 1, (4, 3)) * box_size
    spread = 2 * np.max(box_size / np.array(shape))
    clumps = centres[random.integers(0, 4, number)] + spread * random.normal(size=(number, 3))
    anywhere = random.uniform(0, 1, (number, 3)) * box_size
    return np.where(random.uniform(size=(number, 1)) < 0.75, clumps, anywhere)


def generic_parameters(quantity: str | Quantity, layers: int = 2, seed: int = 3):
    """Parameters without zeros or symmetries, so that each has a gradient of its own."""
    random = np.random.default_rng(seed)
    model = quantity_named(quantity) if isinstance(quantity, str) else quantity
    leaves, structure = jax.tree.flatten(model.original_parameters(layers))
    leaves = [jnp.float64(leaf + 0.2 + 0.1 * random.uniform()) for leaf in leaves]
    return jax.tree.unflatten(structure, leaves)


def refined_quantity(name: str, refine: int) -> Quantity:
    """A quantity whose model acts on a mesh that much finer than the map's."""
    quantity = quantity_named(name)
    return quantity if refine == 1 else quantity.with_constants({"refine": refine})


def whole_stars_and_target(shape, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """A positive stellar source of mean one, and a target of mean one, over the whole mesh."""
    random = np.random.default_rng(seed)
    stars = random.exponential(size=shape) + 0.05
    target = random.exponential(size=shape)
    return stars / stars.mean(), target / target.mean()


def model_case(
    mesh: Mesh, quantity: str, number: int = 700, refine: int = 1
) -> tuple[ModelInputs, jax.Array]:
    """This rank's inputs of a quantity's model on a mesh ``refine`` times as fine, and a target."""
    positions = clustered_particles(mesh.shape, mesh.box_size, number).astype(mesh.dtype)
    if mesh.ranks.size > 1:
        positions = positions[home_ranks(mesh, positions) == mesh.ranks.rank]
    _, target = whole_stars_and_target(mesh.shape)
    model_mesh = refined(mesh, refine)
    stars, _ = whole_stars_and_target(model_mesh.shape)
    positions = jnp.asarray(positions)
    start_density = jax.jit(density, static_argnums=0)(model_mesh, positions)
    has_stars = "stellar-mass" in quantity_named(quantity).required
    own_stars = jnp.asarray(stars[model_mesh.x_start : model_mesh.x_stop], mesh.dtype)
    return (
        ModelInputs(positions, start_density, (own_stars,) if has_stars else ()),
        jnp.asarray(target[mesh.x_start : mesh.x_stop], mesh.dtype),
    )
