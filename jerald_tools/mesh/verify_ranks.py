# SPDX-License-Identifier: GPL-3.0-or-later
"""What several ranks have computed, held against the same on one of them alone."""

import dataclasses
from collections.abc import Callable

import numpy as np

from jerald_tools.errors import RunFailed
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, Ranks, on_root
from jerald_tools.mesh.slabs import pieces_on_root

TOLERANCE = {"single": 1e-3, "double": 1e-9}
"""Largest difference that rounding may make, over the largest modulus."""


def on_one_rank(mesh: Mesh) -> Mesh:
    """The same mesh as this process would have it alone."""
    return dataclasses.replace(mesh, ranks=ONE_PROCESS)


def whole_on_root(ranks: Ranks, rows) -> np.ndarray | None:
    """All ranks' rows (n, ...) one after another, on rank 0; None on the others."""
    pieces = [piece for _, piece in pieces_on_root(ranks, rows)]
    return np.concatenate(pieces) if ranks.is_root else None


def verify_on_one_rank(
    mesh: Mesh, what: str, of_all_ranks: dict, repeat: Callable[[], dict]
) -> str:
    """Repeat a computation on rank 0 alone and compare.

    Args:
        mesh: that of all ranks.
        what: was computed, for messages.
        of_all_ranks: results by name, whole, on rank 0 (see :func:`whole_on_root`).
        repeat: called on rank 0 alone, with :func:`on_one_rank`'s mesh; the same results by name.

    Returns:
        A line on how far they differ, for log and provenance, the same on every rank.

    Raises:
        RunFailed: on every rank, if they differ by more than :data:`TOLERANCE`.
    """
    tolerance = TOLERANCE[mesh.precision]

    def compare():
        alone = repeat()
        differences = {
            name: _difference(np.asarray(of_all_ranks[name]), np.asarray(alone[name]))
            for name in alone
        }
        found = ", ".join(f"{name} by {value:.2g}" for name, value in differences.items())
        line = f"{what} on {mesh.ranks.size} ranks and on one alone differ: {found} of the largest"
        if not all(value <= tolerance for value in differences.values()):
            raise RunFailed(f"--verify-ranks: {line}; rounding explains {tolerance:g} at most")
        return f"{line}, within {tolerance:g}"

    return on_root(mesh.ranks, compare)


def _difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference over the largest modulus; not a number where one of them is not."""
    largest = np.abs(theirs).max(initial=0)
    return float(np.abs(ours.astype(np.float64) - theirs).max(initial=0) / (largest or 1))
