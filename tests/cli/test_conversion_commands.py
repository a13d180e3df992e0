# SPDX-License-Identifier: GPL-3.0-or-later
"""to-bigfile, to-gadget and back with to-swift; other packages open what they write."""

import hashlib
import shutil
import tempfile
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
from hdf5_access import dataset
from small_universe import BOX_SIZE, COSMOLOGY, RECORD, REDSHIFT, map_of, save_target

from jerald_tools.cli.convert import to_bigfile, to_gadget, to_swift
from jerald_tools.errors import BadInput
from jerald_tools.io.bigfile import Block, read_attributes, write_block
from jerald_tools.io.grids import InitialConditionsHeader, write_initial_conditions
from jerald_tools.io.hdf5 import read_record, write_record
from jerald_tools.io.header import fixed_string
from jerald_tools.io.particles import ParticlesFile, ParticlesHeader, write_particles
from jerald_tools.mesh.ranks import gather, on_root, world
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot

SIDE = 8
BOX = 12.0
HEADER = ParticlesHeader((BOX, BOX, BOX), (SIDE, SIDE, SIDE), REDSHIFT, COSMOLOGY)


def call(main, *arguments):
    main.main([str(argument) for argument in (*arguments, "-q")], standalone_mode=False)


def rows():
    generator = np.random.default_rng(3)
    return generator.random((SIDE**3, 3)) * BOX, generator.normal(0, 300, (SIDE**3, 3))


def save_cube(path, **changes):
    where, moving = rows()
    write_particles(path, HEADER, [(0, where)], [(0, moving)], RECORD, **changes)
    return path


@pytest.fixture
def folder():
    """One folder for all ranks, with particles in it."""
    name = Path(on_root(world(), tempfile.mkdtemp))
    on_root(world(), save_cube, name / "particles.h5")
    yield name
    gather(world(), "done")
    on_root(world(), shutil.rmtree, name)


@pytest.mark.ranks
@pytest.mark.parametrize("main", [to_bigfile, to_gadget])
def test_particles_there_and_back(folder, main):
    call(main, folder / "particles.h5", "-o", folder / "theirs.hdf5")
    call(to_swift, folder / "theirs.hdf5", "--precision", "double", "-o", folder / "back.h5")
    where, moving = rows()
    with ParticlesFile(folder / "back.h5") as file:
        ids, positions, velocities = file.read()
        header = file.header
    np.testing.assert_array_equal(ids, np.arange(1, SIDE**3 + 1))
    np.testing.assert_allclose(positions, where, rtol=0, atol=1e-13 * BOX)
    np.testing.assert_allclose(velocities, moving, rtol=1e-6)
    assert header.lattice == HEADER.lattice
    assert header.redshift == pytest.approx(REDSHIFT, abs=1e-12)
    np.testing.assert_allclose(header.box_size, HEADER.box_size, rtol=1e-14)
    ours, theirs = HEADER.cosmology, header.cosmology
    assert (theirs.omega_m, theirs.omega_b, theirs.h) == (ours.omega_m, ours.omega_b, ours.h)


@pytest.mark.parametrize("main", [to_bigfile, to_gadget])
def test_masses_are_those_of_all_matter(folder, main):
    call(main, folder / "particles.h5", "-o", folder / "theirs.hdf5")
    snapshot = open_snapshot([folder / "theirs.hdf5"], Overrides())
    mass = snapshot.read("dark-matter", "masses", 0, 1)[0]
    assert mass == pytest.approx(27.75366 * COSMOLOGY.omega_m * BOX**3 / SIDE**3, rel=1e-6)


def test_ids_from_zero_and_in_any_order(folder):
    """As FastPM numbers them."""
    call(to_bigfile, folder / "particles.h5", "-o", folder / "theirs")
    order = np.random.default_rng(1).permutation(SIDE**3)
    for name, dtype in (("Position", "<f8"), ("Velocity", "<f4"), ("ID", "<u8")):
        values = Block(folder / "theirs/1" / name).read()[order]
        shutil.rmtree(folder / "theirs/1" / name)
        values = values - np.uint64(1) if name == "ID" else values
        write_block(folder / "theirs/1" / name, values.shape, [(0, values)], dtype)
    call(to_swift, folder / "theirs", "-o", folder / "back.h5")
    with ParticlesFile(folder / "back.h5") as file:
        np.testing.assert_allclose(file.positions(), rows()[0], rtol=0, atol=1e-13 * BOX)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.arange(SIDE**3) + 7, "ParticleIDs from 7 to 518 of 512 particles"),
        (np.maximum(np.arange(SIDE**3), 1), "ParticleIDs from 1 to 511"),
        (np.where(np.arange(SIDE**3) == 5, 6, np.arange(SIDE**3)), "is there twice"),
    ],
)
def test_ids_that_number_no_lattice(folder, ids, message):
    call(to_gadget, folder / "particles.h5", "-o", folder / "snap.hdf5")
    with h5py.File(folder / "snap.hdf5", "r+") as file:
        dataset(file, "PartType1/ParticleIDs")[...] = ids
    with pytest.raises(BadInput, match=message):
        call(to_swift, folder / "snap.hdf5", "-o", folder / "back.h5")
    assert not (folder / "back.h5").exists()


