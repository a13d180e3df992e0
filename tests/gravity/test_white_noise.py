# SPDX-License-Identifier: GPL-3.0-or-later
"""White noise against pmesh's, and what the scheme promises besides."""

import ctypes.util

import numpy as np
import pytest
from goldens import load_golden

from jerald_tools.errors import BadInput
from jerald_tools.gravity import ranlxd1
from jerald_tools.gravity import white_noise as module
from jerald_tools.gravity.white_noise import column_seeds, white_noise
from jerald_tools.mesh.fields import c2r, r2c
from jerald_tools.mesh.mesh import make_mesh, native_library_is_built

TOLERANCE = 1e-12

# Real modes on a Nyquist frequency. With fixed amplitudes pmesh holds +1 there, we the cosine of
# the phase, as N-GenIC does.
NYQUIST_CORNERS = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1) if i or j or k]


def rank_part(mesh, spectrum):
    """This rank's part of a whole half spectrum."""
    start, stop = mesh.y_slices[mesh.ranks.rank]
    return spectrum[:, start:stop]


@pytest.mark.ranks
@pytest.mark.parametrize("seed", [9281, 2695896])
@pytest.mark.parametrize("fixed", [False, True])
def test_noise_equals_pmesh(seed, fixed):
    expected = load_golden("pmesh_white_noise.npz")[f"N32_seed{seed}_unitary{int(fixed)}"]
    mesh = make_mesh(32, 20.0, precision="double")
    ours = white_noise(mesh, seed, fixed=fixed)
    compared = np.ones(expected.shape, bool)
    if fixed:
        for corner in NYQUIST_CORNERS:
            compared[tuple(16 * side for side in corner)] = False
    compared, expected = rank_part(mesh, compared), rank_part(mesh, expected)
    assert ours.shape == mesh.spectrum_shape
    np.testing.assert_allclose(ours[compared], expected[compared], rtol=0, atol=TOLERANCE)


def test_noise_equals_pmesh_on_a_larger_mesh():
    expected = load_golden("pmesh_white_noise.npz")["N64_seed9281_unitary0_every_4th_column"]
    ours = white_noise(make_mesh(64, 20.0, precision="double"), 9281)
    np.testing.assert_allclose(ours[::4, ::4], expected, rtol=0, atol=TOLERANCE)


def test_fixed_noise_keeps_phases_and_has_amplitude_one():
    mesh = make_mesh(16, 20.0, precision="double")
    gaussian, fixed = white_noise(mesh, 3), white_noise(mesh, 3, fixed=True)
    real = np.imag(fixed) == 0
    assert real.sum() == 8
    np.testing.assert_allclose(np.abs(fixed[~real]), 1.0, rtol=1e-14)
    np.testing.assert_allclose(gaussian[~real] / np.abs(gaussian[~real]), fixed[~real], rtol=1e-12)
    assert np.all(np.abs(fixed[real]) < 1)


def test_paired_noise_is_the_mirror_universe():
    mesh = make_mesh(16, 20.0, precision="double")
    np.testing.assert_array_equal(white_noise(mesh, 3, paired=True), -white_noise(mesh, 3))


@pytest.mark.ranks
def test_noise_is_that_of_a_real_field():
    mesh = make_mesh(12, 20.0, precision="double")
    noise = white_noise(mesh, 5)
    np.testing.assert_allclose(r2c(mesh, c2r(mesh, noise)), noise, rtol=0, atol=1e-13)


def test_noise_of_a_wavevector_does_not_depend_on_the_mesh():
    small = white_noise(make_mesh(16, 20.0, precision="double"), 11)
    large = white_noise(make_mesh(24, 30.0, precision="double"), 11)
    inside = np.r_[0:8, -7:0]
    np.testing.assert_array_equal(
        small[np.ix_(inside, inside, range(8))], large[np.ix_(inside, inside, range(8))]
    )


def test_variance_is_one():
    noise = white_noise(make_mesh(32, 20.0, precision="double"), 8)[:, :, 1:16]
    # 15360 modes of an exponential distribution: the mean is known to 0.8 per cent.
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1.0, abs=0.04)


def test_single_precision_is_the_rounded_noise():
    noise = white_noise(make_mesh(16, 20.0), 3)
    assert noise.dtype == np.complex64
    exact = white_noise(make_mesh(16, 20.0, precision="double"), 3)
    np.testing.assert_array_equal(noise, exact.astype(np.complex64))


