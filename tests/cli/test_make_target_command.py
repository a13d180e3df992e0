# SPDX-License-Identifier: GPL-3.0-or-later
"""make-target: the golden snapshot in every format, on ranks, in chunks, and what it refuses."""

import warnings

import h5py
import numpy as np
import pytest
import snapshot_files
from small_universe import cloud_in_cell, header_of, map_of
from snapshot_files import BIGFILE, MAPS, blocks, header, write_arepo, write_gadget, write_swift

from jerald_tools.cli.make_target import main
from jerald_tools.errors import BadInput
from jerald_tools.io.bigfile import write_block, write_group
from jerald_tools.mesh.ranks import on_root, world
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot

QUANTITIES = ("dark-matter", "gas", "stellar-mass", "neutral-hydrogen")
UNITS = ("1 + delta", "1 + delta", "1e10 Msun/h per cell", "cm^-3 (proper)")


def make_target(*arguments):
    main.main([str(argument) for argument in (*arguments, "-q")], standalone_mode=False)


def target(shared_folder, snapshot, quantity, *options, output="map.h5"):
    """The map of a snapshot in double precision on 32^3 nodes, made by the command."""
    make_target(snapshot, "--quantity", quantity, "--mesh", 32, "--precision", "double", *options,
                "--force", "-o", shared_folder / output)  # fmt: skip
    return map_of(shared_folder / output)


def independent(quantity: str) -> np.ndarray:
    with h5py.File(MAPS) as file:
        return file[f"z2.00/{quantity.replace('-', '_')}"][...].astype(np.float64)


def reference(quantity: str, shape=(32, 32, 32)) -> np.ndarray:
    """The map by NumPy, from the blocks of the golden snapshot."""
    kind = {"dark-matter": 1, "stellar-mass": 4}.get(quantity, 0)
    weights = blocks()[kind, "Mass"].astype(np.float64)
    if quantity == "neutral-hydrogen":
        h, a = header()["HubbleParam"], header()["Time"]
        cell = a * header()["BoxSize"] / shape[0] * snapshot_files.KPC_CM / h
        weights = weights * blocks()[0, "NeutralHydrogenFraction"] * 0.76
        weights *= snapshot_files.MASS_G / h / 1.67262192369e-24 / cell**3
    box = (header()["BoxSize"],) * 3
    field = cloud_in_cell(blocks()[kind, "Position"], weights, shape, box)
    return field if UNITS[QUANTITIES.index(quantity)] != "1 + delta" else field / field.mean()


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
            file["PartType0/Coordinates"][-1, 2] = np.nan

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


def gadget_one(shared_folder, coordinates):
    return write_gadget(shared_folder / "snap_003.hdf5", coordinates=coordinates)


def gadget_four(shared_folder, coordinates):
    return snapshot_files.write_gadget_set(shared_folder, coordinates=coordinates)[2]


def gadget_directory(shared_folder, coordinates):
    (shared_folder / "snapdir").mkdir()
    snapshot_files.write_gadget_set(shared_folder / "snapdir", 11, coordinates=coordinates)
    return shared_folder / "snapdir"


def gadget_pattern(shared_folder, coordinates):
    snapshot_files.write_gadget_set(shared_folder, 3, coordinates=coordinates)
    return shared_folder / "snap_003.*.hdf5"


def gadget_four_parameters(shared_folder, coordinates):
    in_parameters = [name for name in snapshot_files.gadget_attributes() if name[0] in "OHU"]
    return write_gadget(
        shared_folder / "g4.hdf5",
        coordinates=coordinates,
        parameters=in_parameters,
        NumPart_Total=np.array(snapshot_files.counts(), np.uint64),
        NumPart_Total_HighWord=None,
    )


def arepo(shared_folder, coordinates):
    return write_arepo(shared_folder / "fof_subhalo.hdf5", coordinates)


def swift(shared_folder, coordinates):
    return write_swift(shared_folder / "swift.hdf5", coordinates)


FORMATS = [gadget_one, gadget_four, gadget_directory, gadget_pattern, gadget_four_parameters,
           arepo, swift]  # fmt: skip


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize(("coordinates", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-6)])
def test_every_format_gives_the_same_maps(shared_folder, write, coordinates, tolerance):
    snapshot = write(shared_folder, coordinates)
    for quantity in QUANTITIES:
        found, exact = target(shared_folder, snapshot, quantity), reference(quantity)
        np.testing.assert_allclose(found, exact, rtol=0, atol=tolerance * exact.max())


def test_a_rank_may_have_no_particles_left(shared_folder):
    for snapshot in (
        BIGFILE,
        *(write(shared_folder, np.float64) for write in (gadget_four, arepo, swift)),
    ):
        opened = open_snapshot([snapshot], Overrides())
        for field in ("positions", "masses", "neutral_fraction"):
            shape = opened.read("gas", field, 7, 9).shape
            assert opened.read("gas", field, 7, 7).shape == (0, *shape[1:])


@pytest.mark.ranks
def test_uneven_shares_of_a_set_of_files(shared_folder):
    """Shares of 1052 and 1053 stars on three ranks, 789 and 790 on four: 263 divides the lesser."""
    on_root(world(), snapshot_files.write_gadget_set, shared_folder, 3)
    path = shared_folder / "snap_003.1.hdf5"
    chunk = 263 * world().size
    found = target(shared_folder, path, "stellar-mass", "--mesh", 12, "--chunk", chunk)
    exact = reference("stellar-mass", (12, 12, 12))
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * exact.max())


