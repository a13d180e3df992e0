# SPDX-License-Identifier: GPL-3.0-or-later
"""Units and cosmology of a snapshot: what its files say, or the user in their place."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.io.particles import KM_CM, MPC_CM, UNIT_MASS_G

# What users state of a snapshot that its files do not say.

LENGTH_UNITS = {"kpc/h": MPC_CM / 1000, "Mpc/h": MPC_CM}
MASS_UNITS = {"1e10Msun/h": UNIT_MASS_G, "Msun/h": UNIT_MASS_G / 1e10}
VELOCITY_UNITS = {"km/s": KM_CM, "cm/s": 1.0}

# How far a snapshot's densities may be from those of a flat universe: radiation is left out.
FLATNESS = 5e-3


@dataclasses.dataclass(frozen=True)
class Stated:
    """Units, redshift and cosmology by option, None for each that was not given.

    Attributes:
        length_unit: a key of :data:`LENGTH_UNITS`.
        mass_unit: a key of :data:`MASS_UNITS`.
        velocity_unit: a key of :data:`VELOCITY_UNITS`.
        redshift: of the snapshot.
        cosmology: parameters by name, as :class:`jerald_tools.cosmology.Cosmology` has them.
    """

    length_unit: str | None = None
    mass_unit: str | None = None
    velocity_unit: str | None = None
    redshift: float | None = None
    cosmology: dict[str, float] = dataclasses.field(default_factory=dict)


def redshift_of(path: Path, found: float | None, stated: Stated) -> float:
    """The redshift of a snapshot, from its header or as it was stated.

    Raises:
        BadInput: if it is in neither, differs between them, or is negative.
    """
    if found is None and stated.redshift is None:
        raise BadInput(f"{path}: its header has no redshift; give --redshift")
    redshift = stated.redshift if found is None else found
    if stated.redshift is not None and abs(stated.redshift - redshift) > 1e-6 * (1 + redshift):
        raise BadInput(f"{path}: its header has redshift {found:g}; leave out --redshift")
    # A hair below 0 is the rounding of 1 / a - 1.
    if not -1e-9 < redshift < math.inf:
        raise BadInput(f"{path}: redshift {redshift:g}: a number from 0 on is wanted")
    return max(0.0, redshift)


def cosmology_of(path: Path, found: dict[str, float | None], stated: Stated) -> Cosmology:
    """The cosmology of a snapshot, from its header and from what was stated.

    Args:
        path: of the snapshot, for the line that users see.
        found: ``omega_m``, ``omega_b``, ``h`` and ``omega_lambda``, None where the file is silent.
        stated: what it may be silent about; sigma8 and n_s have defaults.

    Raises:
        BadInput: if a parameter is in neither, differs between them, or space is curved.
    """
    values = dict(stated.cosmology)
    for name in ("omega_m", "omega_b", "h"):
        option = f"--{name.replace('_', '-')}"
        if found[name] is None:
            if name not in values:
                raise BadInput(f"{path}: its header has no {name}; give {option}")
        elif not math.isclose(values.setdefault(name, found[name]), found[name], rel_tol=1e-6):
            raise BadInput(f"{path}: its header has {name} = {found[name]:g}; leave out {option}")
    omega_lambda = found["omega_lambda"]
    if omega_lambda is not None and abs(values["omega_m"] + omega_lambda - 1) > FLATNESS:
        raise BadInput(
            f"{path}: omega_m + omega_lambda = {values['omega_m'] + omega_lambda:g}: give a "
            "snapshot of a flat universe with a cosmological constant"
        )
    return Cosmology(**values)


# The units that a snapshot's code counts in, and what they are in ours.

# Codes differ in the fourth digit of a solar mass (1.989, 1.98841, 1.9885 e33 g): this close to a
# power of ten of ours, a unit is one, and its value in cgs is what the code takes it for.
NOMINAL = 1e-3


# Under which attribute files of Gadget's kind, BigFile included, say each unit.
ATTRIBUTES = {
    "length_cm": "UnitLength_in_cm",
    "mass_g": "UnitMass_in_g",
    "velocity_cm_s": "UnitVelocity_in_cm_per_s",
}


def as_the_code_has_it(unit: float, standard: float) -> float:
    """The value that a code takes for a standard unit, judged by a unit of its own.

    Args:
        unit: of the code [cgs].
        standard: 1e10 Msun or a Mpc [cgs], as we have it.

    Returns:
        The code's value of the standard unit where its own is a power of ten of it, else ours.
    """
    power = 10.0 ** round(math.log10(unit / standard))
    return unit / power if abs(unit / power / standard - 1) < NOMINAL else standard


@dataclasses.dataclass(frozen=True)
class CodeUnits:
    """Gadget's units: lengths and masses over h, in cgs; None where the files are silent.

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
        """One Mpc as the code has it [cm]."""
        return as_the_code_has_it(self._known("length_cm", "--length-unit"), MPC_CM)

    @property
    def mass_unit(self) -> float | None:
        """1e10 Msun as the code has it [g], None where its unit of mass is not known."""
        return None if self.mass_g is None else as_the_code_has_it(self.mass_g, UNIT_MASS_G)

    @property
    def length(self) -> float:
        """The unit of length [Mpc/h].

        Raises:
            BadInput: if it is not known, as the following ones.
        """
        return self._known("length_cm", "--length-unit") / self.megaparsec

    @property
    def mass(self) -> float:
        """The unit of mass [1e10 Msun/h]."""
        return self._known("mass_g", "--mass-unit") / self.mass_unit

    @property
    def velocity(self) -> float:
        """The unit of velocity [km/s]."""
        return self._known("velocity_cm_s", "--velocity-unit") / KM_CM

    def _known(self, name: str, option: str) -> float:
        value = getattr(self, name)
        if value is None:
            quantity = option[2:].replace("-unit", "")
            raise BadInput(f"{self.path}: does not say its unit of {quantity}; give {option}")
        return value


def code_units(path: Path, said: Mapping[str, float], stated: Stated) -> CodeUnits:
    """The units of a snapshot from its files, or where they are silent from what was stated.

    Args:
        path: of the snapshot.
        said: attributes of the files, ``UnitLength_in_cm`` and so on among them or not.
        stated: the units by option.

    Raises:
        BadInput: if a unit is stated that the files say otherwise, or they say an impossible one.
    """
    values = {}
    for name, option, table, choice in (
        ("length_cm", "--length-unit", LENGTH_UNITS, stated.length_unit),
        ("mass_g", "--mass-unit", MASS_UNITS, stated.mass_unit),
        ("velocity_cm_s", "--velocity-unit", VELOCITY_UNITS, stated.velocity_unit),
    ):
        value, given = said.get(ATTRIBUTES[name]), None if choice is None else table[choice]
        if value is not None and not 0 < value < math.inf:
            raise BadInput(f"{path}: its unit {name} is {value:g}; give a file with a positive one")
        if None not in (value, given) and abs(value / given - 1) > NOMINAL:
            raise BadInput(f"{path}: its unit {name} is {value:g}; leave out {option} {choice}")
        values[name] = given if value is None else value
    return CodeUnits(path, **values)
