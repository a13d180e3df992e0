# SPDX-License-Identifier: GPL-3.0-or-later
"""Power spectra against nbodykit, and against fields whose power is known."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from jerald_tools.analysis.catalogue_field import catalogue_spectrum, shot_noise, split_for_tsc
from jerald_tools.analysis.power_spectrum import (
    compare,
    cross_power,
    default_edges,
    overdensity,
    region_mean,
)
from jerald_tools.errors import BadInput
from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.paint import paint

GOLDEN = Path(__file__).parents[1] / "golden" / "nbodykit_power.h5"
GOLDEN_TOLERANCE = 1e-10


@pytest.fixture(scope="module")
def golden():
    with h5py.File(GOLDEN, "r") as file:
        yield file


@pytest.fixture(scope="module")
def golden_mesh(golden):
    return make_mesh(int(golden.attrs["mesh"]), float(golden.attrs["box_size"]), "double")


def own_slab(mesh, field):
    """This rank's part of a field that every rank has whole."""
    return field[mesh.x_start : mesh.x_stop]


def own_particles(mesh, positions):
    """The particles in this rank's slab."""
    planes = (positions[:, 0] / mesh.cell_size[0]).astype(int) % mesh.shape[0]
    return positions[(planes >= mesh.x_start) & (planes < mesh.x_stop)]


