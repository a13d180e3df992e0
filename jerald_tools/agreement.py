# SPDX-License-Identifier: GPL-3.0-or-later
"""When two files describe the same universe: the tolerances of redshift, lengths and cosmology.

A simulation code writes the snapshot at the step next to the requested time: a snapshot requested
at a = 1/3 may state z = 2.002. It is the same redshift; every file keeps its own value.
"""

import dataclasses
import math
from collections.abc import Iterable

from jerald_tools.cosmology import Cosmology

REDSHIFT_TOLERANCE = 1e-3
"""Largest difference of two equal redshifts, in units of 1 + z."""

RELATIVE_TOLERANCE = 1e-6
"""Largest relative difference of equal lengths and of equal cosmological parameters."""

STAGE_TOLERANCE = 1e-3
"""Largest relative difference of the scale factors of two equal stages of a step scheme."""


def same_redshift(first: float, second: float) -> bool:
    """Whether two redshifts differ by at most 1e-3 (1 + z)."""
    return abs(first - second) <= REDSHIFT_TOLERANCE * (1 + max(first, second))


def same_lengths(first: Iterable[float], second: Iterable[float]) -> bool:
    """Whether two lists of lengths are equally long and agree to a relative 1e-6."""
    first, second = tuple(first), tuple(second)
    return len(first) == len(second) and all(
        math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE)
        for one, other in zip(first, second, strict=True)
    )


def same_stages(first: Iterable[float], second: Iterable[float]) -> bool:
    """Whether two lists of scale factors are equally long and agree to a relative 1e-3."""
    first, second = tuple(first), tuple(second)
    return len(first) == len(second) and all(
        math.isclose(one, other, rel_tol=STAGE_TOLERANCE)
        for one, other in zip(first, second, strict=True)
    )


def differing_parameters(first: Cosmology, second: Cosmology) -> list[str]:
    """Names of the cosmological parameters that differ by more than a relative 1e-6."""
    return [
        field.name
        for field in dataclasses.fields(Cosmology)
        if not math.isclose(
            getattr(first, field.name), getattr(second, field.name), rel_tol=RELATIVE_TOLERANCE
        )
    ]
