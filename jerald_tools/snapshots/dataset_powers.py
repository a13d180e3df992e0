# SPDX-License-Identifier: GPL-3.0-or-later
"""Powers of a and h that files state at each dataset, where only one can be.

Masses do not depend on time, and peculiar velocities have one power in each format. A file that
states another was written by mistake, and would be read as another universe.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jerald_tools.errors import BadInput

TO_CGS = "Conversion factor to CGS (not including cosmological corrections)"
TO_PHYSICAL_CGS = "Conversion factor to physical CGS (including cosmological corrections)"

POWER_OF_A = ("a-scale exponent", "aexp-scale-exponent", "a_scaling")
"""The attribute that states the power of a: of SWIFT, of EAGLE, of Gadget-4 and Arepo."""

POWER_OF_H = ("h-scale exponent", "h-scale-exponent", "h_scaling")

FACTORS = (TO_CGS, "CGSConversionFactor", "to_cgs")
"""The attribute that states the unit of the numbers, without powers of a and h [cgs]."""

# A file in single precision states its factors to as many digits.
_SAME_FACTOR = 1e-5


def stated(attributes: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    """The number under the first of these names that the dataset has."""
    return next((float(attributes[name]) for name in names if name in attributes), None)


def require_powers(
    path: Path,
    dataset: str,
    attributes: Mapping[str, Any],
    power_of_a: float,
    power_of_h: float | None = None,
) -> None:
    """Refuse a dataset that states another power of a or h than the only one that can be.

    Args:
        path: of its file.
        dataset: its name in the file.
        attributes: of the dataset; what they do not state is not checked.
        power_of_a: that its numbers have in this format.
        power_of_h: the same; None where any is possible.

    Raises:
        BadInput: naming dataset, attribute, value and remedy.
    """
    for names, expected in ((POWER_OF_A, power_of_a), (POWER_OF_H, power_of_h)):
        name = next((name for name in names if name in attributes), None)
        if name is None or expected is None:
            continue
        if abs(float(attributes[name]) - expected) > 1e-9:
            raise BadInput(
                f"{path}: {dataset} has {name!r} {float(attributes[name]):g}, which can only be "
                f"{expected:g}; write it again with the power {float(expected)!r} (a number with a "
                "point, which swiftsimio needs)"
            )


def require_factors_agree(
    path: Path, dataset: str, attributes: Mapping[str, Any], a: float, h: float
) -> None:
    """Refuse a dataset whose conversion to physical units is not that by its powers of a and h.

    Raises:
        BadInput: naming dataset, factors and remedy.
    """
    factor, physical = attributes.get(TO_CGS), attributes.get(TO_PHYSICAL_CGS)
    power = stated(attributes, POWER_OF_A)
    if not factor or not physical or power is None:
        return
    expected = factor * a**power * h ** (stated(attributes, POWER_OF_H) or 0.0)
    if abs(physical / expected - 1) > _SAME_FACTOR:
        raise BadInput(
            f"{path}: {dataset} has the factor {physical:g} to physical cgs, by its powers of a it "
            f"is {expected:g}; write it again with the right power"
        )
