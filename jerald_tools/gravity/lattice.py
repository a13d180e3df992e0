# SPDX-License-Identifier: GPL-3.0-or-later
"""The regular lattice on which particles start."""

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import Mesh


def lattice(mesh: Mesh, particles: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The lattice points that lie in this rank's slab of a mesh.

    Point (i, j, k) lies at (i, j, k) L/N and has number 1 + (i N + j) N + k.

    Args:
        mesh: the mesh.
        particles: lattice points along x, y, z.

    Returns:
        Positions (n, 3) [Mpc/h] in the type of the mesh, and numbers (n,) int64, ascending.
    """
    nodes, points = mesh.shape[0], particles[0]
    # Point i lies in the cell floor(i nodes / points), hence on the rank that holds that plane.
    start, stop = (-(-plane * points // nodes) for plane in (mesh.x_start, mesh.x_stop))
    axes = (np.arange(start, stop), np.arange(particles[1]), np.arange(particles[2]))
    indices = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int64)
    positions = indices * (np.array(mesh.box_size) / particles)
    numbers = 1 + (indices[:, 0] * particles[1] + indices[:, 1]) * particles[2] + indices[:, 2]
    return positions.astype(mesh.dtype), numbers


def lattice_shape(nodes: tuple[int, int, int], particles: int | None) -> tuple[int, int, int]:
    """Lattice points along each axis, for a number of them along x.

    Every lattice point has to lie on a node of the mesh: between nodes, interpolation would smooth
    its displacement.

    Args:
        nodes: of the mesh along x, y, z.
        particles: along x, or None for half the nodes.

    Raises:
        BadInput: the mesh is not a multiple of the lattice.
    """
    if particles is None:
        particles = max(1, nodes[0] // 2)
    if particles < 1 or nodes[0] % particles or any(n % (nodes[0] // particles) for n in nodes):
        raise BadInput(
            f"--particles {particles}: the mesh {' x '.join(map(str, nodes))} must be a multiple "
            "of the particles, the same along each axis"
        )
    spacing = nodes[0] // particles
    return tuple(n // spacing for n in nodes)
