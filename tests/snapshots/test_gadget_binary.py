# SPDX-License-Identifier: GPL-3.0-or-later
"""Gadget's binary formats: both byte orders and precisions, sets of files, headers with holes."""

import itertools

import numpy as np
import pytest
from gadget_records import blocks, write_records
from snapshot_layouts import (
    ALL_DARK_MASS,
    BOX,
    DARK,
    DARK_MASS,
    GAS,
    GAS_MASS,
    NUMBER,
    OMEGA_B,
    REDSHIFT,
    STAR_MASS,
    STAR_POSITIONS,
    STARS,
)

from jerald_tools.errors import BadInput
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import read_field

GIVEN = Overrides("kpc/h", "1e10Msun/h", "km/s", cosmology={"omega_b": OMEGA_B})
FLAGS = {"cooling": 1, "star_formation": 1, "age": 1, "metals": 1}


def check_universe(snapshot, tolerance=1e-6):
    header = snapshot.header
    assert header.counts == (NUMBER, NUMBER, 0, 0, STARS, 0)
    assert header.box_size == pytest.approx((BOX,) * 3)
    assert header.redshift == pytest.approx(REDSHIFT)
    for species, where, mass in (
        ("gas", GAS, GAS_MASS),
        ("dark-matter", DARK, DARK_MASS),
        ("stars", STAR_POSITIONS, STAR_MASS),
    ):
        number = header.number(species)
        found = read_field(snapshot, species, "positions", 0, number)
        np.testing.assert_allclose(found, where, atol=tolerance * BOX)
        masses = read_field(snapshot, species, "masses", 0, number)
        np.testing.assert_allclose(masses, mass, rtol=1e-6)
        speed = read_field(snapshot, species, "velocities", 0, number)
        np.testing.assert_allclose(speed, 90 * 3**-0.5, rtol=1e-6)
    whole = read_field(snapshot, "gas", "density", 3, 9)
    np.testing.assert_allclose(whole, 1.0, rtol=1e-6)


CASES = list(itertools.product("<>", [False, True], [np.float32, np.float64], [False, True]))


@pytest.mark.parametrize(("order", "named", "real", "cooling"), CASES)
@pytest.mark.parametrize("whole", [np.uint32, np.uint64])
@pytest.mark.parametrize("in_block", [False, True])
def test_every_form_of_a_file(tmp_path, order, named, real, cooling, whole, in_block):
    table = (0,) * 6 if in_block else ()
    content = blocks(real, whole, in_block, cooling)
    path = write_records(
        tmp_path / "snap", order, named, table, content, **(FLAGS if cooling else {})
    )
    snapshot = open_snapshot([path], GIVEN)
    check_universe(snapshot)
    ids = snapshot.read("dark-matter", "ids", 0, 3)
    np.testing.assert_array_equal(ids, NUMBER + 1 + np.arange(3))
    assert snapshot.has("gas", "smoothing_length")
    assert snapshot.has("gas", "neutral_fraction") == cooling
    if cooling:
        neutral = snapshot.read("gas", "neutral_fraction", 0, NUMBER)
        np.testing.assert_allclose(neutral, np.linspace(0, 1, NUMBER), atol=1e-6)
        assert snapshot.read("stars", "formation_time", 1, 2)[0] == pytest.approx(0.3)
        assert not snapshot.header.has_winds


def test_files_of_one_snapshot_are_found(tmp_path):
    """Ten and more, so that .10 sorts before .2 by name; the stars in the last file alone."""
    pieces = np.array_split(np.arange(NUMBER), 12)
    totals = (NUMBER, NUMBER, 0, 0, 0, 0)
    for number, piece in enumerate(pieces):
        content = blocks(np.float32, np.uint32, shares=slice(piece[0], piece[-1] + 1))
        counts = (len(piece), len(piece), 0, 0, 0, 0)
        write_records(tmp_path / f"snap_033.{number}", counts=counts, content=content,
                      totals=totals, files=12)  # fmt: skip
    for name in (tmp_path / "snap_033.7", tmp_path, tmp_path / "snap_033.*"):
        snapshot = open_snapshot([name], GIVEN)
        assert snapshot.header.counts == totals
        found = read_field(snapshot, "dark-matter", "positions", 0, NUMBER)
        np.testing.assert_allclose(found, DARK, atol=1e-5)
        np.testing.assert_allclose(
            read_field(snapshot, "gas", "positions", 100, 300), GAS[100:300], atol=1e-5
        )
        assert snapshot.read("gas", "positions", 7, 7).shape == (0, 3)
    (tmp_path / "snap_033.4").unlink()
    with pytest.raises(BadInput, match=r"snap_033\.0: the snapshot has 12 files, 11 were found"):
        open_snapshot([tmp_path / "snap_033.7"], GIVEN)


