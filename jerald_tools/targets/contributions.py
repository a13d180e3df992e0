# SPDX-License-Identifier: GPL-3.0-or-later
"""What each particle of a snapshot brings to a map."""

import dataclasses

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.files.snapshots.checked import read_field
from jerald_tools.files.snapshots.snapshot import Snapshot
from jerald_tools.targets.neutral_gas import neutral_mass_fraction
from jerald_tools.targets.recipe import Recipe


@dataclasses.dataclass(frozen=True)
class Contributions:
    """What particles bring to a map.

    Attributes:
        positions: (n, 3) in [0, box) [Mpc/h].
        weights: (n) masses [1e10 Msun/h], of neutral hydrogen for its map.
        radii: (n) at which their kernels end [Mpc/h], or None for points.
    """

    positions: np.ndarray
    weights: np.ndarray
    radii: np.ndarray | None


def contributions(snapshot: Snapshot, recipe: Recipe, start: int, stop: int) -> Contributions:
    """Read particles ``start`` to ``stop`` and say what each brings to the map.

    Raises:
        BadInput: if a value is damaged or impossible.
    """

    def read(field):
        return read_field(snapshot, recipe.species, field, start, stop)

    positions, weights = read("positions"), read("masses")
    radii = read("smoothing_length") if recipe.deposit == "sph" else None
    if radii is not None and np.any(radii > min(snapshot.header.box_size)):
        raise BadInput(
            f"{snapshot.paths[0]}: a smoothing length of {radii.max():g} Mpc/h is longer than the "
            "box; check its units, or use --deposit cic"
        )
    if recipe.quantity == "stellar-mass" and snapshot.has("stars", "formation_time"):
        # IllustrisTNG keeps wind particles among the stars, with times that are not above zero.
        weights = np.where(read("formation_time") > 0, weights, 0.0)
    if recipe.quantity == "neutral-hydrogen":
        weights = weights * neutral_mass_fraction(snapshot, recipe, read)
    return Contributions(positions, weights, radii)
