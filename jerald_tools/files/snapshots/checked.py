# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a snapshot, read and found possible."""

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.files.snapshots.snapshot import Snapshot

# Positions in single precision may leave the box by a rounding.
OUTSIDE = 1e-6

POSITIVE = ("density", "internal_energy", "temperature", "smoothing_length")
NOT_NEGATIVE = ("masses", "neutral_fraction", "hydrogen_fraction")


def read_field(snapshot: Snapshot, species: str, field: str, start: int, stop: int) -> np.ndarray:
    """Rows ``start`` to ``stop`` of a field, see :meth:`Snapshot.read`; positions in [0, box).

    Raises:
        BadInput: as the reader, or if a value is NaN, infinite, negative where it must not be, or
            a position outside the box.
    """
    values = snapshot.read(species, field, start, stop)
    where = f"{snapshot.paths[0]}: {species} {field.replace('_', ' ')}"
    if not np.isfinite(values).all():
        raise BadInput(f"{where} NaN or infinite in rows {start} to {stop}; make it anew")
    if field == "positions":
        return _within(values, np.array(snapshot.header.box_size), where)
    if field in POSITIVE and np.any(values <= 0):
        raise BadInput(f"{where} not above 0 ({values.min():g}); make it anew")
    if field in NOT_NEGATIVE and np.any(values < 0):
        raise BadInput(f"{where} below 0 ({values.min():g}); make it anew")
    return values


def _within(positions: np.ndarray, box: np.ndarray, where: str) -> np.ndarray:
    outside = (positions < -OUTSIDE * box) | (positions > (1 + OUTSIDE) * box)
    if outside.any():
        raise BadInput(
            f"{where} outside the box: {positions[outside][0]:g} Mpc/h in a box of "
            f"{box.max():g} Mpc/h; check the units, or wrap them"
        )
    return np.where(positions >= box, positions - box, np.where(positions < 0, 0.0, positions))
