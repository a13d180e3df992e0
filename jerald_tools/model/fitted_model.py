# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit as the model that paints: loaded and validated once, valid for some particles alone.

Member k of a fit uses the members k of its prerequisites.
"""

import dataclasses
import functools
import os
from collections.abc import Sequence

from jerald_tools.errors import BadInput
from jerald_tools.io.parallel import ParticleSet
from jerald_tools.io.sealed_json import read_document, write_document
from jerald_tools.model.evolution import EvolvingParameters, parameters_at
from jerald_tools.model.fit_document import FIT_AGAIN, REQUIRED, FitDocument, name_without
from jerald_tools.model.model import Model
from jerald_tools.model.painting import (
    PaintedMap,
    paint_particles,
    painting_mesh,
    require_paintable,
)
from jerald_tools.model.validity import Validity, differences, require_match


class FittedModel(FitDocument):
    """A fit of a quantity, with the fits of its prerequisites."""

    @classmethod
    def load(cls, path: str | os.PathLike, accept_edited: bool = False) -> "FittedModel":
        """Read a fit and verify its digest and those of the fits that it carries.

        Args:
            path: the fit file.
            accept_edited: whether a fit that was edited by hand is taken.

        Raises:
            BadInput: if it is missing, truncated, not a fit, edited, or of a newer version.
        """
        return cls(read_document(path, accept_edited, REQUIRED), os.fspath(path))

    def save(self, path: str | os.PathLike, force: bool = False) -> None:
        """Write the fit.

        Raises:
            BadInput: if the file exists and ``force`` is not set, or cannot be written.
        """
        write_document(path, self._content, REQUIRED, force)

    @functools.cached_property
    def prerequisites(self) -> dict[str, "FittedModel"]:
        """The fits that this one carries, by quantity, in the order of the prerequisites."""
        found = {}
        with self.refusing_damage():
            for name in self.quantity.prerequisites:
                content = self.carried(name)
                if content is not None:
                    fit = FittedModel(content, self.path)
                    found[name] = fit if self._member is None else fit.member(self._member)
        return found

    def at(self, redshift: float) -> Model:
        """The model at a redshift.

        Args:
            redshift: where evolving parameters are wanted; constant ones are valid at their own
                redshift alone, which :meth:`require_match` checks.

        Raises:
            BadInput: if the fit lacks what a model needs, or its parameters evolve but were not
                trained as far as this redshift.
        """
        with self.refusing_damage():
            models = {name: fit.at(redshift) for name, fit in self.prerequisites.items()}
            for name in self.quantity.required:
                if name not in models:
                    raise BadInput(
                        f"{self.path}: lacks the fit of {name} that {self.quantity.name} needs: "
                        f"{FIT_AGAIN}"
                    )
            if isinstance(self.parameters, EvolvingParameters):
                self._require_trained_at(redshift)
            parameters = parameters_at(self.parameters, redshift)
            mean = self.target_mean(redshift) * self.amplitude(redshift)
            return Model(self.quantity, parameters, mean, models)

    def member(self, number: int) -> "FittedModel":
        """The fit with the parameters of one member, also in its prerequisites.

        Args:
            number: 0 for the fit itself; a prerequisite without that member keeps its parameters.
        """
        return FittedModel(self._content, self.path, number)

    def chosen_members(self, which: str) -> dict[int, "FittedModel"]:
        """All members by number, or one of them.

        Args:
            which: "all", or a number: 0 is the fit itself.

        Raises:
            BadInput: if the fit carries no members, or not that one.
        """
        numbers = [str(number) for number in range(self.number_of_members + 1)]
        if len(numbers) == 1:
            raise BadInput(f"{self.path}: carries no members: fit with --members, or paint without")
        if which not in ("all", *numbers):
            raise BadInput(
                f"--members {which}: {self.path} has 0 to {numbers[-1]}: give all or one of them"
            )
        return {
            int(number): self.member(int(number))
            for number in (numbers if which == "all" else [which])
        }

    def member_without(self, white_noise: str) -> dict[int, "FittedModel"]:
        """The member that left the boxes of a white noise out of its training, by its number.

        Args:
            white_noise: as :class:`jerald_tools.fitting.problem.Problem` names it.

        Raises:
            BadInput: if there is no such member.
        """
        name, names = name_without(white_noise), self.names_of_members
        if name not in names:
            raise BadInput(
                f"{self.path}: no member is {name}: it has {', '.join(names) or 'none'}; give a "
                "fit with --members boxes to other boxes too"
            )
        number = names.index(name) + 1
        return {number: self.member(number)}

    def require_quantity(self, name: str) -> None:
        """Refuse a fit of another quantity.

        Raises:
            BadInput: naming both.
        """
        if self.quantity_name != name:
            raise BadInput(f"{self.path}: is a fit of {self.quantity_name}: give one of {name}")

    def require_match(self, validities: Sequence[Validity], fix: str) -> None:
        """Refuse a fit that is not valid for some particles and meshes.

        Args:
            validities: of the particles and meshes.
            fix: what the user can do.

        Raises:
            BadInput: naming all that differs.
        """
        for validity in validities:
            require_match(self.path, self.validity, validity, fix)

    def paint(
        self,
        particles: ParticleSet,
        *,
        nodes: int | None = None,
        redshift_space: str | None = None,
        precision: str = "single",
        allow_mismatch: bool = False,
        fine: bool = False,
    ) -> PaintedMap:
        """Paint the quantity on particles.

        Args:
            particles: of :func:`jerald_tools.run_fastpm` or :func:`jerald_tools.read_particles`.
            nodes: of the map along x; None for the cells of the fit.
            redshift_space: line of sight "x", "y" or "z"; None for real space.
            precision: "single" or "double".
            allow_mismatch: whether to paint particles for which the fit is not valid.
            fine: whether to paint on the mesh of the model, which may be finer than the map's.

        Raises:
            BadInput: if the fit is not valid for the particles, or its cells do not fill the box.
            RunFailed: if the map is not finite.
        """
        header = particles.header
        mesh = painting_mesh(header, self, nodes, precision, particles.ranks)
        require_paintable("these", header, mesh, self, allow_mismatch)
        painted = paint_particles(mesh, particles.on(mesh), header, self, redshift_space, fine)
        return dataclasses.replace(painted, sources=(self.path, *particles.sources))

    def _require_trained_at(self, redshift: float) -> None:
        """Refuse to extrapolate a polynomial."""
        if differences(self.validity, self.validity.at_redshift(redshift)):
            lowest, highest = self.validity.redshift_range
            raise BadInput(
                f"{self.path}: trained from redshift {highest:g} to {lowest:g}, not at "
                f"{redshift:g}: paint particles in this range, or fit with simulations beyond it"
            )
