# SPDX-License-Identifier: GPL-3.0-or-later
"""make-target: the same maps from every format, and from files that other packages write."""

import warnings

import numpy as np
import pytest
import snapshot_files
from golden_targets import QUANTITIES, reference, target, uniform_background
from snapshot_files import BIGFILE, blocks, header, write_arepo, write_gadget, write_swift

from jerald_tools.errors import BadInput
from jerald_tools.io.bigfile import write_block, write_group
from jerald_tools.mesh.ranks import on_root, world
from jerald_tools.snapshots.code_units import Overrides
from jerald_tools.snapshots.open import open_snapshot


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
        opened = open_snapshot([str(snapshot)], Overrides())
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
    masses = np.full(len(where), 0.308 * 27.7536627e13 / len(where))
    write_block(shared_folder / "saved/Position", where.shape, [(0, where)], "<f8")
    write_block(shared_folder / "saved/Mass", (len(where),), [(0, masses)], "<f8")
    write_group(shared_folder / "saved/Header", {"BoxSize": np.full(3, 10.0)})
    options = ["dark-matter"]
    for option, value in (
        ("--omega-m", 0.308),
        ("--omega-b", 0.0482),
        ("--h", 0.678),
        ("--length-unit", "Mpc/h"),
        ("--redshift", 2),
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
    with pytest.raises(BadInput, match="redshift -1: must be 0 or more"):
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
        for kind, name in ((0, "gas"), (1, "dark_matter")):
            part = getattr(writer, name)
            of_kind = {block: values for (k, block), values in blocks().items() if k == kind}
            number = len(of_kind["Mass"])

            def cosmic(values, unit, exponent, comoving=True):
                return swiftsimio.cosmo_array(
                    values, unit, comoving=comoving, scale_factor=a, scale_exponent=exponent
                )

            part.coordinates = cosmic(of_kind["Position"] / 1000 / h, "Mpc", 1)
            # The power 0.0: of the integer 0 the writer makes 1.
            part.masses = cosmic(of_kind["Mass"].astype(float) / h * 1e10, "Solar_Mass", 0.0)
            part.velocities = cosmic(np.zeros((number, 3)), "km/s", 0.0, comoving=False)
            if kind == 0:
                part.internal_energy = cosmic(
                    of_kind["InternalEnergy"], "km**2/s**2", -2, comoving=False
                )
                part.smoothing_lengths = cosmic(
                    of_kind["SmoothingLength"] / 1000 / h / 1.825742, "Mpc", 1
                )
        writer.write(str(shared_folder / "swiftsimio.hdf5"))
    # Its writer leaves the cosmology out, which must be stated.
    with pytest.raises(BadInput, match=r"swiftsimio\.hdf5: its header has no omega_m; give"):
        target(shared_folder, shared_folder / "swiftsimio.hdf5", "dark-matter")
    options = ["--omega-m", 0.308, "--omega-b", 0.0482, "--h", 0.678]
    for name in ("dark-matter", "gas"):
        found = target(shared_folder, shared_folder / "swiftsimio.hdf5", name, *options)
        exact = reference(name)
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * exact.max())
