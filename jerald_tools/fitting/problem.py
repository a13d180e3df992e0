# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fit is given: simulations with their targets, and all that it records of them."""

import dataclasses
import typing
from collections.abc import Mapping, Sequence

import jax
from jaxtyping import Array, Float

from jerald_tools.agreement import same_redshift
from jerald_tools.cosmology import Cosmology
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.model.quantity import ModelInputs, Quantity
from jerald_tools.model.validity import Validity


@dataclasses.dataclass(frozen=True)
class Simulation:
    """One simulation at one redshift as a fit uses it, this rank's part.

    Attributes:
        inputs: what the quantity's parameters act on.
        target: this rank's slab, over the mean that maps are in units of.
        redshift: of both; used where parameters evolve.
    """

    inputs: ModelInputs
    target: Float[Array, "x y z"]
    redshift: float = 0.0


@dataclasses.dataclass(frozen=True)
class Task:
    """What is fitted: the map of a quantity to the targets of simulations, under a loss.

    Attributes:
        mesh: of the maps.
        quantity: whose parameters are fitted.
        simulations: on this mesh; the mean of their losses is minimised, each in its own regions
            and with the parameters at its own redshift.
        loss: what is minimised.
        cosmology: of the simulations; used where parameters evolve.
    """

    mesh: Mesh
    quantity: Quantity
    simulations: Sequence[Simulation]
    loss: Loss
    cosmology: Cosmology = dataclasses.field(default_factory=Cosmology)


@dataclasses.dataclass(frozen=True)
class TargetInfo:
    """What a fit records of the map that it was trained on.

    Attributes:
        path: as given.
        mean: that maps are in units of, in the map's units: the mean over all targets of this
            redshift that are fitted together.
        units: of the map.
        description: of the map.
        gas: ``temperature`` and ``gamma`` of the gas, as far as the map states them.
    """

    path: str
    mean: float
    units: str
    description: str
    gas: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Problem:
    """One simulation of a fit with all that its files say.

    Attributes:
        mesh: of the maps.
        quantity: whose parameters are fitted.
        validity: what the fit will depend on.
        positions: this rank's particles as FastPM left them, (n, 3) [Mpc/h].
        simulation: what parameters act on, and the target over the mean of all targets at this
            redshift.
        target_info: what the fit will record of the target.
        prerequisites: fits by quantity.
        particles: their file.
        white_noise: of the initial conditions, "seed 9281" or the file of the particles where they
            are of no seed; the same for a box, that with fixed amplitudes and their pairs. None for
            a pair whose partner is unknown.
    """

    mesh: Mesh
    quantity: Quantity
    validity: Validity
    positions: jax.Array
    simulation: Simulation
    target_info: TargetInfo
    prerequisites: Mapping[str, FittedModel]
    particles: str = ""
    white_noise: str | None = ""

    def inputs_for(self, mesh: Mesh, positions, member: int) -> ModelInputs:
        """What parameters act on with a member of the prerequisites.

        Args:
            mesh: of the maps, perhaps a turned one.
            positions: this rank's particles on it as FastPM left them, (n, 3) [Mpc/h].
            member: number of the member.
        """
        members = {name: fit.member(member) for name, fit in self.prerequisites.items()}
        return inputs_of(mesh, self.quantity, positions, members, self.validity.redshift_range[0])


def inputs_of(
    mesh: Mesh,
    quantity: Quantity,
    positions: typing.Any,
    prerequisites: Mapping[str, FittedModel],
    redshift: float,
) -> ModelInputs:
    """What a quantity's parameters act on, with fits of its prerequisites at a redshift."""
    models = {name: fit.at(redshift) for name, fit in prerequisites.items()}
    return quantity.inputs(mesh, positions, models)


def different_redshifts(redshifts: Sequence[float]) -> list[float]:
    """The redshifts without those that equal an earlier one."""
    found: list[float] = []
    for redshift in redshifts:
        if not any(same_redshift(redshift, other) for other in found):
            found.append(redshift)
    return found
