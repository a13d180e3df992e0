# SPDX-License-Identifier: GPL-3.0-or-later
"""The cosmology of a snapshot under the names of each code, and universes that are refused."""

import dataclasses
from pathlib import Path

import pytest
from snapshot_layouts import OMEGA_B, OMEGA_M, H, write_dark, write_gadget, write_swift

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.stated_cosmology import cosmology_of

PATH = Path("snap.hdf5")
FOUND = {"Omega0": 0.3, "HubbleParam": 0.7, "OmegaLambda": 0.7}


def overrides(**cosmology):
    return Overrides(cosmology=cosmology)


def test_the_cosmology_of_a_header_and_of_the_user():
    given = overrides(omega_b=0.05, h=0.7 * (1 + 1e-8), sigma8=0.8)
    found = cosmology_of(PATH, FOUND, given).cosmology
    expected = Cosmology(omega_m=0.3, omega_b=0.05, h=0.7, sigma8=0.8)
    assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(expected), rel=1e-7)
    with pytest.raises(BadInput, match="its header has no omega_b; give --omega-b"):
        cosmology_of(PATH, FOUND, overrides())
    with pytest.raises(BadInput, match=r"its header has h = 0.7; leave out --h"):
        cosmology_of(PATH, FOUND, overrides(omega_b=0.05, h=0.68))


@pytest.mark.parametrize(
    ("omega_m", "omega_b", "h", "omega_lambda"),
    [
        ("Omega0", "OmegaBaryon", "HubbleParam", "OmegaLambda"),
        ("Omega_Matter", "Omega_Baryon", "HubbleParam", "Omega_Lambda"),
        ("OmegaM", "OmegaB", "HubbleParam", "OmegaLambda"),
        ("Omega_m", "Omega_b", "h", "Omega_lambda"),
    ],
)
def test_every_codes_names_are_seen(omega_m, omega_b, h, omega_lambda):
    header = {omega_m: 0.3, omega_b: 0.05, h: 0.7, omega_lambda: 0.7}
    found = cosmology_of(PATH, header, overrides()).cosmology
    assert (found.omega_m, found.omega_b, found.h) == (0.3, 0.05, 0.7)
    for option, value in (("omega_m", 0.31), ("omega_b", 0.04), ("h", 0.71)):
        message = f"its header has {option} = .*; leave out --{option.replace('_', '-')}"
        with pytest.raises(BadInput, match=message):
            cosmology_of(PATH, header, overrides(**{option: value}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"OmegaLambda": 0.6}, r"omega_m \+ omega_lambda = 0.9: give a snapshot of a flat"),
        ({"OmegaLambda": 0.6993}, r"omega_m \+ omega_lambda = 0.9993: give"),
        ({"Omega_k": 0.01}, "omega_k = 0.01: give a snapshot of a flat universe"),
        ({"Omega_r": 0.002}, r"omega_lambda \+ radiation 0.002 = 1.002: give"),
        ({"w_0": -0.8}, "its dark energy has w0 = -0.8; give a snapshot of a universe with a"),
        ({"w_0": -1.0, "w_a": 0.3}, "its dark energy has wa = 0.3; give"),
        ({"w0": -0.9}, "its dark energy has w0 = -0.9"),
        ({"W0_Fld": -0.9, "OmegaFld": 0.7, "OmegaLambda": 0.0}, "its dark energy has w0 = -0.9"),
        ({"DarkEnergyParam": -0.9}, "its dark energy has w0 = -0.9"),
        ({"Omega_m": 0.31}, "its header has Omega0 = 0.3 and Omega_m = 0.31; give"),
        ({"Omega0": float("nan")}, "its header has Omega0 = nan"),
        ({"Omega0": 0.0}, "its header has no omega_m; give --omega-m"),
        ({"OmegaBaryon": 0.0}, "its header has no omega_b; give --omega-b"),
    ],
)
def test_universes_that_are_refused(changes, message):
    with pytest.raises(BadInput, match=message):
        cosmology_of(PATH, {"OmegaBaryon": 0.05, **FOUND, **changes}, overrides())


@pytest.mark.parametrize(
    "changes",
    [
        {"OmegaLambda": 0.69991, "Omega_r": 9e-5},
        {"OmegaLambda": 0.69991},
        {"OmegaFld": 0.0, "W0_Fld": -0.9, "WA_Fld": 0.1},
        {"OmegaFld": 0.7, "OmegaLambda": 0.0, "W0_Fld": -1.0},
        {"w_0": -1.0, "w_a": 0.0, "Omega_k": 0.0},
    ],
)
def test_universes_that_are_taken(changes):
    cosmology_of(PATH, {"OmegaBaryon": 0.05, **FOUND, **changes}, overrides())


def test_no_baryons_say_nothing_in_a_run_without_gas(tmp_path):
    """Gadget-4 compiled for two particle types, and the option that its header does not deny."""
    path = write_dark(tmp_path / "snap.hdf5", types=2, OmegaBaryon=0.0)
    assert open_snapshot([path], overrides()).header.cosmology.omega_b == 0
    header = open_snapshot([path], overrides(omega_b=OMEGA_B)).header
    assert (header.cosmology.omega_b, header.counts) == (OMEGA_B, (0, 512, 0, 0, 0, 0))
    path = write_gadget(tmp_path / "gas.hdf5", OmegaBaryon=0.0)
    with pytest.raises(BadInput, match="its header has no omega_b; give --omega-b"):
        open_snapshot([path], overrides())


def test_neutrinos_that_swift_keeps_apart_are_matter(tmp_path):
    """FLAMINGO's numbers: SWIFT's Omega_m is that of cold matter and baryons."""
    stated = {"Omega_m": 0.304611, "Omega_nu_0": 0.00138908, "Omega_lambda": 0.693922}
    path = write_swift(tmp_path / "snap.hdf5", stated)
    header = open_snapshot([path], overrides()).header
    assert header.cosmology.omega_m == pytest.approx(0.30600008, abs=1e-9)
    assert header.omega_nu == 0.00138908
    with pytest.raises(BadInput, match=r"omega_m = 0.306; leave out --omega-m"):
        open_snapshot([path], overrides(omega_m=0.304611))
    for changed in ({"w_0": -0.8, "w_a": 0.3}, {"w_a": 0.1}):
        path = write_swift(tmp_path / "snap.hdf5", changed)
        with pytest.raises(BadInput, match="its dark energy has w"):
            open_snapshot([path], overrides())


def test_gizmos_units_are_over_h_already(tmp_path):
    for factor in (1.0, 1 / H):
        path = write_gadget(
            tmp_path / "snap.hdf5",
            Omega0=None,
            OmegaLambda=None,
            OmegaBaryon=None,
            UnitLength_in_cm=None,
            UnitMass_in_g=None,
            UnitVelocity_in_cm_per_s=None,
            Omega_Matter=OMEGA_M,
            Omega_Lambda=1 - OMEGA_M,
            Omega_Baryon=OMEGA_B,
            UnitLength_In_CGS=3.085678e21 * factor,
            UnitMass_In_CGS=1.989e43 * factor,
            UnitVelocity_In_CGS=1e5,
        )
        header = open_snapshot([path], overrides()).header
        assert header.box_size == pytest.approx((20.0,) * 3)
        assert header.cosmology.omega_m == OMEGA_M
