# SPDX-License-Identifier: GPL-3.0-or-later
"""Units and redshift of a snapshot: from its files, or the user where they lack one.

A snapshot's code counts in units of its own; :class:`CodeUnits` turns them into Mpc/h, 1e10 Msun/h
and km/s.
"""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jerald_tools.agreement import same_lengths, same_redshift
from jerald_tools.errors import BadInput
from jerald_tools.io.swift_attributes import KM_CM, MPC_CM, UNIT_MASS_G

LENGTH_UNITS = {"kpc/h": MPC_CM / 1000, "Mpc/h": MPC_CM}
MASS_UNITS = {"1e10Msun/h": UNIT_MASS_G, "Msun/h": UNIT_MASS_G / 1e10}
VELOCITY_UNITS = {"km/s": KM_CM, "cm/s": 1.0}

NOMINAL = 1e-3
"""How close to a power of ten of a standard unit a code's unit is taken for one.

Codes differ in the fourth digit of a solar mass (1.989, 1.98841, 1.9885 e33 g): the value of such a
unit in cgs is what the code takes for the standard one.
"""

# Under which attribute files of Gadget's kind, BigFile included, state each unit.
_ATTRIBUTES = {
    "length_cm": "UnitLength_in_cm",
    "mass_g": "UnitMass_in_g",
    "velocity_cm_s": "UnitVelocity_in_cm_per_s",
}


@dataclasses.dataclass(frozen=True)
class Overrides:
    """Units, redshift and cosmology that the user gives by options, None for each not given.

    They stand in for what the files of a snapshot lack; what the files state must agree with them.

    Attributes:
        length_unit: a key of :data:`LENGTH_UNITS`.
        mass_unit: a key of :data:`MASS_UNITS`.
        velocity_unit: a key of :data:`VELOCITY_UNITS`.
        redshift: of the snapshot.
        cosmology: parameters by name, as :class:`jerald_tools.cosmology.Cosmology` has them.
        box_size: side of the box [Mpc/h].
        part_of_box: whether the files hold a part of what their header describes, as a cutout does.
    """

    length_unit: str | None = None
    mass_unit: str | None = None
    velocity_unit: str | None = None
    redshift: float | None = None
    cosmology: dict[str, float] = dataclasses.field(default_factory=dict)
    box_size: float | None = None
    part_of_box: bool = False


def redshift_of(path: Path, found: float | None, overrides: Overrides) -> float:
    """The redshift of a snapshot, from its header or, where that has none, from the user.

    Raises:
        BadInput: if neither has one, they differ, or it is negative.
    """
    redshift = overrides.redshift if found is None else found
    if redshift is None:
        raise BadInput(f"{path}: its header has no redshift; give --redshift")
    if overrides.redshift is not None and not same_redshift(overrides.redshift, redshift):
        raise BadInput(
            f"{path}: its header has redshift {redshift:g}; leave out --redshift "
            f"{overrides.redshift:g}"
        )
    # A hair below 0 is the rounding of 1 / a - 1.
    if not -1e-9 < redshift < math.inf:
        raise BadInput(f"{path}: redshift {redshift:g}: must be 0 or more")
    return max(0.0, redshift)


def box_of(
    path: Path, found: Any, length: float, overrides: Overrides
) -> tuple[float, float, float]:
    """The sides of the box [Mpc/h], from the header or, where it is 0 or missing, from the user.

    Args:
        path: of the snapshot.
        found: one side or three, in the file's unit; None where it states none.
        length: the file's unit of length [Mpc/h].
        overrides: by option.

    Raises:
        BadInput: if neither has one, they differ, or it is no positive length.
    """
    given = overrides.box_size
    if given is not None and not 0 < given < math.inf:
        raise BadInput(f"--box-size {given:g}: give a positive length in Mpc/h")
    sides = np.ravel(np.asarray(0.0 if found is None else found, float))
    if sides.size not in (1, 3):
        raise BadInput(f"{path}: its BoxSize has {sides.size} numbers; give a file with 1 or 3")
    if not np.any(sides):
        if given is None:
            raise BadInput(f"{path}: its header has no BoxSize; give --box-size")
        return given, given, given
    x, y, z = (np.broadcast_to(sides, 3) * length).tolist()
    if not all(0 < side < math.inf for side in (x, y, z)):
        raise BadInput(f"{path}: its BoxSize is {sides.tolist()}; give a file with a positive one")
    if given is not None and not same_lengths((given,) * 3, (x, y, z)):
        raise BadInput(f"{path}: its box is {x:g} Mpc/h; leave out --box-size {given:g}")
    return x, y, z


def as_the_code_has_it(unit: float, standard: float) -> float:
    """The value that a code takes for a standard unit, judged by a unit of its own.

    Args:
        unit: of the code [cgs].
        standard: 1e10 Msun or a Mpc [cgs], as this package has it.

    Returns:
        The code's value of the standard unit where its own is a power of ten of it (to
        :data:`NOMINAL`), else the standard.
    """
    power = 10.0 ** round(math.log10(unit / standard))
    return unit / power if _is_nominal(unit, standard) else standard


