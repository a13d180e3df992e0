# SPDX-License-Identifier: GPL-3.0-or-later
"""What users state of a snapshot that its files do not say."""

import dataclasses
import math
from pathlib import Path

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.files.cgs import KM_CM, MPC_CM, UNIT_MASS_G

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
