# SPDX-License-Identifier: GPL-3.0-or-later
"""The native operations and the GPU's, in one process, against the readable reference."""

import functools
import os
import subprocess
import sys

import jax
import numpy as np
import pytest
from mesh_cases import OPERATIONS, SHAPES, operands

from jerald_tools.gravity import ranlxd1
from jerald_tools.mesh import cuda, native, reference
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import Ranks

TOLERANCE = {"single": 2e-6, "double": 1e-14}


@functools.cache
def case(shape: str, precision: str):
    mesh = make_mesh(*SHAPES[shape], precision, Ranks(), "native")
    return mesh, operands(mesh)


COMPARED = [(native, name) for name in OPERATIONS] + [
    (cuda, name) for name in OPERATIONS if name != "filtered_powers, spectrum"
]


@pytest.mark.parametrize(("raw", "operation"), COMPARED)
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("shape", ["cube", "rectangle", "four planes"])
def test_equal(shape, precision, raw, operation):
    mesh, arrays = case(shape, precision)
    function = OPERATIONS[operation][1]
    result, expected = (np.asarray(function(library, mesh, arrays)) for library in (raw, reference))
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    largest = np.abs(expected).max()
    assert largest > 0
    assert np.abs(result - expected).max() <= TOLERANCE[precision] * largest


def test_threads_do_not_change_particle_sums():
    """Painting and reading give the same bits on any number of threads."""
    mesh, arrays = case("rectangle", "single")
    transforms = ("c2r", "r2c", "convolve", "filtered")
    names = [name for name in OPERATIONS if not name.startswith(transforms)]
    before = native.threads()
    try:
        results = []
        for number in (1, 2, 5):
            native.set_threads(number)
            results.append([np.asarray(OPERATIONS[n][1](native, mesh, arrays)) for n in names])
    finally:
        native.set_threads(before)
    for other in results[1:]:
        for name, first, second in zip(names, results[0], other, strict=True):
            np.testing.assert_array_equal(first, second, err_msg=name)


def test_transforms_with_threads():
    mesh, arrays = case("rectangle", "double")
    before = native.threads()
    try:
        native.set_threads(2)
        for name in ("r2c", "c2r", "convolve", "convolve_adjoint, kernel"):
            result, expected = (
                np.asarray(OPERATIONS[name][1](raw, mesh, arrays)) for raw in (native, reference)
            )
            assert np.abs(result - expected).max() <= 1e-14 * np.abs(expected).max(), name
    finally:
        native.set_threads(before)


@pytest.mark.parametrize("raw", [native, cuda, reference])
def test_not_a_number_is_not_lost(raw):
    """A particle that is nowhere shows in the result instead of corrupting memory."""
    mesh, arrays = case("rectangle", "double")
    positions = arrays.positions.copy()
    positions[3, 1] = np.nan
    assert np.isnan(raw.paint(mesh, positions)).any()
    values = np.asarray(raw.readout(mesh, arrays.field, positions))
    assert np.isnan(values[3])
    assert np.isfinite(np.delete(values, 3)).all()


def test_no_particles():
    mesh, arrays = case("rectangle", "double")
    positions = np.zeros((0, 3))
    assert not native.paint(mesh, positions).any()
    assert native.readout_gradient(mesh, arrays.field, positions, 6).shape == (0, 3)


def test_wrong_size_is_an_error():
    mesh, arrays = case("rectangle", "double")
    with pytest.raises(
        jax.errors.JaxRuntimeError,
        match=r"the field has the shape \(100\) instead of \(16, 12, 20\)",
    ):
        jax.block_until_ready(native.readout(mesh, np.zeros(100), arrays.positions))


def test_unknown_order_is_an_error():
    mesh, arrays = case("rectangle", "double")
    with pytest.raises(jax.errors.JaxRuntimeError, match="choose 4 or 6"):
        jax.block_until_ready(native.finite_difference(mesh, arrays.field, 0, 5))


def test_wisdom_is_kept(tmp_path):
    """What one process measured, the next one uses."""
    program = (
        "import numpy as np\n"
        "from jerald_tools.mesh import native\n"
        "from jerald_tools.mesh.mesh import make_mesh\n"
        "mesh = make_mesh(12, 1.0, backend='native')\n"
        "assert native.wisdom_digest(mesh.ranks) == ''\n"
        "native.r2c(mesh, np.zeros(mesh.shape)).block_until_ready()\n"
        "print(native.wisdom_digest(mesh.ranks))\n"
    )
    environment = os.environ | {"JERALD_WISDOM": str(tmp_path / "wisdom"), "OMP_NUM_THREADS": "1"}
    environment = {k: v for k, v in environment.items() if not k.startswith(("OMPI_", "PMIX_"))}
    digests = [
        subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, capture_output=True
        ).stdout
        for _ in range(2)
    ]
    assert digests[0] == digests[1]
    (file,) = (tmp_path / "wisdom").iterdir()
    assert file.name == "mesh12x12x12-single-threads1-ranks1.wisdom"
    assert b"fftw" in file.read_bytes()


def test_random_numbers_are_the_library_s():
    np.testing.assert_array_equal(native.draw_uniforms(9281, 50), ranlxd1.draw_uniforms(9281, 50))
    seeds = np.array([0, 1, 2147483646])
    np.testing.assert_array_equal(native.draw_columns(seeds, 9), ranlxd1.draw_columns(seeds, 9))
