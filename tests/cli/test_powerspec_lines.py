# SPDX-License-Identifier: GPL-3.0-or-later
"""powerspec of lines of sight, and of fields in redshift space: from files to CSV."""

import numpy as np
import pytest
from small_universe import BOX_SIZE, COSMOLOGY, RECORD, REDSHIFT, SHAPE, save_target
from test_powerspec_command import powerspec

from jerald_tools.errors import BadInput
from jerald_tools.io.skewers import SkewersHeader, write_skewers
from jerald_tools.io.spectra import read_spectrum
from jerald_tools.mesh.ranks import on_root, world

PIXELS = {"x": 30, "y": 18, "z": 24}


def save_lines(path, axis="z", seed=1, **changes):
    """Write lines through every node, and return their flux as a field (x, y, z)."""
    number = "xyz".index(axis)
    lines = [nodes for other, nodes in enumerate(SHAPE) if other != number]
    tau = np.random.default_rng(seed).lognormal(size=(*lines, PIXELS[axis]))
    header = SkewersHeader(axis, BOX_SIZE, SHAPE, REDSHIFT, COSMOLOGY, 20.0, 0.5, 1.0)
    places = np.zeros((*lines, 2))
    on_root(world(), write_skewers, path, header, places, PIXELS[axis], [(0, tau)], RECORD)
    return np.moveaxis(np.exp(-tau), -1, number)


@pytest.mark.ranks
@pytest.mark.parametrize("units", ["s/km", "h/Mpc"])
def test_power_along_lines(shared_folder, units):
    flux = save_lines(shared_folder / "a.h5")
    other = save_lines(shared_folder / "b.h5", seed=2)
    powerspec(shared_folder / "a.h5", "--reference", shared_folder / "b.h5", "--units", units,
              "-o", shared_folder / "p.csv")  # fmt: skip
    columns, notes = read_spectrum(shared_folder / "p.csv")
    width = 20.0 * PIXELS["z"] if units == "s/km" else BOX_SIZE[2]
    k = 2 * np.pi * np.arange(1, 12) / width
    window = np.sinc(k * width / PIXELS["z"] / (2 * np.pi))
    first, second = (
        np.fft.rfft(field / field.mean() - 1, axis=2)[..., 1:12] / PIXELS["z"] / window
        for field in (flux, other)
    )
    np.testing.assert_allclose(columns["k"], k)
    own = (np.abs(first) ** 2).mean(axis=(0, 1)) * width
    np.testing.assert_allclose(columns["P"], own, rtol=1e-10)
    cross = np.real(first * np.conj(second)).mean(axis=(0, 1)) * width
    np.testing.assert_allclose(columns["P_cross"], cross, rtol=1e-8, atol=1e-12)
    assert (columns["modes"] == 2 * 60).all()
    assert float(notes["mean"]) == pytest.approx(flux.mean(), rel=1e-12)


@pytest.mark.ranks
def test_the_distribution_of_flux(shared_folder):
    flux = save_lines(shared_folder / "a.h5", "x")
    powerspec(shared_folder / "a.h5", "--pdf", "-o", shared_folder / "pdf.csv")
    columns, _ = read_spectrum(shared_folder / "pdf.csv", required=("F", "density"))
    assert list(columns) == ["F", "density"]
    expected, _ = np.histogram(flux, np.linspace(0, 1, 21), density=True)
    np.testing.assert_allclose(columns["density"], expected, rtol=1e-12)


@pytest.mark.ranks
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_multipoles_of_flux_are_those_of_a_field(shared_folder, axis):
    flux = save_lines(shared_folder / "a.h5", axis)
    attributes = {"redshift_space": axis}
    on_root(world(), save_target, shared_folder / "map.h5", "gas", values=flux, mesh=flux.shape,
            attributes=attributes)  # fmt: skip
    for name in ("a", "map"):
        powerspec(shared_folder / f"{name}.h5", "--multipoles", "--precision", "double", "--edges",
                  "0.5,2,4", "-o", shared_folder / f"{name}.csv")  # fmt: skip
    of_lines, of_map = (
        read_spectrum(shared_folder / f"{name}.csv", required=("P0", "P2", "P4"))[0]
        for name in ("a", "map")
    )
    assert list(of_lines) == ["k", "P0", "P2", "P4", "modes"]
    for name, values in of_lines.items():
        np.testing.assert_allclose(values, of_map[name], rtol=1e-9, atol=1e-12)


@pytest.mark.ranks
def test_wedges_and_cross_multipoles_of_maps(shared_folder):
    folder = shared_folder
    for name, quantity in (("a", "gas"), ("b", "dark-matter")):
        on_root(world(), save_target, folder / f"{name}.h5", quantity)
    powerspec(folder / "a.h5", "--mu-bins", 3, "--los", "y", "-o", folder / "wedges.csv")
    columns, _ = read_spectrum(folder / "wedges.csv")
    assert list(columns) == ["k", "mu", "P", "modes"]
    powerspec(folder / "a.h5", "-o", folder / "all.csv")
    whole, _ = read_spectrum(folder / "all.csv")
    modes = columns["modes"].reshape(-1, 3)
    means = np.nansum(columns["P"].reshape(-1, 3) * modes, axis=1) / modes.sum(axis=1)
    np.testing.assert_allclose(means, whole["P"], rtol=1e-5)
    powerspec(folder / "a.h5", "--reference", folder / "b.h5", "--mean", "own", "--multipoles",
              "--los", "z", "-o", folder / "cross.csv")  # fmt: skip
    columns, _ = read_spectrum(folder / "cross.csv", required=("P0_cross", "P4_ref"))
    powerspec(folder / "a.h5", "--reference", folder / "b.h5", "--mean", "own", "-o",
              folder / "plain.csv")  # fmt: skip
    plain, _ = read_spectrum(folder / "plain.csv")
    np.testing.assert_allclose(columns["P0_cross"], plain["P_cross"], rtol=1e-5)
    np.testing.assert_allclose(columns["P0_ref"], plain["P_ref"], rtol=1e-5)


def test_what_lines_cannot_have(tmp_path):
    path, output = tmp_path / "a.h5", tmp_path / "new.csv"
    save_lines(path)
    save_lines(tmp_path / "x.h5", "x")
    save_target(tmp_path / "map.h5", "gas")
    for options, message in (
        (["--region", "test"], "lines have no --region"),
        (["--interlace"], "lines have no --region"),
        (["--edges", "7,8"], "--edges 7.0,8.0: .*has no modes there"),
        (["--reference", tmp_path / "x.h5"], "lines and pixels"),
        (["--reference", tmp_path / "map.h5"], "quantity|mesh"),
    ):
        with pytest.raises(BadInput, match=message):
            powerspec(path, *options, "-o", output)
    with pytest.raises(BadInput, match="--pdf and --units are for files of skewers"):
        powerspec(tmp_path / "map.h5", "--pdf", "-o", output)
    assert not output.exists()
