# SPDX-License-Identifier: GPL-3.0-or-later
"""The native operations over MPI ranks against the reference in one process.

Run under mpirun on any number of ranks, one included. Particles lie on any rank, several slabs
from its own; the last of several ranks holds none.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mesh_cases import (
    OPERATIONS,
    SHAPES,
    Operands,
    local_operands,
    local_part,
    operands,
    own_particles,
)

from jerald_tools.mesh import native, reference
from jerald_tools.mesh.fields import convolve
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.paint import density, readout, readout_gradient
from jerald_tools.mesh.ranks import Ranks, gather, on_root, spread, sum_over_ranks, world

pytestmark = pytest.mark.ranks

TOLERANCE = 1e-12
CASES = ["rectangle", "six planes", "four planes"]


def meshes(shape: str) -> tuple[Mesh, Mesh]:
    """The mesh over all ranks, and the same in one process for the reference."""
    shared = make_mesh(*SHAPES[shape], "double", world(), "native")
    return shared, make_mesh(*SHAPES[shape], "double", Ranks(), "jax")


def expected_results(alone: Mesh, whole: Operands) -> dict[str, np.ndarray]:
    return {
        name: np.asarray(operation(reference, alone, whole))
        for name, (_, operation) in OPERATIONS.items()
    }


@functools.cache
def outcomes(shape: str):
    """Results of all operations from one program over all ranks, and the expected whole ones."""
    shared, alone = meshes(shape)
    whole = operands(alone)
    expected = on_root(shared.ranks, expected_results, alone, whole)

    @jax.jit
    def every_operation(arrays):
        part = Operands(**arrays)
        return {name: function(native, shared, part) for name, (_, function) in OPERATIONS.items()}

    return every_operation(vars(local_operands(shared, whole))), expected


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("shape", CASES)
def test_operation(shape, operation):
    results, expected = outcomes(shape)
    shared, _ = meshes(shape)
    whole = expected[operation]
    part = local_part(shared, whole, OPERATIONS[operation][0])
    result = np.asarray(results[operation])
    assert result.shape == part.shape
    assert np.abs(result - part).max(initial=0) <= TOLERANCE * np.abs(whole).max()


def loss(mesh: Mesh, parameters, positions):
    """Two layers of displacement, a map, and the mean square of its contrast: all operations."""
    amplitude, kernel = spread(mesh.ranks, parameters)
    for order in (6, 4):
        field = density(mesh, positions)
        potential = convolve(mesh, field, kernel)
        slopes = readout_gradient(mesh, potential, positions, order)
        values = readout(mesh, potential, positions)
        positions = positions + amplitude * slopes * (1 + values[:, None])
    contrast = density(mesh, positions) - 1
    return sum_over_ranks(mesh.ranks, jnp.sum(contrast**2)) / mesh.size


def loss_and_gradients(mesh: Mesh, amplitude, kernel, positions):
    function = jax.value_and_grad(functools.partial(loss, mesh), argnums=(0, 1))
    if mesh.backend == "native":  # the reference is faster step by step than its compilation
        function = jax.jit(function)
    value, ((amplitude_bar, kernel_bar), positions_bar) = function((amplitude, kernel), positions)
    return [np.asarray(x) for x in (value, amplitude_bar, kernel_bar, positions_bar)]


@pytest.mark.parametrize("shape", ["rectangle", "six planes"])
def test_loss_and_gradients(shape):
    shared, alone = meshes(shape)
    random = np.random.default_rng(5)
    # Away from the edges of cells, where the derivatives of the loss jump.
    positions = random.uniform(-1, 2, (600, 3)) * alone.box_size
    kernel = operands(alone).kernel / 50
    expected = on_root(shared.ranks, loss_and_gradients, alone, 0.01, kernel, positions)
    own = own_particles(shared, len(positions))
    results = loss_and_gradients(shared, 0.01, kernel, positions[own])
    expected[3] = expected[3][own]
    for result, value in zip(results, expected, strict=True):
        scale = np.abs(value).max(initial=0)
        assert np.abs(result - value).max(initial=0) <= 10 * TOLERANCE * scale


def test_slabs_are_dealt_out_as_fftw_does():
    """Six planes on four ranks are 2, 2, 2 and none."""
    mesh = make_mesh(*SHAPES["six planes"], "double", Ranks(0, 4), "native")
    assert mesh.x_slices == ((0, 2), (2, 4), (4, 6), (6, 6))


def test_repeatable_to_the_last_bit():
    shared, alone = meshes("rectangle")
    part = local_operands(shared, operands(alone))

    @jax.jit
    def chain(positions, kernel):
        return convolve(shared, density(shared, positions), kernel)

    first, second = (np.asarray(chain(part.positions, part.kernel)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_same_plans_on_every_rank():
    shared, alone = meshes("rectangle")
    native.r2c(shared, local_operands(shared, operands(alone)).field).block_until_ready()
    digests = gather(shared.ranks, native.wisdom_digest(shared.ranks))
    assert len(digests[0]) == 64
    assert len(set(digests)) == 1