@pytest.mark.parametrize("shape", [(16, 16, 18), (15, 15, 15)])
def test_other_meshes_are_refused(shape):
    with pytest.raises(BadInput, match=r"cubic meshes.*--white-noise"):
        white_noise(make_mesh(shape, 20.0), 1)


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_other_seeds_are_refused(seed):
    with pytest.raises(BadInput, match=f"--seed {seed}"):
        white_noise(make_mesh(8, 20.0), seed)


def test_missing_library_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    ranlxd1.gnu_scientific_library.cache_clear()
    with pytest.raises(BadInput, match=r"GNU Scientific Library.*install"):
        white_noise(make_mesh(8, 20.0, backend="jax"), 1)


class ScriptedGenerator:
    """Gives a fixed row of numbers, as a generator that meets a zero would."""

    def __init__(self, numbers):
        self.numbers = list(numbers)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def seed(self, seed):
        pass

    def uniforms(self, count):
        taken, self.numbers = self.numbers[:count], self.numbers[count:]
        return np.array(taken)


def test_only_a_zero_amplitude_is_drawn_again(monkeypatch):
    numbers = [0.0, 0.1, 0.2, 0.0, 0.0, 0.3, 0.4, 0.5, 0.6, 0.7]
    monkeypatch.setattr(ranlxd1, "Generator", lambda: ScriptedGenerator(numbers))
    pairs = ranlxd1.draw_columns(np.array([1]), 3)
    np.testing.assert_array_equal(pairs, [[[0.0, 0.1], [0.2, 0.3], [0.4, 0.5]]])


@pytest.mark.skipif(not native_library_is_built(), reason="there is no compiled generator")
def test_noise_for_a_gpu_is_drawn_by_the_compiled_generator(monkeypatch):
    mesh = make_mesh(16, 20.0, backend="jax")
    one_by_one = white_noise(mesh, 3)
    monkeypatch.setattr(module, "on_gpu", lambda: True)
    monkeypatch.setattr(ranlxd1, "draw_columns", lambda seeds, count: pytest.fail("one by one"))
    np.testing.assert_array_equal(white_noise(mesh, 3), one_by_one)


def in_gadget4s_order(seed, side):
    """The noise of one column of seeds after the other, mode by mode."""
    table = column_seeds(make_mesh(side, 20.0, "double"), seed, side)
    half = side // 2

    def column(y, z):
        pairs = ranlxd1.draw_columns(np.array([table[y % side, z % side]]), side)[0]
        modes = np.zeros(side, complex)
        for number, (phase, amplitude) in enumerate(pairs):
            kx = number // 2 if number % 2 == 0 else -1 - number // 2
            modes[kx] = np.sqrt(-np.log(amplitude)) * np.exp(2j * np.pi * phase)
        return modes

    noise = np.zeros((side, side, half + 1), complex)
    for y in range(side):
        for z in range(half + 1):
            own, mirror = column(y, z), column(-y, -z)
            for x in range(side):
                free = 0 < x < half or (x in (0, half) and 0 < y < half)
                if z not in (0, half) or free:
                    noise[x, y, z] = own[x]
                elif x not in (0, half) or y not in (0, half):
                    noise[x, y, z] = np.conj(mirror[-x])
    return noise


@pytest.mark.ranks
@pytest.mark.parametrize("side", [8, 12])
def test_gadget4s_order(side):
    mesh = make_mesh(side, 20.0, precision="double")
    found = white_noise(mesh, 181170, order="gadget4")
    expected = in_gadget4s_order(181170, side)
    np.testing.assert_allclose(found, rank_part(mesh, expected), rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(white_noise(mesh, 181170, paired=True, order="gadget4"), -found)
    fixed = np.abs(white_noise(mesh, 181170, fixed=True, order="gadget4"))
    np.testing.assert_allclose(fixed, (np.abs(expected[:, mesh_rows(mesh)]) > 0), atol=1e-14)


def mesh_rows(mesh):
    return slice(*mesh.y_slices[mesh.ranks.rank])


def test_gadget4s_noise_is_real_and_the_same_on_any_mesh():
    small = make_mesh(16, 20.0, precision="double")
    noise = white_noise(small, 11, order="gadget4")
    np.testing.assert_allclose(r2c(small, c2r(small, noise)), noise, atol=1e-12)
    large = white_noise(make_mesh(24, 30.0, precision="double"), 11, order="gadget4")
    low = [*range(8), *range(-7, 0)]
    np.testing.assert_array_equal(noise[low][:, low, :8], large[low][:, low, :8])
    assert np.abs(white_noise(small, 11) - noise).max() > 1
