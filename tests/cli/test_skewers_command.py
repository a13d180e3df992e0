# SPDX-License-Identifier: GPL-3.0-or-later
"""skewers: from a map and particles to optical depth, on any number of ranks."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hdf5_access import open_hdf5
from small_universe import BOX_SIZE, COSMOLOGY, REDSHIFT, SHAPE, save_particles, save_target

from jerald_tools.cli.skewers import main
from jerald_tools.cosmology import hubble_rate
from jerald_tools.io.skewers import SkewersFile
from jerald_tools.lines.constants import LYMAN_ALPHA_AREA, MEGAPARSEC
from jerald_tools.mesh.ranks import on_root, world

WARM = ("--temperature", 12000, "--gamma", 1.5)
SMALL = ("--pixel", 11, "--precision", "double", "-q")


def skewers(folder, *arguments, output="skewers.h5"):
    """Run the command, and read what it wrote in three lines."""
    words = (folder / "hydrogen.h5", "--particles", folder / "particles.h5", *WARM, *SMALL)
    words = (*words, *arguments, "--force", "-o", folder / output)
    main.main([str(word) for word in words], standalone_mode=False)
    with open_hdf5(folder / output) as file:
        return file["tau"][:], file["positions"][:], dict(file.attrs)


@pytest.fixture
def universe(shared_folder):
    on_root(world(), save_particles, shared_folder / "particles.h5")
    on_root(world(), save_target, shared_folder / "hydrogen.h5", "neutral-hydrogen")
    return shared_folder


def hydrogen(folder):
    with open_hdf5(folder / "hydrogen.h5") as file:
        return file["map"][:]


def width(axis):
    """Of the box along an axis [km/s]."""
    a = 1 / (1 + REDSHIFT)
    return 100 * a * hubble_rate(a, COSMOLOGY) * BOX_SIZE["xyz".index(axis)]


@pytest.mark.ranks
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_lines_hold_the_atoms_of_the_map(universe, axis):
    tau, positions, attributes = skewers(universe, "--axis", axis)
    number = "xyz".index(axis)
    rows = np.moveaxis(hydrogen(universe), number, -1)
    assert tau.shape[:2] == rows.shape[:2] == positions.shape[:2]
    assert attributes["pixel_kms"] <= 11
    np.testing.assert_allclose(attributes["pixel_kms"] * tau.shape[2], width(axis), rtol=1e-12)
    cell = BOX_SIZE[number] / SHAPE[number] / COSMOLOGY.h / (1 + REDSHIFT) * MEGAPARSEC
    atoms = rows.sum(axis=2) * cell * LYMAN_ALPHA_AREA
    np.testing.assert_allclose(tau.sum(axis=2) * attributes["pixel_kms"], atoms, rtol=1e-7)
    assert (attributes["axis"].decode(), attributes["redshift"]) == (axis, REDSHIFT)
    assert attributes["scale"] == 1
    np.testing.assert_allclose(attributes["mean_flux"], np.exp(-tau).mean(), rtol=1e-12)


@pytest.mark.ranks
@pytest.mark.parametrize("axis", ["x", "z"])
def test_every_other_line_and_a_list_of_positions_are_those_of_the_lattice(universe, axis):
    whole, positions, _ = skewers(universe, "--axis", axis)
    half, at, _ = skewers(universe, "--axis", axis, "--every", 2)
    np.testing.assert_allclose(half, whole[::2, ::2], rtol=1e-12)
    np.testing.assert_array_equal(at, positions[::2, ::2])
    table = universe / "lines.txt"
    on_root(world(), np.savetxt, table, positions.reshape(-1, 2)[3:9])
    listed, at, _ = skewers(universe, "--axis", axis, "--positions", table)
    assert at.shape == (6, 2)
    np.testing.assert_allclose(listed, whole.reshape(-1, whole.shape[2])[3:9], rtol=1e-9)


@pytest.mark.ranks
def test_ranks_agree_with_one_process(universe):
    for options in (("--axis", "x", "--mean-flux", "0.4"), ("--axis", "y")):
        together, _, attributes = skewers(universe, *options)
        alone, _, expected = on_root(world(), alone_in_a_process, universe, *options)
        scale = alone.max()
        np.testing.assert_allclose(together, alone, rtol=1e-12, atol=1e-12 * scale)
        assert attributes["mean_flux"] == pytest.approx(expected["mean_flux"], rel=1e-12)


def alone_in_a_process(folder, *options):
    """What a process that knows nothing of MPI writes."""
    of_mpi = ("OMPI_", "PMIX_", "PRTE_", "PMI_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(of_mpi)}
    words = [folder / "hydrogen.h5", "--particles", folder / "particles.h5", *WARM, *SMALL]
    words += [*options, "-o", folder / "alone.h5", "--force"]
    script = "from jerald_tools.cli.skewers import main; main.main()"
    subprocess.run([sys.executable, "-c", script, *map(str, words)], env=environment, check=True)
    with open_hdf5(folder / "alone.h5") as file:
        return file["tau"][:], file["positions"][:], dict(file.attrs)


@pytest.mark.ranks
def test_the_mean_flux_that_was_asked_for(universe):
    plain, _, _ = skewers(universe)
    tau, _, attributes = skewers(universe, "--mean-flux", "0.4")
    assert np.exp(-tau).mean() == pytest.approx(0.4, abs=1e-6)
    assert attributes["mean_flux"] == pytest.approx(0.4, abs=1e-6)
    np.testing.assert_allclose(tau, plain * attributes["scale"], rtol=1e-10)


def test_gaussian_lines_and_single_precision(universe):
    voigt, _, _ = skewers(universe)
    gaussian, _, _ = skewers(universe, "--profile", "gaussian")
    assert 1e-4 < np.abs(voigt - gaussian).max() / voigt.max() < 1e-2
    single, _, _ = skewers(universe, "--precision", "single")
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, voigt, rtol=1e-3, atol=1e-4 * voigt.max())


def test_the_temperature_of_the_map_is_taken(universe):
    snapshot = {"T0_median_at_mean_density_K": 12000.0, "gamma_minus_1": 0.5}
    path = universe / "warm.h5"
    save_target(path, "neutral-hydrogen", attributes={"snapshot": snapshot})
    expected, _, _ = skewers(universe)
    words = [path, "--particles", universe / "particles.h5", *SMALL, "-o", universe / "new.h5"]
    main.main([str(word) for word in words], standalone_mode=False)
    with SkewersFile(universe / "new.h5") as file:
        np.testing.assert_array_equal(file.read(), expected)
        assert file.header.attributes["temperature"] == 12000
        assert file.header.attributes["gamma"] == 1.5


def test_a_dry_run_writes_nothing(universe, capsys):
    words = [universe / "hydrogen.h5", "--particles", universe / "particles.h5", *WARM]
    words += ["--dry-run", "-o", universe / "none.h5"]
    main.main([str(word) for word in words], standalone_mode=False)
    assert "60 lines of" in capsys.readouterr().out
    assert not (universe / "none.h5").exists()
