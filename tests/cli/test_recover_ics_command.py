# SPDX-License-Identifier: GPL-3.0-or-later
"""recover-ics: the field behind displacements, from MP-GenIC and from closed forms."""

import shutil
from typing import Any

import h5py
import jax.numpy as jnp
import numpy as np
import pytest
from goldens import DIRECTORY, load_golden
from snapshot_files import gadget_attributes

from jerald_tools.cli.initial_conditions import recover_ics as main
from jerald_tools.cosmology import Cosmology, growth
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import read_linear_power
from jerald_tools.gravity.lpt import inverse_laplacian, linear_field, second_order_source
from jerald_tools.gravity.white_noise import white_noise
from jerald_tools.io.bigfile import write_block, write_group
from jerald_tools.io.grids import InitialConditionsFile
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import Ranks, on_root, world

BOX = 10.0
REDSHIFT = 99.0
# Masses of a particle of gas and of dark matter [1e10 Msun/h].
MASSES = (0.0408261, 0.220055)


def recover(*arguments):
    main.main(
        [str(argument) for argument in (*arguments, "--precision", "double", "-q")],
        standalone_mode=False,
    )


def recovered(path):
    with InitialConditionsFile(path) as file:
        return file.header, file.read()


def lattice(side):
    """Points (side^3, 3) [Mpc/h], the last index fastest."""
    axis = np.arange(side) * (BOX / side)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)


def save(path, *positions, seed=1, ids=None, **changes):
    """Initial conditions of gas and dark matter, or dark matter alone, in any order [Mpc/h]."""
    kinds = {1: positions[0]} if len(positions) == 1 else dict(enumerate(positions))
    number = np.array([len(kinds.get(kind, ())) for kind in range(6)])
    attributes = gadget_attributes(
        Redshift=REDSHIFT, Time=1 / (1 + REDSHIFT), NumPart_ThisFile=number, NumPart_Total=number,
        NumFilesPerSnapshot=1, MassTable=np.array([*MASSES, 0, 0, 0, 0]),
        **changes,
    )  # fmt: skip
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(attributes)
        for kind, where in kinds.items():
            order = np.random.default_rng(seed).permutation(len(where))
            file[f"PartType{kind}/Coordinates"] = (where[order] % BOX) * 1000
            if ids:
                file[f"PartType{kind}/ParticleIDs"] = ids[kind][order]
    return path


def mp_genic():
    """Positions of both species [Mpc/h]."""
    golden = load_golden("mp_genic_displacements.npz")
    return [
        lattice(32)
        + (golden[f"{name}_offset"] + golden[f"{name}_displacements"].reshape(-1, 3)
           * golden[f"{name}_scale"]) / 1000
        for name in ("gas", "dark_matter")
    ]  # fmt: skip


def correlation(one, other, quarter_of_nyquist):
    """r(k) in bins of one fundamental mode, up to a quarter of Nyquist, and the amplitude ratio."""
    side = len(one)
    first, second = np.fft.fftn(one), np.fft.fftn(other)
    index = np.fft.fftfreq(side, 1 / side)
    modulus = np.sqrt(sum(n**2 for n in np.meshgrid(index, index, index)))
    values = []
    for low in np.arange(0.5, quarter_of_nyquist, 1):
        modes = (modulus >= low) & (modulus < low + 1)
        powers = [np.sum(np.abs(each[modes]) ** 2) for each in (first, second)]
        cross = np.sum((first[modes] * second[modes].conj()).real)
        values.append((cross / np.sqrt(powers[0] * powers[1]), np.sqrt(powers[1] / powers[0])))
    return np.array(values).T


def test_the_seed_of_the_reference(shared_folder):
    """MP-GenIC displaces by Zel'dovich's theory; its growth has radiation, which ours has not."""
    save(shared_folder / "ics.hdf5", *mp_genic())
    recover(shared_folder / "ics.hdf5", "--lpt-order", 1, "-o", shared_folder / "ics.h5")
    header, field = recovered(shared_folder / "ics.h5")
    mesh = make_mesh(32, BOX, "double", ranks=Ranks())
    power = read_linear_power(DIRECTORY / "linear_power.txt")
    seeded = np.asarray(linear_field(mesh, white_noise(mesh, 1234), power))
    r, amplitude = correlation(seeded, field, 4)
    assert np.all(r > 0.999)
    np.testing.assert_allclose(amplitude, 1.0, atol=0.03)
    assert (header.mesh, header.lattice) == ((32,) * 3, (16,) * 3)
    assert header.attributes["lpt_order"] == 1


def spectral_displacement(source):
    """Displacement grad of u with -laplacian u = source, by NumPy, as a function of an offset."""
    side = len(source)
    wave = 2 * np.pi / BOX * np.fft.fftfreq(side, 1 / side)
    waves = np.meshgrid(wave, wave, wave, indexing="ij")
    squares = np.sum(np.square(waves), axis=0)
    squares[0, 0, 0] = 1
    spectrum = np.fft.fftn(source)

    def at(offset):
        phase = np.exp(1j * sum(k * o for k, o in zip(waves, offset, strict=True)))
        parts = [np.fft.ifftn(1j * k / squares * spectrum * phase).real for k in waves]
        return np.stack(parts, axis=-1).reshape(-1, 3)

    return at


