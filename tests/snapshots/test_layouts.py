# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts of further codes: what their headers call things, leave out, or put beside."""

import h5py
import numpy as np
import pytest
from snapshot_layouts import (
    ALL_DARK_MASS,
    BOX,
    DARK,
    GAS,
    KPC_CM,
    MASS_G,
    NUMBER,
    OMEGA_B,
    OMEGA_M,
    REDSHIFT,
    STARS,
    H,
    gadget_header,
    overdensity,
    parts,
    write_dark,
    write_gadget,
    write_hdf5,
    write_swift,
)

from jerald_tools.errors import BadInput
from jerald_tools.io.bigfile import write_block, write_group
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot
from jerald_tools.snapshots.snapshot import read_field
from jerald_tools.snapshots.stated_cosmology import radiation_of

UNITS = ("UnitLength_in_cm", "UnitMass_in_g", "UnitVelocity_in_cm_per_s")
WHOLE = [NUMBER, NUMBER, 0, 0, STARS, 0]


def overrides(**given):
    cosmology = {name: given.pop(name) for name in ("omega_m", "omega_b", "h") if name in given}
    return Overrides(cosmology=cosmology, **given)


def check(path, given=None, species="dark-matter", where=DARK, mass=None, tolerance=1e-5):
    """A snapshot has the small universe's box, time, positions and perhaps masses."""
    snapshot = open_snapshot([path], given or Overrides())
    header = snapshot.header
    assert header.box_size == pytest.approx((BOX,) * 3, rel=1e-6)
    assert header.redshift == pytest.approx(REDSHIFT)
    assert header.cosmology.omega_m == pytest.approx(OMEGA_M)
    assert header.cosmology.h == H
    found = read_field(snapshot, species, "positions", 0, header.number(species))
    order, own = np.lexsort(np.round(found, 3).T), np.lexsort(np.round(where, 3).T)
    np.testing.assert_allclose(found[order], where[own], atol=tolerance)
    if mass is not None:
        masses = read_field(snapshot, species, "masses", 0, header.number(species))
        np.testing.assert_allclose(masses, mass, rtol=1e-5)
    return snapshot


def test_gizmo(tmp_path):
    gone = dict.fromkeys(("Omega0", "OmegaLambda", "OmegaBaryon", *UNITS))
    path = write_gadget(
        tmp_path / "snap.hdf5",
        **gone,
        Omega_Matter=OMEGA_M,
        Omega_Lambda=1 - OMEGA_M,
        Omega_Baryon=OMEGA_B,
        Omega_Radiation=0.0,
        UnitLength_In_CGS=KPC_CM / H,
        UnitMass_In_CGS=MASS_G / H,
        UnitVelocity_In_CGS=1e5,
    )
    assert check(path).header.omega_r == 0


def test_simba_states_no_units(tmp_path):
    path = write_gadget(tmp_path / "snap.hdf5", OmegaBaryon=None, **dict.fromkeys(UNITS))
    given = overrides(length_unit="kpc/h", mass_unit="1e10Msun/h", omega_b=OMEGA_B)
    check(path, given, "gas", GAS)
    with pytest.raises(BadInput, match="does not state its unit of length; give --length-unit"):
        check(path, overrides(omega_b=OMEGA_B))


def test_eagle(tmp_path):
    """Mass, Velocity, the expansion factor in place of the redshift, units in a group."""
    silent = dict.fromkeys((*UNITS, "Redshift"))
    attributes = gadget_header(WHOLE, 1.0, **silent, ExpansionFactor=1 / (1 + REDSHIFT))
    datasets = parts(1.0, "Mass", "Velocity")
    datasets[0]["ElementAbundance/Hydrogen"] = np.full(NUMBER, 0.7)
    units = dict(zip(UNITS, (KPC_CM * 1e3, MASS_G, 1e5), strict=True))
    path = write_hdf5(tmp_path / "snap.hdf5", attributes, datasets, {"Units": units})
    snapshot = check(path)
    assert snapshot.read("gas", "hydrogen_fraction", 0, 1) == pytest.approx(0.7)
    assert not snapshot.header.has_winds


