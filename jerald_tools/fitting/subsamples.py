# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the training sample: each member of an ensemble is a fit to one, and errs on the rest.

With several white noises a member leaves all boxes of one of them out (the jackknife), and its
error is that of its maps there. A fixed white noise and its pair count as one: each knows what is
in the other. With a single white noise the parts are halves of its boxes.
"""

import dataclasses
import typing
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.fitting import BOXES
from jerald_tools.fitting.error_of_power import ErrorOfPower, logarithms, model_error
from jerald_tools.fitting.fit import Fit, Search
from jerald_tools.fitting.folds import (
    FOLDS,
    Fold,
    turned_field,
    turned_mesh,
    turned_positions,
)
from jerald_tools.fitting.map_statistics import map_quality
from jerald_tools.fitting.objective import compiled_for
from jerald_tools.fitting.problem import Problem, Simulation, Task
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.model.evolution import parameters_at
from jerald_tools.model.fit_document import name_without
from jerald_tools.model.layer_starts import Start

# A start has led nearly as far if its validation loss is above the least one by at most this share.
TOLERANCE = 0.05


class Subsample(typing.Protocol):
    """A part of the training sample."""

    @property
    def name(self) -> str:
        """For fit files: what a member was trained on, or what it left out."""
        ...

    def task(self, problems: Sequence[Problem], member: int, loss: Loss) -> Task:
        """What the member is fitted to.

        Args:
            problems: all simulations that the fit itself is trained on.
            member: its number, also of the members of the prerequisites that it builds on.
            loss: what is minimised.
        """
        ...

    def start(self, fit: Fit, member: int) -> Start:
        """Where the search of the member begins, after that of the fit itself."""
        ...

    def search(self, search: Search) -> Search:
        """How the member is searched, where the fit itself was searched like this."""
        ...

    def qualities(
        self, problems: Sequence[Problem], member: int, task: Task, fit: Fit
    ) -> list[dict]:
        """Measures of the member's maps where it was not trained, by :func:`map_quality`."""
        ...

    def expected_error(
        self, others: Sequence[Sequence[dict]], edges: np.ndarray
    ) -> ErrorOfPower | None:
        """The error of ln P that 68 % of the bins should not exceed where it was not trained.

        Args:
            others: the qualities of each other member.
            edges: of the bins [h/Mpc].

        Returns:
            None where a single member has no band of its own.
        """
        ...

    @property
    def samples(self) -> int:
        """The number of independent samples that a white noise is divided into."""
        ...


@dataclasses.dataclass(frozen=True)
class HalfBoxes:
    """The same half of every box.

    Attributes:
        fold: the half.
    """

    fold: Fold

    @property
    def name(self) -> str:
        """Like "upper z"."""
        return self.fold.name

    def task(self, problems: Sequence[Problem], member: int, loss: Loss) -> Task:
        """The simulations turned so that the half lies where fits train."""
        first = problems[0]
        turned = turned_mesh(first.mesh, self.fold)
        simulations = []
        for problem in problems:
            positions = turned_positions(problem.mesh, self.fold, problem.positions)
            inputs = problem.inputs_for(turned, positions, member)
            target = jnp.asarray(turned_field(problem.mesh, self.fold, problem.simulation.target))
            simulations.append(Simulation(inputs, target, problem.simulation.redshift))
        return Task(turned, first.quantity, simulations, loss, first.validity.cosmology)

    def start(self, fit: Fit, member: int) -> Start:
        """Each at another of the starts that led nearly as far as the best one."""
        near = _starts_near(fit)
        return near[(member - 1) % len(near)]

    def search(self, search: Search) -> Search:
        """By the training loss: the member knows nothing of the other half."""
        return dataclasses.replace(search, select_on="train")

    def qualities(
        self, problems: Sequence[Problem], member: int, task: Task, fit: Fit
    ) -> list[dict]:
        """In the validation region of each turned box, inside the other half."""
        return [
            map_quality(task.mesh, predicted, simulation.target)["validation"]
            for predicted, simulation in zip(fit.predicted, task.simulations, strict=True)
        ]

    def expected_error(
        self, others: Sequence[Sequence[dict]], edges: np.ndarray
    ) -> ErrorOfPower | None:
        """None: its map is judged as one of an ensemble alone."""
        return None

    @property
    def samples(self) -> int:
        """No more than two halves of a box are disjoint."""
        return 2