def smooth_field(side, seed=3):
    """A field without Nyquist modes, whose displacements stay well within the spacing at z = 99."""
    spectrum = np.fft.fftn(np.random.default_rng(seed).normal(size=(side,) * 3))
    index = np.abs(np.fft.fftfreq(side, 1 / side))
    for axis in range(3):
        np.moveaxis(spectrum, axis, 0)[index >= side // 2 - 1] = 0
    spectrum[0, 0, 0] = 0
    field = np.fft.ifftn(spectrum).real
    return 3 * field / field.std()


@pytest.mark.ranks
@pytest.mark.parametrize(("order", "second_order"), [(1, "exact"), (2, "exact"), (2, "fastpm")])
@pytest.mark.parametrize("species", [1, 2])
def test_displacements_give_back_their_field(shared_folder, order, second_order, species):
    side, exact = 12, smooth_field(12)
    mesh = make_mesh(side, BOX, "double", ranks=Ranks())
    grown = growth(1 / (1 + REDSHIFT), Cosmology())
    scale = 3 / 7 / growth(1.0, Cosmology()).second if second_order == "fastpm" else 1.0
    displacement = spectral_displacement(exact)
    source = second_order_source(mesh, inverse_laplacian(mesh, jnp.asarray(exact)))
    second = spectral_displacement(np.asarray(source))
    offsets = [np.array([0.1, -0.2, 0.3]), np.array([-0.35, 0.0, 0.2])][:species]
    positions = [
        lattice(side) + offset + grown.first * displacement(offset)
        + (order - 1) * scale * grown.second * second(offset)
        for offset in offsets
    ]  # fmt: skip
    on_root(world(), save, shared_folder / "ics.hdf5", *positions)
    recover(
        shared_folder / "ics.hdf5",
        "--lpt-order",
        order,
        "--second-order",
        second_order,
        "--particles",
        side,
        "-o",
        shared_folder / "ics.h5",
    )
    header, field = recovered(shared_folder / "ics.h5")
    np.testing.assert_allclose(field, exact, rtol=0, atol=1e-9 * exact.std())
    assert header.lattice == (side,) * 3
    assert header.redshift == 0


def test_unperturbed_positions_allow_any_displacement(shared_folder):
    side, exact = 8, smooth_field(8)
    grown = growth(1 / (1 + REDSHIFT), Cosmology())
    # A hundred times what a lattice could tell.
    strong = 60 * exact
    where = lattice(side) + 0.3 + grown.first * spectral_displacement(strong)(np.full(3, 0.3))
    # The mean displacement is zero, but particles are by far not next to their lattice points.
    save(shared_folder / "ics.hdf5", where)
    with pytest.raises(BadInput, match="lattice points have no dark-matter next to them, or two"):
        recover(shared_folder / "ics.hdf5", "--lpt-order", 1, "-o", shared_folder / "ics.h5")
    assert not (shared_folder / "ics.h5").exists()
    header = {**gadget_attributes(UnitLength_in_cm=3.085678e24, BoxSize=BOX),
              "Time": 1 / (1 + REDSHIFT), "MassTable": np.array([0, 1.0, 0, 0, 0, 0])}  # fmt: skip
    write_group(shared_folder / "ics/Header", header)
    write_block(shared_folder / "ics/1/Position", where.shape, [(0, where % BOX)], "<f8")
    before = lattice(side) + 0.3
    write_block(shared_folder / "ics/1/PrePosition", where.shape, [(0, before)], "<f8")
    recover(shared_folder / "ics", "--lpt-order", 1, "-o", shared_folder / "ics.h5")
    np.testing.assert_allclose(recovered(shared_folder / "ics.h5")[1], strong, rtol=0, atol=1e-9)
    shutil.rmtree(shared_folder / "ics/1/PrePosition")
    glass = np.random.default_rng(1).random(where.shape) * BOX
    write_block(shared_folder / "ics/1/PrePosition", where.shape, [(0, glass)], "<f8")
    with pytest.raises(BadInput, match="the dark-matter did not start from a lattice"):
        recover(shared_folder / "ics", "--lpt-order", 1, "--force", "-o", shared_folder / "ics.h5")


def test_what_is_no_lattice(shared_folder):
    save(shared_folder / "ics.hdf5", lattice(4)[:-1])
    with pytest.raises(BadInput, match="63 particles of dark matter and 0 of gas in a box of 10 x"):
        recover(shared_folder / "ics.hdf5", "--lpt-order", 1, "-o", shared_folder / "ics.h5")
    save(shared_folder / "ics.hdf5", lattice(4), lattice(5))
    with pytest.raises(BadInput, match="125 particles of dark matter and 64 of gas"):
        recover(shared_folder / "ics.hdf5", "--lpt-order", 1, "-o", shared_folder / "ics.h5")


def test_the_amplitude_of_the_reference_with_its_radiation(tmp_path):
    """The first four moduli of wavevectors; MP-GenIC's interpolation takes some of the fourth."""
    cases: list[tuple[list, dict[str, Any]]] = [
        (["--radiation"], {}), ([], {"CMBTemperature": 2.7255}), ([], {"Omega_Radiation": 9.1e-5}),
    ]  # fmt: skip
    for options, header in cases:
        save(tmp_path / "ics.hdf5", *mp_genic(), **header)  # type: ignore[arg-type]
        recover(tmp_path / "ics.hdf5", "--lpt-order", 1, *options, "--force",
                "-o", tmp_path / "ics.h5")  # fmt: skip
        found = recovered(tmp_path / "ics.h5")
        mesh = make_mesh(32, BOX, "double", ranks=Ranks())
        power = read_linear_power(DIRECTORY / "linear_power.txt")
        seeded = np.asarray(linear_field(mesh, white_noise(mesh, 1234), power))
        first, second = np.fft.fftn(seeded), np.fft.fftn(found[1])
        wave = np.fft.fftfreq(32, 1 / 32)
        square = np.rint(sum(n**2 for n in np.meshgrid(wave, wave, wave)))
        for moduli, error in (([1], 1e-3), ([2], 2e-3), ([3], 2e-3), ([4], 2.2e-3),
                              ([1, 2, 3, 4], 1e-3)):  # fmt: skip
            modes = np.isin(square, moduli)
            powers = [np.sum(np.abs(each[modes]) ** 2) for each in (first, second)]
            assert np.sqrt(powers[1] / powers[0]) == pytest.approx(1, abs=error)
        assert found[0].attributes["omega_r"] == pytest.approx(9.1e-5, rel=1e-3)
    save(tmp_path / "ics.hdf5", *mp_genic(), Omega_Radiation=0.0)
    with pytest.raises(BadInput, match="its header has no radiation; leave out --radiation"):
        recover(tmp_path / "ics.hdf5", "--lpt-order", 1, "--radiation", "--force",
                "-o", tmp_path / "ics.h5")  # fmt: skip


def numbered(side, start=0, step=1, order="C"):
    """IDs of a lattice in order of its points."""
    ids = np.arange(side**3).reshape((side,) * 3)
    return (ids if order == "C" else ids.T).ravel() * step + start


@pytest.mark.ranks
@pytest.mark.parametrize(
    ("gas", "dark"),
    [
        (None, {"start": 0}),
        (None, {"start": 1}),
        (None, {"start": 1, "order": "F"}),
        ({"start": 1}, {"start": 513}),
        ({"start": 513}, {"start": 1}),
        ({"start": 1, "step": 2}, {"start": 0, "step": 2}),
        ({"start": 0}, {"start": 2**31}),
        (None, {"start": 5, "step": 8}),
    ],
)
def test_ids_number_the_lattice_however_far_particles_moved(shared_folder, gas, dark):
    side, exact = 8, 45 * smooth_field(8)
    first = growth(1 / (1 + REDSHIFT), Cosmology()).first
    kinds = {1: (dark, np.full(3, 0.3))}
    if gas:
        kinds[0] = (gas, np.array([-0.32, -0.3, -0.29]))
    where = {
        kind: lattice(side) + offset + first * spectral_displacement(exact)(offset)
        for kind, (_, offset) in sorted(kinds.items())
    }
    assert (where[1] - lattice(side)).std() > 0.5 * BOX / side
    ids = {kind: numbered(side, **form) for kind, (form, _) in kinds.items()}
    on_root(world(), lambda: save(shared_folder / "ics.hdf5", *where.values(), ids=ids)
            if gas else save(shared_folder / "ics.hdf5", where[1], ids=ids))  # fmt: skip
    recover(shared_folder / "ics.hdf5", "--lpt-order", 1, "-o", shared_folder / "ics.h5")
    field = recovered(shared_folder / "ics.h5")[1]
    np.testing.assert_allclose(field, exact, rtol=0, atol=1e-9 * exact.std())


def test_ids_that_number_no_lattice_are_not_believed(tmp_path):
    """Particles next to their points are found all the same; those further away are not."""
    side, exact = 8, smooth_field(8)
    first = growth(1 / (1 + REDSHIFT), Cosmology()).first
    moved = spectral_displacement(exact)(np.zeros(3))
    shuffled = {1: np.random.default_rng(4).permutation(side**3)}
    save(tmp_path / "ics.hdf5", lattice(side) + first * moved, ids=shuffled)
    recover(tmp_path / "ics.hdf5", "--lpt-order", 1, "-o", tmp_path / "ics.h5")
    field = recovered(tmp_path / "ics.h5")[1]
    np.testing.assert_allclose(field, exact, rtol=0, atol=1e-9 * exact.std())
    save(tmp_path / "ics.hdf5", lattice(side) + 60 * first * moved, ids=shuffled)
    with pytest.raises(BadInput, match="next to them, or two, and IDs number no lattice: give"):
        recover(tmp_path / "ics.hdf5", "--lpt-order", 1, "--force", "-o", tmp_path / "ics.h5")