@pytest.mark.parametrize("write", [gadget_one, arepo, swift])
def test_every_format_gives_the_same_kernels_and_equilibrium(shared_folder, write):
    table = uniform_background(shared_folder / "uvb.txt")
    snapshot = write(shared_folder, np.float64)
    options = ["neutral-hydrogen", "--deposit", "sph", "--uvb", table]
    exact = target(shared_folder, BIGFILE, *options)
    found = target(shared_folder, snapshot, *options, output="other.h5")
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-11 * exact.max())


def uniform_background(path, rates=(1e-12, 6e-13, 1e-14)):
    """A table of the same rates at all times."""
    np.savetxt(path, [[0.0, *rates], [1.0, *rates]])
    return path


def test_the_bigfile_package_writes_what_is_read(shared_folder):
    import bigfile

    with bigfile.File(str(shared_folder / "copy"), create=True) as file:
        for (kind, name), values in blocks().items():
            file.create_from_array(f"{kind}/{name}", values, Nfile=3)
        with file.create("Header") as block:
            for name, value in header().items():
                block.attrs[name] = value
    for quantity in QUANTITIES:
        found, exact = target(shared_folder, shared_folder / "copy", quantity), reference(quantity)
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * exact.max())


def test_a_catalogue_as_nbodykit_saves_it(shared_folder):
    """Columns beside the header, no directories of types, next to nothing said."""
    where = blocks()[1, "Position"] / 1000
    write_block(shared_folder / "saved/Position", where.shape, [(0, where)], "<f8")
    write_block(shared_folder / "saved/Mass", (len(where),), [(0, np.ones(len(where)))], "<f8")
    write_group(shared_folder / "saved/Header", {"BoxSize": np.full(3, 10.0)})
    options = ["dark-matter"]
    for option, value in (
        ("--length-unit", "Mpc/h"),
        ("--redshift", 2),
        ("--omega-m", 0.308),
        ("--omega-b", 0.0482),
        ("--h", 0.678),
        ("--mass-unit", "Msun/h"),
    ):
        with pytest.raises(BadInput, match=rf"saved: .*; give {option}"):
            target(shared_folder, shared_folder / "saved", *options)
        options += [option, value]
    found, exact = (
        target(shared_folder, shared_folder / "saved", *options),
        reference("dark-matter"),
    )
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * exact.max())
    with pytest.raises(BadInput, match="its header has redshift 2; leave out --redshift"):
        target(shared_folder, BIGFILE, "gas", "--redshift", 1)
    with pytest.raises(BadInput, match="redshift -1: a number from 0 on is wanted"):
        target(shared_folder, shared_folder / "saved", *options, "--redshift", -1)


def test_a_snapshot_written_by_swiftsimio(shared_folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import swiftsimio
        import unyt

        h, a = header()["HubbleParam"], header()["Time"]
        units = unyt.UnitSystem("mp_gadget", length_unit="Mpc", mass_unit=unyt.unyt_quantity(
            1e10, "Solar_Mass"), time_unit="Gyr")  # fmt: skip
        box = swiftsimio.cosmo_array(
            [10 / h] * 3, "Mpc", comoving=True, scale_factor=a, scale_exponent=1
        )
        writer = swiftsimio.Writer(unit_system=units, boxsize=box, scale_factor=a)
        for kind, part in ((0, writer.gas), (1, writer.dark_matter)):
            of_kind = {name: values for (k, name), values in blocks().items() if k == kind}
            number = len(of_kind["Mass"])

            def quantity(values, unit, exponent, comoving=True):
                return swiftsimio.cosmo_array(
                    values, unit, comoving=comoving, scale_factor=a, scale_exponent=exponent
                )

            part.coordinates = quantity(of_kind["Position"] / 1000 / h, "Mpc", 1)
            part.masses = quantity(of_kind["Mass"].astype(float) / h * 1e10, "Solar_Mass", 0)
            part.velocities = quantity(np.zeros((number, 3)), "km/s", 0, comoving=False)
            if kind == 0:
                part.internal_energy = quantity(
                    of_kind["InternalEnergy"], "km**2/s**2", -2, comoving=False
                )
                part.smoothing_lengths = quantity(
                    of_kind["SmoothingLength"] / 1000 / h / 1.825742, "Mpc", 1
                )
        writer.write(str(shared_folder / "swiftsimio.hdf5"))
    # Its writer leaves the cosmology out, which must be stated.
    with pytest.raises(BadInput, match=r"swiftsimio\.hdf5: its header has no omega_m; give"):
        target(shared_folder, shared_folder / "swiftsimio.hdf5", "dark-matter")
    options = ["--omega-m", 0.308, "--omega-b", 0.0482, "--h", 0.678]
    for quantity in ("dark-matter", "gas"):
        found = target(shared_folder, shared_folder / "swiftsimio.hdf5", quantity, *options)
        exact = reference(quantity)
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * exact.max())


def test_units_that_were_stated(shared_folder):
    silent = dict.fromkeys(("UnitLength_in_cm", "UnitMass_in_g", "UnitVelocity_in_cm_per_s"))
    path = write_gadget(shared_folder / "gadget2.hdf5", OmegaBaryon=None, **silent)
    options = ["stellar-mass"]
    for option, value in (
        ("--length-unit", "kpc/h"),
        ("--omega-b", 0.0482),
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
