# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets that do not belong to their particles: whatever their headers say, their modes do."""

import numpy as np
import pytest
from small_universe import cloud_in_cell

from jerald_tools.errors import BadInput
from jerald_tools.fitting.pairing import correlation, require_pair
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS

SIDE, BOX = 12, 20.0
SHAPE, SIDES = (SIDE,) * 3, (BOX,) * 3


def universe(seed: int) -> np.ndarray:
    """Particles displaced from a lattice by a random field of long waves (n, 3) [Mpc/h]."""
    noise = np.fft.rfftn(np.random.default_rng(seed).normal(size=SHAPE))
    wave = np.fft.fftfreq(SIDE, 1 / SIDE)
    k = np.stack(np.meshgrid(wave, wave, np.arange(SIDE // 2 + 1), indexing="ij"))
    square = np.maximum((k**2).sum(axis=0), 1)
    noise[np.abs(k).max(axis=0) > SIDE // 4] = 0
    psi = [np.fft.irfftn(1j * axis / square**1.5 * noise, s=SHAPE, axes=(0, 1, 2)) for axis in k]
    cells = np.stack(np.meshgrid(*(np.arange(SIDE),) * 3, indexing="ij"), axis=-1)
    moved = cells * (BOX / SIDE) + 0.6 * BOX / SIDE * np.stack(psi, axis=-1) / np.std(psi)
    return moved.reshape(-1, 3) % BOX


def density(where: np.ndarray) -> np.ndarray:
    field = cloud_in_cell(where, shape=SHAPE, box_size=SIDES)
    return field / field.mean()


MESH = make_mesh(SHAPE, SIDES, "double", ONE_PROCESS)
OWN = universe(1)
STRANGERS = {
    "another seed": density(universe(2)),
    "axes swapped": density(OWN[:, [2, 1, 0]]),
    "axes in turn": density(OWN[:, [1, 2, 0]]),
    "a flipped sign": 2 - np.minimum(density(OWN), 2),
    "a mirrored axis": density(np.array([BOX, 0, 0]) + OWN * [-1, 1, 1]),
    "half a box aside": density((OWN + BOX / 2) % BOX),
    "another box": density((OWN * 1.7) % BOX),
    "nothing": np.ones(SHAPE),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_is_refused(name):
    message = r"map: r = (-?0\.|nan).* of part up to 4 .*--allow-mismatch"
    with pytest.raises(BadInput, match=message):
        require_pair(MESH, OWN, "part", STRANGERS[name], "map")


@pytest.mark.parametrize("power", [0.7, 1.0, 2.5])
def test_maps_that_follow_the_particles_are_taken(power):
    noise = np.random.default_rng(3).lognormal(sigma=0.5, size=SHAPE)
    require_pair(MESH, OWN, "part", noise * density(OWN) ** power, "map")


def test_the_correlation_is_that_of_the_modes_by_numpy():
    first, second = density(OWN), density(OWN) ** 1.3 + density(universe(2))
    a, b = np.fft.fftn(first), np.fft.fftn(second)
    wave = np.fft.fftfreq(SIDE, 1 / SIDE)
    square = sum(axis**2 for axis in np.meshgrid(wave, wave, wave))
    low = (square > 0) & (square <= 16)
    cross = (a[low] * b[low].conj()).real.sum()
    expected = cross / np.sqrt((np.abs(a[low]) ** 2).sum() * (np.abs(b[low]) ** 2).sum())
    assert correlation(MESH, first, second) == pytest.approx(expected, rel=1e-12)