def golden_field(golden, mesh, name):
    """The golden field's stored modes, the rest zero, as this rank's slab."""
    modes = golden[f"{name}_modes"][:]
    largest = modes.shape[2] - 1
    rows = np.r_[0 : largest + 1, -largest:0]
    nx, ny, nz = mesh.shape
    spectrum = np.zeros((nx, ny, nz // 2 + 1), complex)
    spectrum[np.ix_(rows, rows, np.arange(largest + 1))] = modes
    return own_slab(mesh, np.fft.irfftn(spectrum * mesh.size, s=mesh.shape, axes=(0, 1, 2)))


def assert_golden(mesh, first, second, expected, whole_bins=None):
    """Same bins, mode counts, mean k and power as nbodykit, in the first ``whole_bins``."""
    edges, modes = expected["edges"][:], expected["modes"][:]
    binned = cross_power(mesh, first, second, edges)
    counted = slice(0, whole_bins)
    if edges[0] == 0:  # nbodykit counts the mode k = 0, with no power; here it is left out
        assert modes[0] - binned.modes[0] == 1
        counted = slice(1, whole_bins)
        modes = modes - np.eye(modes.size, dtype=int)[0]
    np.testing.assert_array_equal(binned.modes, modes)
    np.testing.assert_allclose(binned.k[counted], expected["k"][counted], rtol=GOLDEN_TOLERANCE)
    np.testing.assert_allclose(
        binned.power[counted], expected["power"][counted], rtol=GOLDEN_TOLERANCE
    )


MESH_SPECTRA = {  # name: first field, second field, bins whose modes the trimmed file holds whole
    "mesh_auto": ("field1", "field1", 10),
    "mesh_auto2": ("field2", "field2", 10),
    "mesh_cross": ("field1", "field2", 10),
    "mesh_auto_dk0.5_kmin0.1": ("field1", "field1", 6),
    "mesh_auto_dkkf_kminhalf": ("field1", "field1", 10),
}


@pytest.mark.ranks
@pytest.mark.parametrize("name", MESH_SPECTRA)
def test_power_of_fields_equals_nbodykit(golden, golden_mesh, name):
    *fields, whole_bins = MESH_SPECTRA[name]
    first, second = (r2c(golden_mesh, golden_field(golden, golden_mesh, one)) for one in fields)
    assert_golden(golden_mesh, first, second, golden[f"spectra/{name}"], whole_bins)


@pytest.mark.ranks
@pytest.mark.parametrize("compensate", [False, True])
@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize("window", ["cic", "tsc"])
def test_power_of_catalogues_equals_nbodykit(golden, golden_mesh, window, interlace, compensate):
    name = f"cat_{window}_int{interlace:d}_comp{compensate:d}"
    options = (window, interlace, compensate)
    positions = own_particles(golden_mesh, golden["catalogue1"][:])
    spectrum = catalogue_spectrum(golden_mesh, positions, None, *options)
    assert_golden(golden_mesh, spectrum, spectrum, golden[f"spectra/{name}"])
    assert_golden(golden_mesh, spectrum, spectrum, golden[f"spectra/{name}_dkkf_kminhalf"])
    weights = np.ones(len(positions))
    expected_noise = golden[f"spectra/{name}"].attrs["shot_noise"]
    assert shot_noise(golden_mesh, weights) == pytest.approx(expected_noise, rel=1e-14)
    if interlace and compensate:
        positions = own_particles(golden_mesh, golden["catalogue2"][:])
        other = catalogue_spectrum(golden_mesh, positions, None, *options)
        assert_golden(golden_mesh, other, other, golden[f"spectra/{name}_cat2"])
        assert_golden(golden_mesh, spectrum, other, golden[f"spectra/{name}_cross12"])


def test_default_bins_are_those_of_nbodykit(golden, golden_mesh):
    expected = golden["spectra/mesh_auto_dkkf_kminhalf/edges"][:]
    np.testing.assert_allclose(default_edges(golden_mesh), expected, rtol=1e-14)


def test_default_bins_of_a_rectangular_mesh_are_all_filled():
    mesh = make_mesh((16, 12, 20), (10.0, 7.0, 11.0), "double")
    spectrum = r2c(mesh, np.zeros(mesh.shape))
    binned = cross_power(mesh, spectrum, spectrum)
    assert binned.edges[0] == pytest.approx(np.pi / 11.0)
    assert binned.edges[-1] < np.pi * 12 / 7.0
    assert np.all(binned.modes > 0)


def test_white_noise_has_a_flat_spectrum_of_its_variance_per_cell():
    mesh = make_mesh(32, 50.0, "double")
    noise = np.random.default_rng(5).normal(size=mesh.shape)
    spectrum = r2c(mesh, noise)
    binned = cross_power(mesh, spectrum, spectrum)
    expected = mesh.volume / mesh.size
    scatter = np.sqrt(2.0 / binned.modes)
    assert np.all(np.abs(binned.power / expected - 1) < 5 * scatter)
    assert np.average(binned.power, weights=binned.modes) == pytest.approx(expected, rel=0.02)


@pytest.mark.ranks
def test_a_plane_wave_has_power_in_its_bin_alone():
    mesh = make_mesh((16, 12, 20), (10.0, 7.0, 11.0), "double")
    wave = np.array([2, -1, 3])
    phase = sum(
        2 * np.pi * n * np.arange(nodes).reshape(np.roll([-1, 1, 1], axis)) / nodes
        for axis, (n, nodes) in enumerate(zip(wave, mesh.shape, strict=True))
    )
    field = own_slab(mesh, 0.25 * np.cos(phase))
    wavenumber = np.linalg.norm(2 * np.pi * wave / np.array(mesh.box_size))
    edges = [0.0, wavenumber - 1e-3, wavenumber + 1e-3, 100.0]
    spectrum = r2c(mesh, field)
    binned = cross_power(mesh, spectrum, spectrum, edges)
    # The wave and its mirror images (+-n_x, +-n_y, +-n_z) share |k|; two of the eight are lit.
    assert binned.modes[1] == 8
    assert binned.k[1] == pytest.approx(wavenumber, rel=1e-12)
    assert binned.power[1] == pytest.approx(0.25**2 / 4 * 2 / 8 * mesh.volume, rel=1e-12)
    assert np.all(binned.power[[0, 2]] < 1e-20)
    assert binned.modes.sum() == mesh.size - 1


@pytest.mark.parametrize("edges", [[1.0], [], [2.0, 1.0], [-1.0, 1.0], [1.0, 1.0], [0.0, np.nan]])
def test_edges_that_bound_no_bins_are_refused(edges):
    mesh = make_mesh(4, 1.0)
    with pytest.raises(BadInput, match="k bins"):
        cross_power(mesh, np.zeros(mesh.spectrum_shape), np.zeros(mesh.spectrum_shape), edges)


@pytest.mark.ranks
def test_sums_of_a_single_precision_field_are_in_double():
    mesh = make_mesh((16, 12, 20), (10.0, 7.0, 11.0))
    field = own_slab(mesh, np.full(mesh.shape, 1.0 + 1e-3, np.float32))
    assert region_mean(mesh, field) == pytest.approx(float(np.float32(1.0 + 1e-3)), rel=1e-14)


@pytest.mark.ranks
def test_tsc_from_cic_paints_the_triangular_shaped_cloud():
    mesh = make_mesh((6, 8, 10), (3.0, 5.0, 4.0), "double")
    generator = np.random.default_rng(8)
    positions = generator.uniform(-1, 2, (40, 3)) * mesh.box_size
    positions[:4] = np.array([[0.0, 0, 0], [1.5, 2.5, 2.0], [0.25, 0.3125, 0.2], [3, 5, 4]])
    weights = generator.uniform(0.5, 2, 40)
    axes = []
    for axis, (nodes, cell) in enumerate(zip(mesh.shape, mesh.cell_size, strict=True)):
        distance = positions[:, axis, None] / cell - np.arange(nodes)
        distance = np.abs(distance - nodes * np.round(distance / nodes))
        cloud = np.where(distance < 0.5, 0.75 - distance**2, (1.5 - distance) ** 2 / 2)
        axes.append(np.where(distance < 1.5, cloud, 0.0))
    expected = np.einsum("p,pi,pj,pk->ijk", weights, *axes)
    mine = slice(mesh.ranks.rank, None, mesh.ranks.size)
    painted = paint(mesh, *split_for_tsc(mesh, positions[mine], weights[mine]))
    np.testing.assert_allclose(painted, own_slab(mesh, expected), atol=1e-13)


@pytest.mark.ranks
def test_a_map_correlates_with_itself_and_not_with_another():
    mesh = make_mesh((16, 12, 20), (10.0, 7.0, 11.0), "double")
    generator = np.random.default_rng(1)
    first, second = (
        r2c(mesh, overdensity(mesh, own_slab(mesh, generator.lognormal(size=mesh.shape))))
        for _ in range(2)
    )
    same = compare(mesh, 3.0 * first, first)
    np.testing.assert_allclose(same.r, 1.0, rtol=1e-13)
    np.testing.assert_allclose(same.ratio, 9.0, rtol=1e-13)
    np.testing.assert_allclose(compare(mesh, -first, first).r, -1.0, rtol=1e-13)
    other = compare(mesh, first, second)
    assert np.all(np.abs(other.r) < 5 / np.sqrt(other.modes / 2))


def test_a_map_without_power_has_no_correlation_rather_than_an_error():
    mesh = make_mesh(8, 1.0, "double")
    empty = np.zeros(mesh.spectrum_shape, complex)
    lit = r2c(mesh, np.random.default_rng(2).normal(size=mesh.shape))
    comparison = compare(mesh, empty, lit)
    assert np.all(np.isnan(comparison.r))
    assert np.all(comparison.ratio == 0)
    assert np.all(np.isnan(compare(mesh, lit, empty).ratio))


@pytest.mark.ranks
def test_overdensity_over_another_mean_keeps_the_amplitude():
    mesh = make_mesh((6, 8, 10), 5.0, "double")
    field = own_slab(mesh, 4.0 + np.random.default_rng(3).uniform(size=mesh.shape))
    mean = region_mean(mesh, field)
    own, other = overdensity(mesh, field), overdensity(mesh, field, mean=2 * mean)
    np.testing.assert_allclose(own, 2 * np.asarray(other), rtol=1e-12)
    assert region_mean(mesh, own) == pytest.approx(0.0, abs=1e-14)


def test_overdensity_over_a_mean_of_zero_is_refused():
    mesh = make_mesh(4, 1.0)
    with pytest.raises(BadInput, match="mean is zero"):
        overdensity(mesh, np.zeros(mesh.shape))


@pytest.mark.ranks
def test_power_of_a_region_is_that_of_the_box_for_white_noise():
    mesh = make_mesh((16, 12, 20), (16.0, 12.0, 20.0), "double")
    region = np.zeros(mesh.shape, bool)
    region[:7, :6, :9] = True
    region = own_slab(mesh, region)
    noise = own_slab(mesh, np.random.default_rng(4).normal(1.0, 0.1, size=mesh.shape))
    cut = overdensity(mesh, noise, mean=1.0, region=region)
    assert np.all(np.asarray(cut)[~region] == 0)
    assert region_mean(mesh, cut, region) == pytest.approx(0.0, abs=1e-13)
    spectrum = r2c(mesh, cut)
    binned = cross_power(mesh, spectrum, spectrum, [0.5, 3.0])
    # 378 nodes in the region give the variance, and so the power, to sqrt(2 / 378).
    assert binned.power[0] == pytest.approx(0.01, rel=5 * np.sqrt(2 / 378))


def test_an_empty_region_is_refused():
    mesh = make_mesh(4, 1.0)
    with pytest.raises(BadInput, match="region"):
        overdensity(mesh, np.ones(mesh.shape), region=np.zeros(mesh.shape, bool))
