# SPDX-License-Identifier: GPL-3.0-or-later
"""Velocity and temperature of gas on a mesh, from the particles of dark matter."""

import dataclasses
import typing

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapHeader
from jerald_tools.lines.constants import thermal_width
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.paint import density, paint, readout
from jerald_tools.mesh.ranks import gather

LEAST_DENSITY, LARGEST_DENSITY = 1e-3, 10.0
"""Between these 1 + delta the gas follows a power law: above, it is shocked, or cools."""

LEAST_PARTICLE = 1e-6
"""A node with less of a particle than this is empty: rounding decides its velocity."""


@dataclasses.dataclass(frozen=True)
class ThermalState:
    """The temperature of gas as a function of density, T = T0 (1 + delta)^(gamma - 1).

    Attributes:
        temperature: T0, at the mean density [K].
        gamma: 1 for gas of one temperature.

    Raises:
        BadInput: for numbers that no gas has.
    """

    temperature: float
    gamma: float

    def __post_init__(self):
        if not 0 < self.temperature < np.inf:
            raise BadInput(f"--temperature {self.temperature:g}: give kelvins above 0")
        if not 0 <= self.gamma <= 3:
            raise BadInput(f"--gamma {self.gamma:g}: give a number from 0 to 3; 1 is isothermal")

    def widths(self, density: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Doppler parameters b [km/s] of gas in places of density 1 + delta."""
        density = np.clip(density, LEAST_DENSITY, LARGEST_DENSITY)
        return thermal_width(self.temperature * density ** (self.gamma - 1))


def thermal_state(
    path: str, header: MapHeader, temperature: float | None, gamma: float | None
) -> ThermalState:
    """The thermal state that a map states, unless other numbers are given.

    Maps that were painted have it from the target of their fit (``temperature`` and ``gamma``), the
    bundled targets from the simulation's snapshot.

    Args:
        path: of the map, for messages.
        header: of the map.
        temperature: T0 [K], in place of the map's.
        gamma: in place of the map's.

    Raises:
        BadInput: if one of the numbers is neither given nor in the map.
    """
    stated = stated_thermal_state(header.attributes)
    temperature = stated.get("temperature") if temperature is None else temperature
    gamma = stated.get("gamma") if gamma is None else gamma
    if temperature is None or gamma is None:
        name = "--temperature" if temperature is None else "--gamma"
        raise BadInput(f"{path}: states no temperature of its gas; give {name}")
    return ThermalState(float(temperature), float(gamma))


def stated_thermal_state(attributes: typing.Mapping[str, typing.Any]) -> dict[str, float]:
    """The ``temperature`` [K] and ``gamma`` that attributes of a map state, as far as they do."""
    snapshot = attributes.get("snapshot", {})
    stated = {
        "temperature": snapshot.get("T0_median_at_mean_density_K"),
        "gamma": snapshot.get("gamma_minus_1"),
    }
    if stated["gamma"] is not None:
        stated["gamma"] += 1
    stated |= {name: attributes[name] for name in stated if name in attributes}
    return {name: float(value) for name, value in stated.items() if value is not None}


def gas_on_mesh(
    mesh: Mesh, positions: Float[AnyArray, "n 3"], velocities: Float[AnyArray, " n"]
) -> tuple[Float[Array, "x y z"], Float[np.ndarray, "x y z"]]:
    """Density over its mean, and velocity along one axis, this rank's slabs.

    The velocity of a node is the momentum over the mass that particles leave there, cloud-in-cell.
    Where there are none it is the mean of the neighbours that have one, from the edges of empty
    places inwards.

    Args:
        mesh: the mesh.
        positions: of this rank's particles of equal mass [Mpc/h].
        velocities: theirs along the axis [km/s].
    """
    mass = paint(mesh, positions)
    momentum = paint(mesh, positions, jnp.asarray(velocities, mesh.dtype))
    mass, momentum = np.asarray(mass), np.asarray(momentum)
    is_known = mass > LEAST_PARTICLE
    velocity = np.where(is_known, momentum / np.where(is_known, mass, 1), 0)
    return density(mesh, positions), _filled(mesh, velocity, is_known)


def _filled(
    mesh: Mesh, values: Float[np.ndarray, "x y z"], is_known: Bool[np.ndarray, "x y z"]
) -> Float[np.ndarray, "x y z"]:
    """Fill nodes that have no value, layer by layer, with the mean of neighbours that have one."""
    # In units of cells nodes are integers, which are read out without a share of their neighbours.
    unit_mesh = dataclasses.replace(mesh, box_size=tuple(map(float, mesh.shape)))
    steps: np.ndarray = np.concatenate([np.eye(3), -np.eye(3)])
    corner = np.array([mesh.x_start, 0, 0])
    while sum(gather(mesh.ranks, int((~is_known).sum()))):
        nodes = np.argwhere(~is_known) + corner
        around = (np.expand_dims(nodes, 1) + steps).reshape(-1, 3)
        here = jnp.asarray(around % mesh.shape, mesh.dtype)
        of_known, known = (
            np.asarray(readout(unit_mesh, jnp.asarray(field, mesh.dtype), here)).reshape(-1, 6)
            for field in (np.where(is_known, values, 0), is_known)
        )
        number = known.sum(axis=1)
        reached = nodes[number > 0.5] - corner
        means = of_known.sum(axis=1)[number > 0.5] / number[number > 0.5]
        values[tuple(reached.T)] = means
        is_known[tuple(reached.T)] = True
    return values
