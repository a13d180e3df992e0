# SPDX-License-Identifier: GPL-3.0-or-later
"""Masses and velocities of every layout in their units, and powers of a that cannot be."""

import shutil

import h5py
import numpy as np
import pytest
from snapshot_files import BIGFILE, blocks
from snapshot_layouts import (
    DARK_MASS,
    GAS_MASS,
    MASS_G,
    NUMBER,
    PHYSICAL,
    REDSHIFT,
    STAR_MASS,
    STARS,
    gadget_header,
    parts,
    write_gadget,
    write_hdf5,
    write_swift,
)

from jerald_tools.errors import BadInput
from jerald_tools.io.bigfile import write_block
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot

EAGLE = ("CGSConversionFactor", "aexp-scale-exponent", "h-scale-exponent")
ROOT_OF_A = (1 + REDSHIFT) ** -0.5


def state_powers(path, names, **powers):
    """Factors and powers at each dataset, in EAGLE's or Arepo's names; others by ``powers``."""
    factor, of_a, of_h = names
    usual = {
        "Coordinates": (3.085678e24, 1.0, -1.0),
        "Mass": (MASS_G, 0.0, -1.0),
        "Velocity": (1e5, 0.5, 0.0),
        "Masses": (MASS_G, 0.0, -1.0),
        "Velocities": (1e5, 0.5, 0.0),
    }
    with h5py.File(path, "r+") as file:
        for kind in (0, 1, 4):
            for name, stated in (usual | powers).items():
                dataset = file.get(f"PartType{kind}/{name}")
                if dataset is not None:
                    for attribute, value in zip((factor, of_a, of_h), stated, strict=True):
                        dataset.attrs[attribute] = np.atleast_1d(value)


def eagle(path, **powers):
    """Mpc/h without units in the header: each dataset has them."""
    silent = dict.fromkeys(("UnitLength_in_cm", "UnitMass_in_g", "UnitVelocity_in_cm_per_s"))
    number = [NUMBER, NUMBER, 0, 0, STARS, 0]
    attributes = gadget_header(number, 1.0, **silent)
    write_hdf5(path, attributes, parts(1.0, "Mass", "Velocity"))
    state_powers(path, EAGLE, **powers)
    return path


def arepo(path, **powers):
    write_gadget(path)
    state_powers(path, ("to_cgs", "a_scaling", "h_scaling"), **powers)
    return path


@pytest.mark.parametrize(
    ("write", "speed"), [(write_gadget, ROOT_OF_A), (eagle, ROOT_OF_A), (arepo, ROOT_OF_A),
                         (write_swift, 1.0)]
)  # fmt: skip
def test_masses_and_velocities_are_in_their_units(tmp_path, write, speed):
    snapshot = open_snapshot([write(tmp_path / "snap.hdf5")], Overrides())
    assert snapshot.header.box_size == pytest.approx((20.0,) * 3, rel=1e-6)
    for species, mass in (("gas", GAS_MASS), ("dark-matter", DARK_MASS), ("stars", STAR_MASS)):
        number = snapshot.header.number(species)
        if number:
            found = snapshot.read(species, "masses", 0, number)
            np.testing.assert_allclose(found, mass, rtol=1e-6)
            found = snapshot.read(species, "velocities", 0, number)
            np.testing.assert_allclose(found, 90 * speed, rtol=1e-6)


@pytest.mark.parametrize(
    ("write", "powers", "message"),
    [
        (arepo, {"Masses": (MASS_G, 1.0, -1.0)}, "Masses has 'a_scaling' 1, which can only be 0"),
        (arepo, {"Masses": (MASS_G, 0.0, 0.0)}, "Masses has 'h_scaling' 0, which can only be -1"),
        (arepo, {"Velocities": (1e5, 1.0, 0.0)}, "Velocities has 'a_scaling' 1, which can only be"),
        (eagle, {"Velocity": (1e5, 0.0, 0.0)}, "Velocity has 'aexp-scale-exponent' 0, which can"),
        (eagle, {"Mass": (MASS_G, -1.0, -1.0)}, "Mass has 'aexp-scale-exponent' -1, which can"),
    ],
)
def test_powers_that_cannot_be_in_gadgets_formats(tmp_path, write, powers, message):
    snapshot = open_snapshot([write(tmp_path / "snap.hdf5", **powers)], Overrides())
    field = "masses" if "Mass" in message else "velocities"
    with pytest.raises(BadInput, match=message):
        snapshot.read("dark-matter", field, 0, 5)


@pytest.mark.parametrize("name", ["Masses", "Velocities"])
def test_powers_that_cannot_be_in_swifts(tmp_path, name):
    """What swiftsimio's Writer states of a power that was given as the integer 0."""
    path = write_swift(tmp_path / "snap.hdf5", powers={name: 1.0})
    snapshot = open_snapshot([path], Overrides())
    with pytest.raises(
        BadInput, match=rf"PartType1/{name} has 'a-scale exponent' 1, .* power 0\.0"
    ):
        snapshot.read("dark-matter", name.lower(), 0, 5)


@pytest.mark.parametrize("physical", [3.085678e24, 3.085678e24 / 3])
def test_factors_that_contradict_the_powers(tmp_path, physical):
    path = write_swift(tmp_path / "snap.hdf5")
    with h5py.File(path, "r+") as file:
        file["PartType1/Coordinates"].attrs[PHYSICAL] = [physical]
    snapshot = open_snapshot([path], Overrides())
    if physical < 2e24:
        assert snapshot.read("dark-matter", "positions", 0, 5).max() < 20
        return
    with pytest.raises(BadInput, match=r"Coordinates has the factor 3\.08568e\+24 to physical cgs"):
        snapshot.read("dark-matter", "positions", 0, 5)


def test_hydrogen_of_mp_gadgets_elements(tmp_path):
    shutil.copytree(BIGFILE, tmp_path / "copy")
    gas = len(blocks()[0, "Mass"])
    elements = np.tile([0.74, 0.25, *[0.001] * 7], (gas, 1))
    write_block(tmp_path / "copy/0/Metals", elements.shape, [(0, elements)], "<f4")
    snapshot = open_snapshot([tmp_path / "copy"], Overrides())
    found = snapshot.read("gas", "hydrogen_fraction", 3, 9)
    np.testing.assert_allclose(found, np.full(6, 0.74), rtol=1e-6)