def test_fields_as_nbodykit_reads_them(folder):
    """The attributes that BigFileMesh asks for, the nodes in C order."""
    save_target(folder / "stars.h5", "stellar-mass")
    call(to_bigfile, folder / "stars.h5", "-o", folder / "stars")
    exact = map_of(folder / "stars.h5")
    block = Block(folder / "stars/Field")
    assert block.dtype == exact.dtype
    np.testing.assert_array_equal(block.read().reshape(exact.shape), exact)
    found = read_attributes(folder / "stars/Field")
    assert found["ndarray.shape"].tolist() == found["Nmesh"].tolist() == list(exact.shape)
    np.testing.assert_allclose(found["BoxSize"], BOX_SIZE)
    assert (found["Quantity"], found["Units"]) == ("stellar-mass", "1e10 Msun/h per cell")

    field = np.random.default_rng(2).normal(size=(4, 4, 4)).astype(np.float32)
    header = InitialConditionsHeader((3.0, 3.0, 3.0), (4, 4, 4), (2, 2, 2), COSMOLOGY)
    write_initial_conditions(folder / "ics.h5", header, [(0, field)], RECORD)
    call(to_bigfile, folder / "ics.h5", "-o", folder / "ics")
    np.testing.assert_array_equal(Block(folder / "ics/Field").read().reshape(4, 4, 4), field)


def test_the_bigfile_package_reads_them(folder):
    import bigfile

    call(to_bigfile, folder / "particles.h5", "-o", folder / "theirs")
    with bigfile.File(str(folder / "theirs")) as file:
        np.testing.assert_allclose(file["1/Position"][:], rows()[0], rtol=0, atol=1e-13 * BOX)
        np.testing.assert_array_equal(file["1/ID"][:], np.arange(1, SIDE**3 + 1))
        assert file["Header"].attrs["TotNumPart"].tolist() == [0, SIDE**3, 0, 0, 0, 0]
        assert file["Header"].attrs["Time"][0] == pytest.approx(1 / (1 + REDSHIFT))
    save_target(folder / "stars.h5", "stellar-mass")
    call(to_bigfile, folder / "stars.h5", "-o", folder / "stars")
    with bigfile.File(str(folder / "stars")) as file, file["Field"] as block:
        np.testing.assert_array_equal(block[:], map_of(folder / "stars.h5").ravel())
        np.testing.assert_allclose(block.attrs["BoxSize"], BOX_SIZE)


def test_yt_reads_particles_and_maps(folder):
    call(to_gadget, folder / "particles.h5", "-o", folder / "snap.hdf5")
    save_target(folder / "stars.h5", "stellar-mass")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from yt.loaders import load, load_uniform_grid
        from yt.utilities.logger import set_log_level

        set_log_level("error")
        data = load(str(folder / "snap.hdf5")).all_data()
        order = np.argsort(np.asarray(data["PartType1", "particle_index"]))
        where = np.asarray(data["PartType1", "particle_position"].to("Mpccm/h"))[order]
        stars = map_of(folder / "stars.h5")
        box = np.array([[0.0, side] for side in BOX_SIZE])
        grid = load_uniform_grid(
            {("gas", "stars"): stars}, stars.shape, length_unit="Mpc", bbox=box
        )
        total = grid.all_data()["gas", "stars"].sum()
    np.testing.assert_allclose(where, rows()[0], rtol=0, atol=1e-5 * BOX)
    assert float(total) == pytest.approx(stars.sum(), rel=1e-6)


def test_what_exists_is_kept_unless_forced(folder):
    (folder / "there").mkdir()
    (folder / "there/precious").write_text("text")
    with pytest.raises(BadInput, match=r"there: exists already; .*--force"):
        call(to_bigfile, folder / "particles.h5", "-o", folder / "there")
    with pytest.raises(BadInput, match="is a file; give the name of a directory"):
        call(to_bigfile, folder / "particles.h5", "--force", "-o", folder / "particles.h5")
    assert (folder / "there/precious").read_text() == "text"
    call(to_bigfile, folder / "particles.h5", "--force", "-o", folder / "there")
    assert sorted(path.name for path in (folder / "there").iterdir()) == ["1", "Header"]
    assert sorted(path.name for path in folder.iterdir()) == ["particles.h5", "there"]


def test_a_failure_leaves_no_directory(folder):
    """The values are sealed as they are, so that only writing them can fail."""
    with h5py.File(folder / "particles.h5", "r+") as file:
        velocities = dataset(file, "PartType1/Velocities")
        velocities[3, 1] = np.nan
        values = hashlib.sha256(velocities[:].tobytes()).hexdigest()
        velocities.attrs.modify("sha256", fixed_string(values))
        write_record(file, read_record(file))
    with pytest.raises(BadInput, match="Velocities has values that are NaN"):
        call(to_bigfile, folder / "particles.h5", "-o", folder / "theirs")
    assert [path.name for path in folder.iterdir()] == ["particles.h5"]