@dataclasses.dataclass(frozen=True)
class CodeUnits:
    """Gadget's units: lengths and masses over h, in cgs; None where they are not known.

    Attributes:
        path: of the snapshot, for the lines that users see.
        length_cm: the unit of length, over h [cm].
        mass_g: the unit of mass, over h [g].
        velocity_cm_s: the unit of velocity [cm/s].
    """

    path: Path
    length_cm: float | None
    mass_g: float | None
    velocity_cm_s: float | None

    @property
    def megaparsec(self) -> float:
        """One Mpc as the code has it [cm].

        Raises:
            BadInput: if the unit of length is not known, as the following ones.
        """
        return as_the_code_has_it(self._known(self.length_cm, "length"), MPC_CM)

    @property
    def mass_unit(self) -> float | None:
        """1e10 Msun as the code has it [g], None where its unit of mass is not known."""
        return None if self.mass_g is None else as_the_code_has_it(self.mass_g, UNIT_MASS_G)

    @property
    def length(self) -> float:
        """The unit of length [Mpc/h]."""
        return self._known(self.length_cm, "length") / self.megaparsec

    @property
    def mass(self) -> float:
        """The unit of mass [1e10 Msun/h]."""
        mass_g = self._known(self.mass_g, "mass")
        return mass_g / as_the_code_has_it(mass_g, UNIT_MASS_G)

    @property
    def velocity(self) -> float:
        """The unit of velocity [km/s]."""
        return self._known(self.velocity_cm_s, "velocity") / KM_CM

    def scale(self, field: str) -> float:
        """What turns a field's numbers into the units of :data:`snapshot.FIELDS`.

        Velocities may need a power of a besides, which depends on the format.
        """
        if field in ("positions", "initial_positions", "smoothing_length"):
            return self.length
        if field == "masses":
            return self.mass
        if field == "density":
            return self.mass / self.length**3
        if field == "internal_energy":
            return self.velocity**2
        return self.velocity if field == "velocities" else 1.0

    def _known(self, value: float | None, name: str) -> float:
        if value is None:
            raise BadInput(f"{self.path}: does not state its unit of {name}; give --{name}-unit")
        return value


# GIZMO's names since 2020.
_IN_CGS = {
    "UnitLength_In_CGS": "UnitLength_in_cm",
    "UnitMass_In_CGS": "UnitMass_in_g",
    "UnitVelocity_In_CGS": "UnitVelocity_in_cm_per_s",
}
_STANDARDS = {"UnitLength_in_cm": MPC_CM, "UnitMass_in_g": UNIT_MASS_G}


def unit_attributes(attributes: Mapping[str, float], h: float) -> dict[str, float]:
    """The units that a header states, over h, by Gadget's names.

    Gadget's units of length and mass are over h. GIZMO states under names of its own either the
    same number or the unit itself, which is divided by h already: of the two, the one that is a
    power of ten of a standard unit.

    Args:
        attributes: of the files.
        h: of the snapshot.
    """
    found = {name: attributes[name] for name in _ATTRIBUTES.values() if name in attributes}
    for name, plain in _IN_CGS.items():
        value, standard = attributes.get(name), _STANDARDS.get(plain)
        if value is None or plain in found:
            continue
        if standard and value > 0 and not _is_nominal(value, standard):
            value = value * h if _is_nominal(value * h, standard) else value
        found[plain] = value
    return found


def _is_nominal(unit: float, standard: float) -> bool:
    power = 10.0 ** round(math.log10(unit / standard))
    return abs(unit / power / standard - 1) < NOMINAL


def code_units(path: Path, attributes: Mapping[str, float], overrides: Overrides) -> CodeUnits:
    """The units of a snapshot from its files, or where they lack one, from the user.

    Args:
        path: of the snapshot.
        attributes: of the files, ``UnitLength_in_cm`` and so on among them or not.
        overrides: the units by option.

    Raises:
        BadInput: if the user gives a unit and the files state another, or an impossible one.
    """
    values: dict[str, float | None] = {}
    for name, option, table, choice in (
        ("length_cm", "--length-unit", LENGTH_UNITS, overrides.length_unit),
        ("mass_g", "--mass-unit", MASS_UNITS, overrides.mass_unit),
        ("velocity_cm_s", "--velocity-unit", VELOCITY_UNITS, overrides.velocity_unit),
    ):
        value, given = attributes.get(_ATTRIBUTES[name]), None if choice is None else table[choice]
        if value is not None and not 0 < value < math.inf:
            raise BadInput(f"{path}: its unit {name} is {value:g}; give a file with a positive one")
        if value is not None and given is not None and abs(value / given - 1) > NOMINAL:
            raise BadInput(f"{path}: its unit {name} is {value:g}; leave out {option} {choice}")
        values[name] = given if value is None else value
    return CodeUnits(path, **values)