def test_initial_conditions_with_holes_in_their_header(tmp_path):
    """As Gadget-2's example lcdm_gas: BoxSize 0 and num_files 0, and totals left at 0."""
    content = blocks(np.float32, np.uint32)[:3]
    content = [(name, values[: 2 * NUMBER]) for name, values in content]
    counts = (NUMBER, NUMBER, 0, 0, 0, 0)
    path = write_records(tmp_path / "ics.dat", counts=counts, content=content, box=0.0, files=0,
                         totals=(0,) * 6)  # fmt: skip
    with pytest.raises(BadInput, match=r"ics\.dat: its header has no BoxSize; give --box-size"):
        open_snapshot([path], GIVEN)
    given = Overrides("kpc/h", box_size=BOX, cosmology={"omega_b": OMEGA_B})
    snapshot = open_snapshot([path], given)
    assert snapshot.header.box_size == (BOX,) * 3
    with pytest.raises(BadInput, match="does not state its unit of mass; give --mass-unit"):
        snapshot.read("gas", "masses", 0, 1)
    whole = write_records(tmp_path / "whole.dat", counts=counts, content=content)
    with pytest.raises(BadInput, match="its box is 20 Mpc/h; leave out --box-size 30"):
        open_snapshot([whole], Overrides("kpc/h", box_size=30.0, cosmology={"omega_b": 0.05}))


def test_dark_matter_alone_with_its_mass_in_the_table(tmp_path):
    content = [("POS", DARK.astype(np.float32) * 1e3), ("VEL", np.zeros((NUMBER, 3), np.float32)),
               ("ID", np.arange(NUMBER, dtype=np.uint32))]  # fmt: skip
    path = write_records(tmp_path / "snap", table=(0, ALL_DARK_MASS, 0, 0, 0, 0), content=content,
                         counts=(0, NUMBER, 0, 0, 0, 0))  # fmt: skip
    snapshot = open_snapshot([path], GIVEN)
    assert not snapshot.has("gas", "positions")
    assert not snapshot.has("dark-matter", "density")
    masses = snapshot.read("dark-matter", "masses", 0, NUMBER)
    np.testing.assert_allclose(masses, ALL_DARK_MASS)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data[:-5], "truncated or damaged"),
        (lambda data: data[: len(data) // 2], "truncated or damaged"),
        (lambda data: data[:200], "truncated or damaged"),
        (lambda data: data[:264], "truncated or damaged"),
        (lambda data: data[:4] + b"\x07" + data[5:], "its block POS has"),
        (lambda data: data[:260] + b"\0\0\0\0" + data[264:], "truncated or damaged"),
        (lambda data: data[:264] + b"\x01\0\0\0" + data[268:], "its block POS has 1 bytes, not"),
    ],
)
def test_files_that_are_damaged(tmp_path, spoil, message):
    path = write_records(tmp_path / "snap", content=blocks(np.float32, np.uint32))
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(BadInput, match=rf"snap: .*{message}"):
        open_snapshot([path], GIVEN)


def test_particles_over_the_edge_are_wrapped_and_no_further(tmp_path):
    def snapshot(values):
        content = blocks(np.float64, np.uint32)
        content[0][1][:5] = np.reshape(values, (-1, 1)) * [1e3, 1e3, 1e3]
        return open_snapshot(
            [write_records(tmp_path / "snap", content=content)], GIVEN
        )  # fmt: skip

    moved = snapshot([-0.25, BOX, BOX + 3, -BOX + 1, -1e-19])
    found = read_field(moved, "gas", "positions", 0, 5)[:, 0]
    np.testing.assert_allclose(found, [BOX - 0.25, 0, 3, 1, 0], atol=1e-12)
    for value in (2.1 * BOX, -1.1 * BOX):
        with pytest.raises(BadInput, match=r"gas positions far outside the box: .*check the units"):
            read_field(snapshot([value] * 5), "gas", "positions", 0, 5)