@pytest.mark.parametrize("types", [2, 3, 6])
def test_numbers_as_arrays_of_one_and_few_types(tmp_path, types):
    path = write_dark(tmp_path / "snap.hdf5", types=types)
    with h5py.File(path, "r+") as file:
        for name, value in list(file["Header"].attrs.items()):
            file["Header"].attrs[name] = np.atleast_1d(value)
    check(path, mass=ALL_DARK_MASS)


def test_counts_in_floating_point(tmp_path):
    """As files that were rewritten from R have them."""
    path = write_dark(tmp_path / "snap.hdf5")
    with h5py.File(path, "r+") as file:
        for name in ("NumPart_ThisFile", "NumPart_Total"):
            file["Header"].attrs[name] = np.asarray(file["Header"].attrs[name], float)
    check(path)


@pytest.mark.parametrize("files", [0, 1])
def test_a_group_catalogue_in_the_same_folder(tmp_path, files):
    write_dark(tmp_path / "snap_033.hdf5", NumFilesPerSnapshot=np.int32(files))
    with h5py.File(tmp_path / "fof_subhalo_tab_033.hdf5", "w") as file:
        file.create_group("Header").attrs.update({"BoxSize": BOX, "Ngroups_Total": 3})
        file["Group/GroupMass"] = np.ones(3)
    check(tmp_path)


def test_swifts_virtual_file_beside_the_set(tmp_path):
    """A folder of three files and one that links to them; the folder, any of them, and that one."""
    write_swift(tmp_path / "whole.hdf5")
    with h5py.File(tmp_path / "whole.hdf5") as whole:
        shares = np.array_split(np.arange(NUMBER), 3)
        for number, share in enumerate(shares):
            with h5py.File(tmp_path / f"snap_0001.{number}.hdf5", "w") as file:
                for group in ("Header", "Units", "Cosmology"):
                    file.create_group(group).attrs.update(whole[group].attrs)
                counts = np.array([0, len(share), 0, 0, 0, 0, 0])
                totals = np.array([0, NUMBER, 0, 0, 0, 0, 0])
                file["Header"].attrs.update(
                    {
                        "NumPart_ThisFile": counts,
                        "NumPart_Total": totals,
                        "NumFilesPerSnapshot": [3],
                        "Virtual": [0],
                    }
                )
                for name in ("Coordinates", "Masses"):
                    own = file.create_dataset(
                        f"PartType1/{name}", data=whole[f"PartType1/{name}"][share]
                    )
                    own.attrs.update(whole[f"PartType1/{name}"].attrs)
        with h5py.File(tmp_path / "snap_0001.hdf5", "w") as file:
            for group in ("Header", "Units", "Cosmology"):
                file.create_group(group).attrs.update(whole[group].attrs)
            file["Header"].attrs.update({"NumPart_ThisFile": totals, "NumPart_Total": totals,
                                         "NumFilesPerSnapshot": [1], "Virtual": [1]})  # fmt: skip
            for name, columns in (("Coordinates", (3,)), ("Masses", ())):
                layout = h5py.VirtualLayout((NUMBER, *columns), np.float64)
                for number, share in enumerate(shares):
                    layout[share[0] : share[-1] + 1] = h5py.VirtualSource(
                        f"snap_0001.{number}.hdf5", f"PartType1/{name}", (len(share), *columns)
                    )
                file.create_virtual_dataset(f"PartType1/{name}", layout)
                file[f"PartType1/{name}"].attrs.update(whole[f"PartType1/{name}"].attrs)
    (tmp_path / "whole.hdf5").unlink()
    for name in (tmp_path, tmp_path / "snap_0001.hdf5", tmp_path / "snap_0001.1.hdf5"):
        check(name)