@dataclasses.dataclass(frozen=True)
class WithoutWhiteNoise:
    """All boxes but those of one white noise.

    Attributes:
        left_out: the white noise, as :attr:`Problem.white_noise` names it.
    """

    left_out: str

    @property
    def name(self) -> str:
        """Like "without seed 9281"."""
        return name_without(self.left_out)

    def task(self, problems: Sequence[Problem], member: int, loss: Loss) -> Task:
        """The fit's own task without these boxes."""
        kept = [one for one in problems if one.white_noise != self.left_out]
        simulations = [_simulation_of_member(problem, member) for problem in kept]
        first = kept[0]
        return Task(first.mesh, first.quantity, simulations, loss, first.validity.cosmology)

    def start(self, fit: Fit, member: int) -> Start:
        """Where the fit itself began."""
        return fit.best.start

    def search(self, search: Search) -> Search:
        """As the fit itself: with validation regions of the boxes that are left."""
        return search

    def qualities(
        self, problems: Sequence[Problem], member: int, task: Task, fit: Fit
    ) -> list[dict]:
        """In each whole box that was left out."""
        parameters = fit.best.parameters
        predict = compiled_for(task.mesh, task.quantity, task.loss, len(parameters.layers)).predict
        found = []
        for problem in problems:
            if problem.white_noise == self.left_out:
                one = _simulation_of_member(problem, member)
                predicted = predict(parameters_at(parameters, one.redshift), one.inputs)
                found.append(map_quality(task.mesh, predicted, one.target)["all"])
        return found

    def expected_error(
        self, others: Sequence[Sequence[dict]], edges: np.ndarray
    ) -> ErrorOfPower | None:
        """As the other members tell it from the boxes that they left out."""
        errors = [logarithms(one) for qualities in others for one in qualities]
        no_scatter = np.array([[k, 0.0] for k, _ in errors[0]])
        return model_error(edges, errors, no_scatter, len(others))

    @property
    def samples(self) -> int:
        """A white noise is left out as a whole."""
        return 1


def subsamples_of(problems: Sequence[Problem], members: int | str) -> list[Subsample]:
    """The parts of the training sample that members are fitted to.

    Args:
        problems: the simulations of the fit.
        members: the number of halves, 1 to 6, or :data:`jerald_tools.fitting.BOXES`.

    Raises:
        BadInput: if boxes are to be left out and all are of one white noise, the white noise of a
            pair is unknown, or a prerequisite has no members that left the same boxes out.
    """
    if members != BOXES:
        return [HalfBoxes(fold) for fold in FOLDS[: int(members)]]
    noises = white_noises(problems)
    if None in noises:
        path = next(one.particles for one in problems if one.white_noise is None)
        raise BadInput(
            f"--members {BOXES}: {path} is of a pair without a seed, so that the other one is "
            "unknown: give --members 6 for halves of the box"
        )
    if len(noises) < 2:
        raise BadInput(
            f"--members {BOXES}: all PARTICLES are of {noises[0]}, none can be left out: give "
            "boxes of other seeds too, or --members 6 for halves of the box"
        )
    found = [WithoutWhiteNoise(str(noise)) for noise in noises]
    names = [one.name for one in found]
    for fit in problems[0].prerequisites.values():
        if fit.names_of_members != names:
            raise BadInput(
                f"{fit.path}: its members are {', '.join(fit.names_of_members) or 'none'}, those "
                f"of this fit {', '.join(names)}: fit it with --members {BOXES} to the same boxes"
            )
    return list(found)


def white_noises(problems: Sequence[Problem]) -> list[str | None]:
    """The white noises of simulations, in their order, each once; None for unknown ones."""
    return list(dict.fromkeys(problem.white_noise for problem in problems))


def independent_parts(subsamples: Sequence[Subsample], problems: Sequence[Problem]) -> int:
    """The number of independent samples among the members' errors.

    A white noise is one sample, at however many redshifts, fixed or paired; its two halves are two.
    """
    return subsamples[0].samples * len(white_noises(problems))


def _starts_near(fit: Fit) -> list[Start]:
    """Starts that led to a validation loss close to the least, the fit's own first."""
    least = fit.best.losses.validation
    near = [
        tried
        for tried in fit.tried
        if tried.is_usable and tried.losses.validation <= (1 + TOLERANCE) * least
    ]
    near = sorted(near, key=lambda tried: (tried is not fit.best, tried.losses.validation))
    return [tried.start for tried in near]


def _simulation_of_member(problem: Problem, member: int) -> Simulation:
    """A simulation whose prerequisites are painted with the same member."""
    inputs = problem.inputs_for(problem.mesh, problem.positions, member)
    return dataclasses.replace(problem.simulation, inputs=inputs)
