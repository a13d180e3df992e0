# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a table of the linear power is what it was taken for: its units, amplitude and shape."""

import dataclasses
from typing import NamedTuple

import numpy as np

from jerald_tools.cosmology import Cosmology, growth
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower

REFUSED = 0.05
"""Largest relative difference of the sigma8 of a table from the cosmology's."""

WORTH_A_LINE = 0.01
"""A relative difference of sigma8 that is worth a warning."""

SHAPE = 0.02
"""Largest relative difference of a table from CAMB's power without a warning."""

# How close sigma8 is once the slip is undone: growth and tables of codes differ by less.
_EXPLAINED = 0.03
_POINTS = 200


class Departure(NamedTuple):
    """Where two powers differ most.

    Attributes:
        k: the wavenumber [h/Mpc].
        fraction: how much more power the first has there than the second, relative to it.
    """

    k: float
    fraction: float


def rescaled(power: LinearPower, cosmology: Cosmology) -> LinearPower:
    """A table with the cosmology's sigma8.

    Raises:
        BadInput: if it lacks the scales that sigma8 is made of.
    """
    if not power.reaches_sigma8():
        raise BadInput(
            f"{power.source}: k from {power.wavenumbers[0]:.4g} to {power.wavenumbers[-1]:.4g} "
            "h/Mpc has no sigma8; give a wider table, or leave out --rescale-sigma8"
        )
    factor = (cosmology.sigma8 / power.sigma8()) ** 2
    return dataclasses.replace(power, power=factor * power.power)


def require_sigma8(path: str, power: LinearPower, cosmology: Cosmology) -> None:
    """Refuse a table whose sigma8 is not the cosmology's, and name the slip where it can be told.

    Raises:
        BadInput: if they differ by more than :data:`REFUSED`.
    """
    if not power.reaches_sigma8():
        return
    found = power.sigma8()
    if abs(found / cosmology.sigma8 - 1) > REFUSED:
        raise BadInput(
            f"{path}: its sigma8 is {found:.4g}, the cosmology's {cosmology.sigma8:.4g}: "
            f"{likely_slip(power, cosmology)}; give k [h/Mpc] and P [(Mpc/h)^3] at z = 0, or "
            "--rescale-sigma8, or --allow-mismatch"
        )


def likely_slip(power: LinearPower, cosmology: Cosmology) -> str:
    """What the table may hold instead, judged by the sigma8 that it would then have."""
    k, values, h = power.wavenumbers, power.power, cosmology.h
    dimensionless = 2 * np.pi**2 / k**3
    for text, wavenumbers, powers in (
        ("it looks like k [1/Mpc] and P [Mpc^3]", k / h, values * h**3),
        ("it looks like k [h/Mpc] and P [Mpc^3]", k, values * h**3),
        ("it looks like k [1/Mpc] and P [(Mpc/h)^3]", k / h, values),
        ("it looks like k^3 P / (2 pi^2)", k, values * dimensionless),
        ("it looks like P over (2 pi)^3", k, values * (2 * np.pi) ** 3),
    ):
        other = LinearPower(wavenumbers, powers, power.source)
        if other.reaches_sigma8() and abs(other.sigma8() / cosmology.sigma8 - 1) < _EXPLAINED:
            return text
    # It begins level at its largest value, where a power rises as k^n_s.
    if values.max() <= 1.01 * values[0]:
        return "it looks like a transfer function"
    ratio = power.sigma8() / cosmology.sigma8
    if ratio < 1:
        redshift = np.geomspace(1.0, 2000.0, 400) - 1
        grown = np.asarray(growth(1 / (1 + redshift), cosmology).first)
        if ratio > grown[-1]:
            z = float(np.interp(-ratio, -grown, redshift))
            return f"the power at z = {z:.3g} has that sigma8"
    return "another amplitude"


def departure(
    power: LinearPower, reference: LinearPower, lowest: float, highest: float
) -> Departure:
    """Where a table leaves a reference most, between two wavenumbers [h/Mpc] that both have."""
    lowest = max(lowest, power.wavenumbers[0], reference.wavenumbers[0])
    highest = min(highest, power.wavenumbers[-1], reference.wavenumbers[-1])
    # A hair inside, where rounding cannot leave the tables.
    k = np.geomspace(lowest * (1 + 1e-9), highest * (1 - 1e-9), _POINTS)
    fraction = power(k) / reference(k) - 1
    worst = int(np.argmax(np.abs(fraction)))
    return Departure(float(k[worst]), float(fraction[worst]))
