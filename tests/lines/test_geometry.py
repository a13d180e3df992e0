# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of sight through a mesh on any number of ranks, at nodes and between them."""

import numpy as np
import pytest
from mesh_cases import SHAPES

from jerald_tools.errors import BadInput
from jerald_tools.lines.geometry import across, along_lines, lines_of_mesh, read_positions
from jerald_tools.mesh.mesh import make_mesh


def whole_and_slab(mesh, seed=3):
    whole = np.random.default_rng(seed).normal(size=mesh.shape)
    return whole, whole[mesh.x_start : mesh.x_stop]


@pytest.mark.ranks
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("case", SHAPES)
def test_lines_of_the_mesh_are_its_rows(case, axis):
    mesh = make_mesh(*SHAPES[case], precision="double")
    whole, slab = whole_and_slab(mesh)
    lines = lines_of_mesh(mesh, axis)
    found, doubled = along_lines(mesh, [slab, 2 * slab], axis, lines.positions)
    expected = np.moveaxis(whole, axis, -1).reshape(-1, mesh.shape[axis])
    assert lines.shape == tuple(mesh.shape[other] for other in across(axis))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(doubled, 2 * expected)


@pytest.mark.ranks
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_lines_between_nodes_are_bilinear_and_periodic(axis):
    mesh = make_mesh(*SHAPES["rectangle"], precision="double")
    whole, slab = whole_and_slab(mesh)
    first, second = across(axis)
    cells = np.array([[0.25, 0.5], [mesh.shape[first] - 0.25, mesh.shape[second] - 0.5], [-1, 30]])
    positions = cells * [mesh.cell_size[first], mesh.cell_size[second]]
    (found,) = along_lines(mesh, [slab], axis, positions)
    rows = np.moveaxis(whole, axis, -1)

    def row(i, j):
        return rows[i % rows.shape[0], j % rows.shape[1]]

    expected = [
        0.375 * (row(0, 0) + row(0, 1)) + 0.125 * (row(1, 0) + row(1, 1)),
        0.125 * (row(-1, -1) + row(-1, 0)) + 0.375 * (row(0, -1) + row(0, 0)),
        row(-1, 30),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_every_third_line():
    mesh = make_mesh(*SHAPES["rectangle"])
    lines = lines_of_mesh(mesh, 1, 3)
    assert lines.shape == (6, 7)
    np.testing.assert_allclose(lines.positions[8], np.array([3, 3]) * [0.5, 1.0])
    with pytest.raises(BadInput, match="--every 17: the mesh has 16 nodes"):
        lines_of_mesh(mesh, 1, 17)


def test_positions_in_a_file(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("# x y\n1 2\n3.5 4\n")
    np.testing.assert_array_equal(read_positions(path), [[1, 2], [3.5, 4]])
