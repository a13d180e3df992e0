# SPDX-License-Identifier: GPL-3.0-or-later
"""Wavenumbers of the modes that a rank holds, their Hermitian weights, and the table of |k|."""

import functools

import numpy as np
from jaxtyping import Float, Int

from jerald_tools.mesh.mesh import Mesh


def integer_frequencies(nodes: int) -> Int[np.ndarray, " nodes"]:
    """Signed integer frequencies of an axis in the order of the FFT, the Nyquist one negative."""
    return np.fft.fftfreq(nodes, 1.0 / nodes).round().astype(np.int64)


def _local_axes(mesh: Mesh, per_axis: list[np.ndarray]) -> list[np.ndarray]:
    """Shape one array per axis so that they broadcast to this rank's spectrum, as x, y, z."""
    along_x, along_y, along_z = per_axis
    start, stop = mesh.y_slices[mesh.ranks.rank]
    return [
        along_x.reshape(-1, 1, 1),
        along_y[start:stop].reshape(1, -1, 1),
        along_z[: mesh.shape[2] // 2 + 1].reshape(1, 1, -1),
    ]


def integer_wavevectors(mesh: Mesh) -> list[Int[np.ndarray, "#kx #ky #kz"]]:
    """Integer wavevectors (n_x, n_y, n_z) of this rank's modes, broadcasting to its spectrum.

    The last axis holds only the non-negative half; its Nyquist frequency, if any, is negative.
    """
    return _local_axes(mesh, [integer_frequencies(nodes) for nodes in mesh.shape])


def wavevectors(mesh: Mesh) -> list[Float[np.ndarray, "#kx #ky #kz"]]:
    """Wavevectors (k_x, k_y, k_z) [h/Mpc] of this rank's modes, broadcasting to its spectrum."""
    numbers = zip(integer_wavevectors(mesh), mesh.box_size, strict=True)
    return [(2 * np.pi * n) / length for n, length in numbers]


def hermitian_weights(mesh: Mesh) -> Float[np.ndarray, "1 1 kz"]:
    """How many modes of the full spectrum each mode of the half spectrum stands for: 1 or 2.

    The planes n_z = 0 and, for even nz, the Nyquist one hold their own
    conjugates and count once.
    """
    nz = mesh.shape[2]
    weights = np.full(nz // 2 + 1, 2.0)
    weights[0] = 1.0
    if nz % 2 == 0:
        weights[-1] = 1.0
    return weights.reshape(1, 1, -1)


@functools.lru_cache(maxsize=16)
def wavenumber_table(mesh: Mesh) -> Float[np.ndarray, " k"]:
    """Every modulus |k| [h/Mpc] that the mesh can hold; entry 0 is k = 0.

    An isotropic function of k is evaluated on this table and looked up per mode (see
    :func:`mode_index_axes`): on a cube of N^3 nodes it has 3 (N/2)^2 + 1 entries instead of N^3/2.
    """
    largest = [nodes // 2 for nodes in mesh.shape]
    if len(set(mesh.box_size)) == 1:
        entries = sum(n * n for n in largest) + 1
        table = 2 * np.pi / mesh.box_size[0] * np.sqrt(np.arange(entries))
    else:
        squares = [
            (2 * np.pi * np.arange(n + 1) / length) ** 2
            for n, length in zip(largest, mesh.box_size, strict=True)
        ]
        table = np.sqrt(
            squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :]
        ).ravel()
    table.flags.writeable = False
    return table


@functools.lru_cache(maxsize=16)
def mode_index_axes(
    mesh: Mesh,
) -> tuple[Int[np.ndarray, " kx"], Int[np.ndarray, " ky"], Int[np.ndarray, " kz"]]:
    """Where the modes stand in the table of |k|: one int32 array per axis of this rank's spectrum.

    Mode (a, b, c) of this rank's part is entry first[a] + second[b] + third[c]. In a
    cubic box that is n_x^2 + n_y^2 + n_z^2; otherwise the position of (|n_x|, |n_y|, |n_z|).
    """
    frequencies = [np.abs(integer_frequencies(nodes)) for nodes in mesh.shape]
    if len(set(mesh.box_size)) == 1:
        indices = [n * n for n in frequencies]
    else:
        _, rows, columns = (nodes // 2 + 1 for nodes in mesh.shape)
        indices = [frequencies[0] * rows * columns, frequencies[1] * columns, frequencies[2]]
    first, second, third = (axis.ravel().astype(np.int32) for axis in _local_axes(mesh, indices))
    for axis in (first, second, third):
        axis.flags.writeable = False
    return first, second, third
