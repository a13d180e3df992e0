# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of sight through a mesh, and what fields are along them."""

import dataclasses
import itertools
import os
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.ranks import sum_over_ranks

AXES = ("x", "y", "z")


@dataclasses.dataclass(frozen=True)
class Lines:
    """Parallel lines of sight, each from one end of the box to the other.

    Attributes:
        axis: 0, 1 or 2: along x, y or z.
        positions: where they cross the plane of the other two axes, in their order, (n, 2) [Mpc/h].
        shape: of a lattice of lines, (lines1, lines2), or of a list, (n,).
    """

    axis: int
    positions: Float[np.ndarray, "n 2"]
    shape: tuple[int, ...]

    @property
    def number(self) -> int:
        """How many lines there are."""
        return len(self.positions)


def across(axis: int) -> tuple[int, int]:
    """The two axes that lines along ``axis`` do not have."""
    first, second = (other for other in range(3) if other != axis)
    return first, second


def lines_of_mesh(mesh: Mesh, axis: int, every: int = 1) -> Lines:
    """The lines through all nodes of a mesh, or through every ``every``-th along either axis.

    Raises:
        BadInput: if the mesh has fewer nodes than that.
    """
    shape = [mesh.shape[other] for other in across(axis)]
    if every > min(shape):
        raise BadInput(f"--every {every}: the mesh has {min(shape)} nodes; give a smaller number")
    nodes = [np.arange(0, count, every) for count in shape]
    cells = [mesh.cell_size[other] for other in across(axis)]
    places = [cell * rows for cell, rows in zip(cells, nodes, strict=True)]
    positions = np.stack(np.meshgrid(*places, indexing="ij"), axis=-1).reshape(-1, 2)
    return Lines(axis, positions, (len(nodes[0]), len(nodes[1])))


def read_positions(path: str | os.PathLike) -> Float[np.ndarray, "n 2"]:
    """Positions of lines from a text file of two columns [Mpc/h], comments after #.

    Raises:
        BadInput: if it is not such a file.
    """
    try:
        positions = np.loadtxt(path, ndmin=2)
    except OSError as error:
        raise BadInput(f"{path}: no such file, or it cannot be read; check the name") from error
    except ValueError as error:
        raise BadInput(
            f"{path}: is not a table of numbers ({error}); give two columns, Mpc/h"
        ) from error
    if positions.size == 0 or positions.shape[1] != 2:
        raise BadInput(
            f"{path}: {positions.shape[0]} rows of {positions.shape[1]} columns; give two columns, "
            "where lines cross the other two axes, Mpc/h"
        )
    if not np.isfinite(positions).all():
        raise BadInput(f"{path}: a position is NaN or infinite; give positions in Mpc/h")
    return positions


def along_lines(
    mesh: Mesh,
    fields: Sequence[Float[AnyArray, "x y z"]],
    axis: int,
    positions: Float[np.ndarray, "n 2"],
) -> list[Float[np.ndarray, "n nodes"]]:
    """Fields along lines, at the nodes of the axis; between nodes of the other two, bilinear.

    Every rank gets all lines: give it a few at a time.

    Args:
        mesh: the mesh.
        fields: this rank's slabs.
        axis: of the lines.
        positions: of lines, the same on every rank, any number, wrapped into the box [Mpc/h].
    """
    cells = positions / [mesh.cell_size[other] for other in across(axis)]
    # Rounding must not take a line off its nodes: the weight of the next node would be 1e-16.
    cells = np.where(np.abs(cells - np.round(cells)) < 1e-9, np.round(cells), cells)
    lower = np.floor(cells).astype(np.int64)
    offsets = cells - lower
    found = np.zeros((len(fields), len(positions), mesh.shape[axis]))
    for corner in itertools.product((0, 1), repeat=2):
        weights = np.prod(np.where(corner, offsets, 1 - offsets), axis=1)
        (used,) = np.nonzero(weights)
        if used.size:
            nodes = (lower[used] + corner) % [mesh.shape[other] for other in across(axis)]
            for values, field in zip(found, fields, strict=True):
                _add_rows(mesh, np.asarray(field), axis, (used, nodes, weights[used]), values)
    return list(np.asarray(sum_over_ranks(mesh.ranks, jnp.asarray(found))))


def _add_rows(mesh: Mesh, slab: np.ndarray, axis: int, rows: tuple, values: np.ndarray) -> None:
    """Add weights times this rank's part of rows of nodes, along an axis, to lines' values."""
    lines, (first, second), weights = rows[0], rows[1].T, rows[2]
    if axis == 0:
        own = slice(mesh.x_start, mesh.x_stop)
        values[lines, own] += weights[:, None] * slab[:, first, second].T
        return
    is_own = (first >= mesh.x_start) & (first < mesh.x_stop)
    first, second = first[is_own] - mesh.x_start, second[is_own]
    part = slab[first, :, second] if axis == 1 else slab[first, second]
    values[lines[is_own]] += weights[is_own, None] * part
