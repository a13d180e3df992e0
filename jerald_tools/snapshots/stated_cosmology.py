# SPDX-License-Identifier: GPL-3.0-or-later
"""The cosmology of a snapshot: under whatever names its code states it, or from the user."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from jerald_tools.agreement import RELATIVE_TOLERANCE
from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.snapshots.code_units import Overrides

FLATNESS = 5e-4
"""How far all densities together may be from 1: a code may leave the radiation out."""

CONSTANT = 1e-6
"""How far the equation of state of dark energy may be from that of a cosmological constant."""

CMB_KELVIN = 2.7255
NEUTRINO_SPECIES = 3.046

# The names of a parameter in small letters without underscores, of all codes: Gadget and Arepo
# (Omega0, OmegaBaryon, HubbleParam), GIZMO (Omega_Matter), MP-Gadget (OmegaFld, W0_Fld, OmegaUR),
# FastPM (OmegaM), fastpm-python (Om0), SWIFT (Omega_m, Omega_nu_0, w_0), PKDGRAV3 (w0).
NAMES = {
    "omega_m": ("omega0", "omegam", "omegamatter", "om0"),
    "omega_b": ("omegabaryon", "omegab", "ob0"),
    "h": ("hubbleparam", "h"),
    "omega_lambda": ("omegalambda", "omegade", "ode0"),
    "omega_nu": ("omeganu0", "omeganu", "omeganeutrino", "omegancdm"),
    "omega_r": ("omegaradiation", "omegar"),
    "omega_ur": ("omegaur",),
    "t_cmb": ("cmbtemperature", "tcmb0"),
    "omega_k": ("omegak", "omegacurvature"),
    "omega_fld": ("omegafld",),
    "w0": ("w0", "w0fld", "w0de", "wde", "w", "darkenergyparam", "darkenergyconstantw"),
    "wa": ("wa", "wafld", "wade", "w1", "darkenergywa"),
}

# In time these are not the same numbers, so that their names may differ in value.
_FIRST_NAME_ONLY = ("omega_nu", "w0", "wa")


class StatedCosmology(NamedTuple):
    """The cosmology of a snapshot.

    Attributes:
        cosmology: omega_m is all matter today, neutrinos included.
        omega_nu: of massive neutrinos today, as far as the file states it.
        omega_r: of photons and massless neutrinos today, None where the file says nothing.
    """

    cosmology: Cosmology
    omega_nu: float = 0.0
    omega_r: float | None = None


def cosmology_of(
    path: Path,
    attributes: Mapping,
    overrides: Overrides,
    has_baryons: bool = True,
    neutrinos_apart: bool = False,
) -> StatedCosmology:
    """The cosmology of a snapshot, from its header and from the user.

    Args:
        path: of the snapshot, for the line that users see.
        attributes: of its header, among others.
        overrides: parameters that it may lack; sigma8 and n_s have defaults.
        has_baryons: whether it has gas or stars. In a run without, omega_b = 0 says nothing.
        neutrinos_apart: whether the code's omega_m is that of cold matter and baryons.

    Raises:
        BadInput: if a parameter is in neither, differs between them, space is curved, or dark
            energy is no cosmological constant.
    """
    found = {name: _found(path, attributes, name) for name in NAMES}
    omega_nu = found["omega_nu"] or 0.0
    if neutrinos_apart and found["omega_m"]:
        found["omega_m"] += omega_nu
    _require_flat(path, found)
    values = dict(overrides.cosmology)
    for name in ("omega_m", "omega_b", "h"):
        option, value = f"--{name.replace('_', '-')}", found[name]
        if not value:
            # A density or h of zero is what a code writes that does not know it.
            if name == "omega_b" and value is not None and not has_baryons:
                values.setdefault(name, 0.0)
            if name not in values:
                raise BadInput(f"{path}: its header has no {name}; give {option}")
        elif not math.isclose(values.setdefault(name, value), value, rel_tol=RELATIVE_TOLERANCE):
            raise BadInput(f"{path}: its header has {name} = {value:g}; leave out {option}")
    try:
        cosmology = Cosmology(**values)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    radiation = found["omega_r"]
    if radiation is None and found["t_cmb"]:
        radiation = radiation_of(cosmology.h, found["t_cmb"])
    if radiation is not None:
        radiation += found["omega_ur"] or 0.0
    return StatedCosmology(cosmology, omega_nu, radiation)


def radiation_of(h: float, temperature: float = CMB_KELVIN) -> float:
    """Photons and massless neutrinos today over the critical density.

    4 sigma T^4 / c^3 over the critical density is 2.4728e-5 h^-2 at 2.7255 K; neutrinos add 7/8
    (4/11)^(4/3) each.

    Args:
        h: Hubble constant in 100 km/s/Mpc.
        temperature: of the microwave background [K].
    """
    photons = 2.4728e-5 / h**2 * (temperature / CMB_KELVIN) ** 4
    return photons * (1 + 7 / 8 * (4 / 11) ** (4 / 3) * NEUTRINO_SPECIES)


def _found(path: Path, attributes: Mapping, name: str) -> float | None:
    """A parameter under any of its names; None where the file has none."""
    stated = {}
    for key, value in attributes.items():
        plain = key if len(key) == 1 else key.lower().replace("_", "")
        if plain in NAMES[name] and isinstance(value, int | float):
            stated[plain] = (key, float(value))
    if not stated:
        return None
    in_order = [stated[plain] for plain in NAMES[name] if plain in stated]
    key, value = in_order[0]
    if not math.isfinite(value):
        raise BadInput(f"{path}: its header has {key} = {value:g}; give a snapshot with a number")
    if name not in _FIRST_NAME_ONLY:
        for other_key, other in in_order[1:]:
            if other and value and not math.isclose(other, value, rel_tol=RELATIVE_TOLERANCE):
                raise BadInput(
                    f"{path}: its header has {key} = {value:g} and {other_key} = {other:g}; give a "
                    "snapshot with one of them"
                )
    return value


def _require_flat(path: Path, found: Mapping[str, float | None]) -> None:
    """Refuse curved space and dark energy that changes, as far as the header states them.

    Matter, with neutrinos, dark energy and radiation add up to 1, to :data:`FLATNESS`.
    """
    fluid = found["omega_fld"]
    if fluid is None or fluid > 0:
        for name, constant in (("w0", -1.0), ("wa", 0.0)):
            value = found[name]
            # The zero of codes without dark energy of their own says nothing of w0.
            if value is not None and value != 0 and abs(value - constant) > CONSTANT:
                raise BadInput(
                    f"{path}: its dark energy has {name} = {value:g}; give a snapshot of a "
                    "universe with a cosmological constant"
                )
    if abs(found["omega_k"] or 0.0) > FLATNESS:
        raise BadInput(
            f"{path}: omega_k = {found['omega_k']:g}: give a snapshot of a flat universe with a "
            "cosmological constant"
        )
    if not found["omega_m"] or found["omega_lambda"] is None:
        return
    dark = found["omega_lambda"] + (fluid or 0.0)
    radiation = (found["omega_r"] or 0.0) + (found["omega_ur"] or 0.0)
    total = found["omega_m"] + dark + radiation
    if abs(total - 1) > FLATNESS:
        with_radiation = f" + radiation {radiation:g}" if radiation else ""
        raise BadInput(
            f"{path}: omega_m + omega_lambda{with_radiation} = {total:g}: give a snapshot of a "
            "flat universe with a cosmological constant"
        )
