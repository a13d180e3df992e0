# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-checks between the stages of a run (outside jit); those inside are in ``native/checks.hpp``.

A check fails when the library, a message or the memory was wrong, not the user's input. All ranks
stop with one line that names the place and the numbers. With --verify-ranks, what several ranks
have computed is compared with the same computation on one of them.
"""

import dataclasses
from collections.abc import Callable, Mapping

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Float, Int, Shaped

from jerald_tools.errors import SELF_CHECK, RunFailed
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, Ranks, gather, on_root, pieces_on_root

TOLERANCE = {"single": 1e-3, "double": 1e-9}
"""Largest difference that rounding may make on several ranks, over the largest modulus."""


def check_finite(
    mesh: Mesh,
    stage: str,
    arrays: Mapping[str, Shaped[AnyArray, "..."]],
    probe: Shaped[AnyArray, "n ..."] | None = None,
) -> None:
    """Check that a stage's results are finite, on every rank.

    Values that are not known yet, inside jit or a derivative, are let through.

    Args:
        mesh: its ranks agree on the outcome.
        stage: what made the arrays, for the message.
        arrays: this rank's fields or rows of particles, by name.
        probe: an array whose first row is not finite if any value in ``arrays`` is not. It is
            looked at first, and the others only to say which value it was.

    Raises:
        RunFailed: on every rank, with the first such value of the first rank that has one.
    """
    if any(isinstance(array, Tracer) for array in arrays.values()):
        return
    if probe is not None:
        is_finite = bool(np.isfinite(np.asarray(probe[:1])).all())
        if all(gather(mesh.ranks, is_finite)):
            return
    found = gather(mesh.ranks, _first_not_finite(mesh, arrays))
    for rank, complaint in enumerate(found):
        if complaint is not None:
            where = f"rank {rank}: " if mesh.ranks.size > 1 else ""
            raise RunFailed(f"{SELF_CHECK} after {stage}: {where}{complaint}")


def _first_not_finite(mesh: Mesh, arrays: Mapping[str, AnyArray]) -> str | None:
    for name, array in arrays.items():
        # Where the array is: nothing of one that is right comes back from a GPU.
        if jnp.isfinite(array).all():
            continue
        array = np.asarray(array)
        is_bad = ~np.isfinite(array)
        index = tuple(int(i) for i in np.argwhere(is_bad)[0])
        value, count = array[index], np.count_nonzero(is_bad)
        place = f"row {index[0]}"
        if array.shape == mesh.local_shape:
            place = f"plane {index[0] + mesh.x_start}, row {index[1]}, column {index[2]}"
        return f"{count} of {array.size} {name} are not finite, the first is {value} in {place}"
    return None


def check_density(
    mesh: Mesh, stage: str, density: Float[AnyArray, "x y z"], particles: int
) -> None:
    """Check that a density over its mean has the mean 1, up to rounding.

    Args:
        mesh: its ranks agree on the outcome.
        stage: what made the density, for the message.
        density: this rank's slab.
        particles: how many particles this rank holds.

    Raises:
        RunFailed: on every rank.
    """
    if isinstance(density, Tracer):
        return
    density = np.asarray(density)
    own = [density.sum(dtype=np.float64), np.vdot(density, density), particles]
    total, squares, number = np.sum(gather(mesh.ranks, own), axis=0)
    # As the native library's check of a painted mesh, in units of the mean.
    rounding = 4 * np.finfo(mesh.dtype).eps * (2 + squares * number / mesh.size**2)
    tolerance = min(float(rounding), 0.01)
    if not abs(total / mesh.size - 1) <= tolerance:
        raise RunFailed(
            f"{SELF_CHECK} after {stage}: the mean of the density is {total / mesh.size:.12g} "
            f"instead of 1; rounding explains a difference of {tolerance:.2g}"
        )


def check_ids(ranks: Ranks, ids: Int[np.ndarray, " n"], number: int) -> None:
    """Check that this rank's share of particles in order of ID is whole: none lost, none twice.

    Args:
        ranks: the processes that share the particles.
        ids: this rank's ParticleIDs, sorted.
        number: particles on all ranks together.

    Raises:
        RunFailed: on every rank.
    """
    first, last = (1 + number * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1))
    is_whole = np.array_equal(ids, np.arange(first, last))
    for rank, (whole, found) in enumerate(gather(ranks, (is_whole, len(ids)))):
        if not whole:
            raise RunFailed(
                f"{SELF_CHECK} before writing: rank {rank} of {ranks.size} holds {found} particles "
                f"that are not its share of the IDs 1 to {number}, each once"
            )


def on_one_rank(mesh: Mesh) -> Mesh:
    """The same mesh for one process alone."""
    return dataclasses.replace(mesh, ranks=ONE_PROCESS)


def whole_on_root(
    ranks: Ranks, rows: Shaped[AnyArray, "n ..."]
) -> Shaped[np.ndarray, "all ..."] | None:
    """All ranks' rows one after another, on rank 0; None on the others."""
    pieces = [piece for _, piece in pieces_on_root(ranks, rows)]
    return np.concatenate(pieces) if ranks.is_root else None


def verify_on_one_rank(
    mesh: Mesh,
    what: str,
    of_all_ranks: Mapping[str, Shaped[AnyArray, "..."] | None],
    repeat: Callable[[], Mapping[str, Shaped[AnyArray, "..."]]],
) -> str:
    """Repeat a computation on rank 0 alone and compare its results with those of all ranks.

    Args:
        mesh: that of all ranks.
        what: the results, for messages.
        of_all_ranks: results by name, whole, on rank 0 (see :func:`whole_on_root`).
        repeat: computes the same on the mesh of :func:`on_one_rank`; rank 0 calls it.

    Returns:
        A line on how far they differ, for log and provenance, the same on every rank.

    Raises:
        RunFailed: on every rank, if they differ by more than :data:`TOLERANCE`.
    """
    tolerance = TOLERANCE[mesh.precision]

    def compare():
        alone = repeat()
        differences = {
            name: _largest_difference(np.asarray(of_all_ranks[name]), np.asarray(alone[name]))
            for name in alone
        }
        found = ", ".join(f"{name} by {value:.2g}" for name, value in differences.items())
        line = f"{what} on {mesh.ranks.size} ranks and on one alone differ: {found} of the largest"
        if not all(value <= tolerance for value in differences.values()):
            raise RunFailed(f"--verify-ranks: {line}; rounding explains {tolerance:g} at most")
        return f"{line}, within {tolerance:g}"

    return on_root(mesh.ranks, compare)


def _largest_difference(values: np.ndarray, expected: np.ndarray) -> float:
    """Over the largest modulus; not a number where a value is not one."""
    largest = np.abs(expected).max(initial=0)
    return float(np.abs(values.astype(np.float64) - expected).max(initial=0) / (largest or 1))
