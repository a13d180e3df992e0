# SPDX-License-Identifier: GPL-3.0-or-later
"""Where trained parameters are valid.

A fit applies to particles only if their cell size, particles per cell, redshift, cosmology and step
scheme agree with those of its training, within the tolerances of
:mod:`jerald_tools.agreement`.
"""

import dataclasses
import typing
from collections.abc import Sequence

import numpy as np

from jerald_tools.agreement import (
    RELATIVE_TOLERANCE,
    differing_parameters,
    same_lengths,
    same_redshift,
    same_stages,
)
from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.io.particles import ParticlesHeader
from jerald_tools.mesh.mesh import Mesh

UNRECORDED = {"second_order": "fastpm"}
"""Values of the step scheme in files that do not state them: older versions had no other."""


@dataclasses.dataclass(frozen=True)
class Validity:
    """All that trained parameters depend on.

    Attributes:
        cell_size: of the map's mesh [Mpc/h], along x, y, z.
        particles_per_cell: particles per node of the map's mesh.
        redshift: of the particles; for parameters that evolve, the highest and the lowest redshift
            of the training.
        cosmology: of the simulation.
        step_scheme: how FastPM made the particles, by name.
    """

    cell_size: tuple[float, float, float]
    particles_per_cell: float
    redshift: float | tuple[float, float]
    cosmology: Cosmology
    step_scheme: dict

    @property
    def redshift_range(self) -> tuple[float, float]:
        """The lowest and the highest redshift; equal for parameters that do not evolve."""
        ends = self.redshift if isinstance(self.redshift, tuple) else (self.redshift,)
        return min(ends), max(ends)

    @property
    def evolves(self) -> bool:
        """Whether it spans a range of redshifts."""
        return isinstance(self.redshift, tuple)

    def as_dict(self) -> dict:
        """Nested dictionaries of numbers and text, for a fit file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "Validity":
        """The inverse of :meth:`as_dict`.

        Raises:
            KeyError, TypeError, ValueError: if something is missing or of another type.
        """
        x, y, z = map(float, values["cell_size"])
        cosmology = {name: float(value) for name, value in dict(values["cosmology"]).items()}
        scheme = dict(values["step_scheme"])
        if "stages" in scheme:
            scheme["stages"] = [float(stage) for stage in scheme["stages"]]
        return cls(
            (x, y, z),
            float(values["particles_per_cell"]),
            _redshift(values["redshift"]),
            Cosmology(**cosmology),
            scheme,
        )

    def at_redshift(self, redshift: float) -> "Validity":
        """The same at one redshift."""
        return dataclasses.replace(self, redshift=redshift)


def validity_of(mesh: Mesh, header: ParticlesHeader) -> Validity:
    """What parameters that are trained on particles and the mesh of their maps depend on."""
    return Validity(
        mesh.cell_size,
        header.number / mesh.size,
        header.redshift,
        header.cosmology,
        header.attributes.get("step_scheme", {}),
    )


def evolving_validity(validities: Sequence[Validity]) -> Validity:
    """The validity of parameters that evolve over the redshifts of all of these.

    It leaves out the stages of the steps, which end at the redshift of the particles.
    """
    redshifts = [one.redshift_range[0] for one in validities]
    first = validities[0]
    scheme = {name: value for name, value in first.step_scheme.items() if name != "stages"}
    return dataclasses.replace(first, redshift=(max(redshifts), min(redshifts)), step_scheme=scheme)


def differences(found: Validity, expected: Validity) -> list[str]:
    """What differs between two validities, each as "name here, there"; empty if nothing does."""
    differing = []
    if not same_lengths(found.cell_size, expected.cell_size):
        differing.append(f"cell_size {_sides(found.cell_size)}, there {_sides(expected.cell_size)}")
    number, other = found.particles_per_cell, expected.particles_per_cell
    if not np.isclose(number, other, rtol=RELATIVE_TOLERANCE, atol=0):
        differing.append(f"particles_per_cell {number:g}, there {other:g}")
    if not _redshifts_meet(found, expected):
        differing.append(f"redshift {_redshifts(found)}, there {_redshifts(expected)}")
    for name in differing_parameters(found.cosmology, expected.cosmology):
        here, there = (getattr(one.cosmology, name) for one in (found, expected))
        differing.append(f"{name} {here:g}, there {there:g}")
    return differing + _differing_steps(found, expected)


def require_match(path: str, found: Validity, expected: Validity, fix: str) -> None:
    """Refuse a file that does not match particles.

    Args:
        path: the file.
        found: its validity.
        expected: that of the particles.
        fix: what the user can do.

    Raises:
        BadInput: naming all that differs.
    """
    differing = differences(found, expected)
    if differing:
        raise BadInput(f"{path}: does not match ({'; '.join(differing)}): {fix}")


def _differing_steps(found: Validity, expected: Validity) -> list[str]:
    names = {*found.step_scheme, *expected.step_scheme}
    if found.evolves or expected.evolves:
        names -= {"stages"}
    differing = []
    for name in sorted(names):
        here, there = (one.step_scheme.get(name, UNRECORDED.get(name)) for one in (found, expected))
        if not _same_step_value(name, here, there):
            differing.append(f"step scheme's {name} {_short(here)}, there {_short(there)}")
    return differing


def _same_step_value(name: str, here: typing.Any, there: typing.Any) -> bool:
    if name == "stages" and here is not None and there is not None:
        return same_stages(here, there)
    return here == there


def _redshifts_meet(found: Validity, expected: Validity) -> bool:
    """Whether two redshifts are equal, one lies in the other's range, or two ranges overlap."""
    highest = min(found.redshift_range[1], expected.redshift_range[1])
    lowest = max(found.redshift_range[0], expected.redshift_range[0])
    return lowest < highest or same_redshift(lowest, highest)


def _redshift(value: typing.Any) -> float | tuple[float, float]:
    if np.ndim(value) == 0:
        return float(value)
    highest, lowest = map(float, value)
    return highest, lowest


def _redshifts(validity: Validity) -> str:
    lowest, highest = validity.redshift_range
    return f"{highest:g} to {lowest:g}" if validity.evolves else f"{lowest:g}"


def _sides(lengths: Sequence[float]) -> str:
    return " x ".join(f"{length:g}" for length in lengths)


def _short(value: typing.Any) -> str:
    """A value for a message; the two ends of a list and its length."""
    if np.ndim(value) == 1 and len(value) > 2:
        return f"{value[0]:g} to {value[-1]:g} ({len(value)})"
    return str(value)
