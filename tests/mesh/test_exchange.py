# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles sent to the ranks whose slabs they are in."""

import numpy as np
import pytest
from mesh_cases import SHAPES, own_particles, particles

from jerald_tools.gravity.particles import Particles
from jerald_tools.mesh.exchange import redistribute, send_home
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import gather, world

pytestmark = pytest.mark.ranks

NUMBER = 500


def everybody(shape: str):
    """A mesh over all ranks, all particles, and which of them this rank holds at first."""
    mesh = make_mesh(*SHAPES[shape], "double", world())
    positions = particles(mesh.shape, mesh.box_size, NUMBER, np.random.default_rng(8))
    return mesh, positions, own_particles(mesh, NUMBER)


@pytest.mark.parametrize("shape", ["rectangle", "six planes", "four planes"])
def test_every_particle_comes_home(shape):
    mesh, positions, own = everybody(shape)
    rows = {"positions": positions[own], "ids": own}
    home = send_home(mesh, rows)
    np.testing.assert_array_equal(home["positions"], positions[home["ids"]])
    planes = np.floor(home["positions"][:, 0] / mesh.cell_size[0]) % mesh.shape[0]
    assert ((planes >= mesh.x_start) & (planes < mesh.x_stop)).all()
    numbers = np.concatenate(gather(mesh.ranks, home["ids"]))
    np.testing.assert_array_equal(np.sort(numbers), np.arange(NUMBER))


def test_order_is_that_of_the_senders():
    ranks = world()
    rows = {"values": np.arange(6) + 10 * ranks.rank}
    received = redistribute(ranks, rows, np.full(6, ranks.size - 1))["values"]
    expected = [10 * rank + n for rank in range(ranks.size) for n in range(6)]
    assert received.tolist() == (expected if ranks.rank == ranks.size - 1 else [])


@pytest.mark.parametrize("shape", ["rectangle", "six planes"])
def test_arrays_have_one_length_on_all_ranks(shape):
    mesh, positions, own = everybody(shape)
    particles = Particles(positions[own], -positions[own], own).sent_home(mesh)
    lengths = gather(mesh.ranks, particles.positions.shape[0])
    assert len(set(lengths)) == 1
    real = particles.without_padding()
    numbers = np.concatenate(gather(mesh.ranks, np.asarray(real.ids)))
    np.testing.assert_array_equal(np.sort(numbers), np.arange(NUMBER))
    np.testing.assert_array_equal(real.momenta, -positions[np.asarray(real.ids)])
