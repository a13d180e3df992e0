# SPDX-License-Identifier: GPL-3.0-or-later
"""From particles to maps: dark matter, then stellar mass, then neutral hydrogen."""

import dataclasses
import functools
import typing

import jax

from jerald_tools.mesh.checks import check_density
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density
from jerald_tools.model.dark_matter import displace_dark_matter
from jerald_tools.model.neutral_hydrogen import (
    displace_neutral_hydrogen,
    neutral_hydrogen_transform,
    relative_stellar_mass,
)
from jerald_tools.model.stellar_mass import displace_stellar_mass, stellar_transform

QUANTITIES = ("dark-matter", "stellar-mass", "neutral-hydrogen")


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """One trained quantity and the trained quantities that it stands on.

    Attributes:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        parameters: of that quantity, see :mod:`jerald_tools.model.parameters`.
        target_mean: mean of the map that was trained on, in its units: maps are in units of it.
        shift: constant added to 1 + d before the power of neutral hydrogen.
        dark_matter: the model whose layers improve the particles first, or None.
        stellar_mass: the model whose stars neutral hydrogen needs, or None.
    """

    quantity: str
    parameters: typing.Any
    target_mean: float = 1.0
    shift: float = 0.0
    dark_matter: "TrainedModel | None" = None
    stellar_mass: "TrainedModel | None" = None


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ModelInputs:
    """What a quantity's parameters act on; none of it changes while they are trained.

    Attributes:
        positions: particles after the dark-matter layers it stands on, (n, 3) [Mpc/h].
        start_density: their 1 + d, (nx_local, ny, nz).
        relative_stars: predicted stellar mass over its mean (neutral hydrogen only).
    """

    positions: jax.Array
    start_density: jax.Array
    relative_stars: jax.Array | None = None


@functools.partial(jax.jit, static_argnums=0)
def _improved_positions(mesh: Mesh, parameters, positions):
    return displace_dark_matter(mesh, parameters, positions)


@functools.partial(jax.jit, static_argnums=0)
def _start_density(mesh: Mesh, positions):
    return density(mesh, positions)


@functools.partial(jax.jit, static_argnums=0)
def _relative_stars(mesh: Mesh, stellar_map):
    return relative_stellar_mass(mesh, stellar_map)


def model_inputs(
    mesh: Mesh,
    quantity: str,
    positions,
    dark_matter: TrainedModel | None = None,
    stellar_mass: TrainedModel | None = None,
) -> ModelInputs:
    """Everything before a quantity's own parameters, computed once.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        positions: this rank's particles as FastPM left them, (n, 3) [Mpc/h].
        dark_matter: its layers move the particles first.
        stellar_mass: its prediction is the stellar source of neutral hydrogen.

    Returns:
        The inputs, on this rank's slab.
    """
    stars = None
    if quantity == "neutral-hydrogen":
        stellar_map, _ = paint_trained(mesh, stellar_mass, positions)
        stars = _relative_stars(mesh, stellar_map)
    if dark_matter is not None:
        positions = _improved_positions(mesh, dark_matter.parameters, positions)
    start_density = _start_density(mesh, positions)
    check_density(mesh, f"painting the particles for {quantity}", start_density, len(positions))
    return ModelInputs(positions, start_density, stars)


def displace(mesh: Mesh, quantity: str, parameters, inputs: ModelInputs):
    """The particles after a quantity's own layers, whose density its map follows.

    Arguments as :func:`predict`; returns (n, 3) [Mpc/h], not wrapped into the box.
    """
    if quantity == "dark-matter":
        return displace_dark_matter(mesh, parameters, inputs.positions, inputs.start_density)
    if quantity == "stellar-mass":
        return displace_stellar_mass(mesh, parameters, inputs.positions, inputs.start_density)
    return displace_neutral_hydrogen(
        mesh, parameters, inputs.positions, inputs.relative_stars, inputs.start_density
    )


def transform(
    mesh: Mesh, quantity: str, parameters, displaced_density, inputs: ModelInputs, shift: float
):
    """A quantity's map from the density of its displaced particles (equations (8), (9), (13))."""
    if quantity == "dark-matter":
        return displaced_density
    if quantity == "stellar-mass":
        return stellar_transform(mesh, parameters, displaced_density)
    return neutral_hydrogen_transform(
        mesh, parameters, displaced_density, inputs.relative_stars, shift
    )


def predict(mesh: Mesh, quantity: str, parameters, inputs: ModelInputs, shift: float = 0.0):
    """A quantity's map over the mean of the map that was trained on; differentiable.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        parameters: of that quantity, as float64 JAX scalars.
        inputs: from :func:`model_inputs`.
        shift: constant of the neutral hydrogen's transform.

    Returns:
        This rank's slab (nx_local, ny, nz), dimensionless.
    """
    if parameters.layers:
        positions = displace(mesh, quantity, parameters, inputs)
        displaced_density = density(mesh, positions)
    else:
        displaced_density = inputs.start_density
    return transform(mesh, quantity, parameters, displaced_density, inputs, shift)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _displace_and_predict(mesh: Mesh, quantity: str, parameters, inputs, shift):
    positions = displace(mesh, quantity, parameters, inputs)
    predicted = transform(mesh, quantity, parameters, density(mesh, positions), inputs, shift)
    return predicted, positions


def paint_trained(mesh: Mesh, model: TrainedModel, positions):
    """The map of a trained quantity over its training mean, from FastPM's particles.

    Args:
        mesh: the mesh of the map.
        model: with the models that it stands on.
        positions: this rank's particles as FastPM left them, (n, 3) [Mpc/h].

    Returns:
        This rank's slab (nx_local, ny, nz), which times ``model.target_mean`` has the target's
        units, and the displaced particles (n, 3) [Mpc/h] that it follows.
    """
    inputs = model_inputs(mesh, model.quantity, positions, model.dark_matter, model.stellar_mass)
    return _displace_and_predict(mesh, model.quantity, model.parameters, inputs, model.shift)