def test_initial_conditions_for_swift(tmp_path):
    """Units of the file alone: no group of cosmology, no powers of a at the datasets."""
    path = write_swift(tmp_path / "ics.hdf5")
    with h5py.File(path, "r+") as file:
        del file["Cosmology"]
        file["Units"].attrs["Unit time in cgs (U_t)"] = [KPC_CM * 1e3 / 1e5]
        for name in ("Redshift", "Scale-factor"):
            del file["Header"].attrs[name]
        for kind in (1, 4):
            for name in ("Coordinates", "Velocities", "Masses"):
                for attribute in list(file[f"PartType{kind}/{name}"].attrs):
                    del file[f"PartType{kind}/{name}"].attrs[attribute]
    given = {"omega_m": OMEGA_M, "omega_b": OMEGA_B, "h": H}
    with pytest.raises(BadInput, match="its header has no omega_m; give --omega-m"):
        open_snapshot([path], Overrides())
    with pytest.raises(BadInput, match="its header has no redshift; give --redshift"):
        open_snapshot([path], overrides(**given))
    snapshot = check(path, overrides(**given, redshift=REDSHIFT))
    np.testing.assert_allclose(snapshot.read("dark-matter", "velocities", 0, 5), 90)


def save_columns(folder, columns):
    for name, values in columns.items():
        write_block(folder / name, values.shape, [(0, values)], "<f8")


def test_fastpm_python(tmp_path):
    """Its state.save: astropy's names, h = 1, no box, no masses, no IDs, unwrapped positions."""
    outside = DARK.copy()
    outside[:7] -= BOX * (outside[:7] > BOX / 2)
    save_columns(
        tmp_path / "saved/1", {"Position": outside, "Velocity": np.full((NUMBER, 3), 90.0)}
    )
    header = {
        "Om0": OMEGA_M,
        "Ob0": OMEGA_B,
        "Ode0": 1 - OMEGA_M,
        "Tcmb0": 2.7255,
        "Neff": 3.046,
        "Time": 1 / (1 + REDSHIFT),
        "h": 1.0,
        "RSDFactor": 0.01,
    }
    write_group(tmp_path / "saved/Header", header)
    with pytest.raises(BadInput, match=r"saved: its header has no h; give --h"):
        open_snapshot([tmp_path / "saved"], Overrides())
    with pytest.raises(BadInput, match=r"saved: its header has no BoxSize; give --box-size"):
        open_snapshot([tmp_path / "saved"], overrides(h=H))
    given = overrides(h=H, box_size=BOX)
    snapshot = check(tmp_path / "saved", given, mass=ALL_DARK_MASS)
    assert snapshot.header.omega_r == pytest.approx(radiation_of(H))
    np.testing.assert_allclose(snapshot.read("dark-matter", "velocities", 0, 5), 90)
    assert not snapshot.has("dark-matter", "ids")


def test_fastpms_initial_positions(tmp_path):
    save_columns(
        tmp_path / "fastpm/1",
        {"Position": DARK, "InitialPosition": DARK + 0.25, "Mass": np.full(NUMBER, ALL_DARK_MASS)},
    )
    header = {
        "OmegaM": OMEGA_M,
        "OmegaLambda": 1 - OMEGA_M,
        "HubbleParam": H,
        "ScalingFactor": 1 / (1 + REDSHIFT),
        "BoxSize": np.full(3, BOX),
        "UnitLength_in_cm": KPC_CM * 1e3,
        "UnitMass_in_g": MASS_G,
    }
    write_group(tmp_path / "fastpm/Header", header)
    snapshot = check(tmp_path / "fastpm", overrides(omega_b=OMEGA_B), mass=ALL_DARK_MASS)
    assert snapshot.has("dark-matter", "initial_positions")
    found = snapshot.read("dark-matter", "initial_positions", 0, NUMBER)
    np.testing.assert_allclose(found, DARK + 0.25)


def test_the_overdensity_of_wrapped_particles(tmp_path):
    """Single precision's 0, the box, the float below it, and the float below 0."""
    edge = DARK.astype(np.float32).astype(float)
    low, box = np.nextafter(np.float32(BOX), np.float32(0)), np.float32(BOX)
    below = np.nextafter(np.float32(0), np.float32(-1))
    edge[:5] = [[0, 5, 5], [box, box, box], [low, 1, 1], [below, 2, 2], [7, low, box]]
    snapshot = open_snapshot([write_dark(tmp_path / "snap.hdf5", where=edge)], Overrides())
    found = read_field(snapshot, "dark-matter", "positions", 0, NUMBER)
    assert np.all((found >= 0) & (found < BOX))
    np.testing.assert_allclose(overdensity(found), overdensity(edge % BOX), atol=1e-9)
