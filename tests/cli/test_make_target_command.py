# SPDX-License-Identifier: GPL-3.0-or-later
"""make-target: the golden snapshot on ranks and in chunks, and the options of neutral hydrogen."""

import h5py
import numpy as np
import pytest
from golden_targets import QUANTITIES, UNITS, make_target, reference, target, uniform_background
from hdf5_access import dataset
from small_universe import header_of
from snapshot_files import BIGFILE, MAPS, blocks, write_gadget

from jerald_tools.errors import BadInput
from jerald_tools.mesh.ranks import on_root, world


def independent(quantity: str) -> np.ndarray:
    with h5py.File(MAPS) as file:
        return dataset(file, f"z2.00/{quantity.replace('-', '_')}")[...].astype(np.float64)


@pytest.mark.parametrize(("quantity", "units"), list(zip(QUANTITIES, UNITS, strict=True)))
def test_the_maps_of_an_independent_script(shared_folder, quantity, units):
    found, exact = target(shared_folder, BIGFILE, quantity), independent(quantity)
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-6 * exact.mean())
    made = header_of(shared_folder / "map.h5")
    assert (made.quantity, made.units) == (quantity, units)
    assert made.redshift == pytest.approx(2, abs=1e-12)
    np.testing.assert_allclose(made.box_size, (10.0,) * 3, rtol=1e-12)
    assert (made.cosmology.omega_m, made.cosmology.omega_b) == (0.308, 0.0482)
    assert made.cosmology.h == 0.678


@pytest.mark.ranks
@pytest.mark.parametrize("quantity", ["dark-matter", "neutral-hydrogen"])
@pytest.mark.parametrize("chunk", [1000, 7001, 10**6])
def test_any_ranks_and_chunks_give_the_same_map(shared_folder, quantity, chunk):
    options = ["--mesh", 12, "--chunk", chunk]
    found = target(shared_folder, BIGFILE, quantity, *options)
    exact = reference(quantity, (12, 12, 12))
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * exact.max())


@pytest.mark.ranks
def test_what_one_rank_finds_wrong_ends_all(shared_folder):
    path = shared_folder / "snap.hdf5"
    on_root(world(), write_gadget, path)

    def spoil():
        with h5py.File(path, "r+") as file:
            dataset(file, "PartType0/Coordinates")[-1, 2] = np.nan

    on_root(world(), spoil)
    with pytest.raises(BadInput, match=r"snap\.hdf5: gas positions NaN or infinite in rows"):
        target(shared_folder, path, "gas", "--mesh", 12, "--chunk", 5000)
    assert not (shared_folder / "map.h5").exists()


def test_any_chunks_give_the_same_map_of_kernels(shared_folder):
    maps = [
        target(shared_folder, BIGFILE, "gas", "--deposit", "sph", "--chunk", chunk)
        for chunk in (1000, 10**6)
    ]
    np.testing.assert_allclose(*maps, rtol=0, atol=1e-12 * maps[0].max())
    assert maps[0].mean() == pytest.approx(1, abs=1e-12)
    points = target(shared_folder, BIGFILE, "gas")
    # Kernels are wide where gas is thin: voids are smooth, and none is empty.
    assert points.min() == 0
    assert maps[0].min() > 0.01


def test_units_that_were_stated(shared_folder):
    silent = dict.fromkeys(("UnitLength_in_cm", "UnitMass_in_g", "UnitVelocity_in_cm_per_s"))
    path = write_gadget(shared_folder / "gadget2.hdf5", OmegaBaryon=None, **silent)
    options = ["stellar-mass"]
    for option, value in (
        ("--omega-b", 0.0482),
        ("--length-unit", "kpc/h"),
        ("--mass-unit", "1e10Msun/h"),
    ):
        with pytest.raises(BadInput, match=rf"gadget2\.hdf5: .*; give {option}"):
            target(shared_folder, path, *options)
        options += [option, value]
    exact = reference("stellar-mass")
    np.testing.assert_allclose(
        target(shared_folder, path, *options), exact, rtol=0, atol=1e-12 * exact.max()
    )
    table = uniform_background(shared_folder / "uvb.txt")
    options = ["neutral-hydrogen", *options[1:], "--uvb", table]
    with pytest.raises(BadInput, match=r"gadget2\.hdf5: .*; give --velocity-unit"):
        target(shared_folder, path, *options)
    target(shared_folder, path, *options, "--velocity-unit", "km/s")
    with pytest.raises(BadInput, match="leave out --length-unit Mpc/h"):
        target(shared_folder, BIGFILE, "gas", "--length-unit", "Mpc/h")
    with pytest.raises(BadInput, match="leave out --omega-m"):
        target(shared_folder, BIGFILE, "gas", "--omega-m", 0.3)


def test_clip_and_star_forming_gas(shared_folder):
    plain = target(shared_folder, BIGFILE, "neutral-hydrogen")
    clipped = target(shared_folder, BIGFILE, "neutral-hydrogen", "--clip", 1e-10)
    np.testing.assert_array_equal(clipped, np.minimum(plain, 1e-10))
    assert (plain > 1e-10).any()
    path = write_gadget(shared_folder / "snap.hdf5")
    gas = len(blocks()[0, "Mass"])
    with h5py.File(path, "r+") as file:
        file["PartType0/StarFormationRate"] = (np.arange(gas) % 2).astype(np.float32)
    hydrogen = blocks()[0, "Mass"].astype(float) * 0.76
    own = blocks()[0, "NeutralHydrogenFraction"].astype(float)
    forming = np.arange(gas) % 2 == 1
    for how, fraction in (
        ("left-out", np.where(forming, 0, own)),
        ("neutral", np.where(forming, 1, own)),
        ("as-is", own),
    ):
        found = target(shared_folder, path, "neutral-hydrogen", "--star-forming-gas", how)
        expected = (hydrogen * fraction).sum() / (hydrogen * own).sum()
        assert found.sum() / plain.sum() == pytest.approx(expected, rel=1e-10)
    table = uniform_background(shared_folder / "uvb.txt")
    hot = target(shared_folder, path, "neutral-hydrogen", "--uvb", table)
    cold = target(
        shared_folder, path, "neutral-hydrogen", "--uvb", table, "--star-forming-gas", "cold"
    )
    assert cold.sum() != pytest.approx(hot.sum(), rel=1e-3)


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(shared_folder, capsys):
    make_target(BIGFILE, "--quantity", "gas", "--mesh", 32, "--deposit", "sph", "--dry-run",
                "-o", shared_folder / "map.h5")  # fmt: skip
    said = capsys.readouterr().out
    assert "29610 of gas" in said
    assert "10 x 10 x 10 Mpc/h, z = 2" in said
    assert "memory      at most" in said
    assert "time        about" in said
    assert "32 x 32 x 32 nodes, single: 0.1 MiB" in said
    assert list(shared_folder.iterdir()) == []
