# SPDX-License-Identifier: GPL-3.0-or-later
"""generate-ics: from a seed or a file to initial conditions, on any ranks, and what it refuses."""

import re
from pathlib import Path

import click
import h5py
import numpy as np
import pytest
from goldens import DIRECTORY

from jerald_tools.cli.initial_conditions import generate_ics as main
from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import read_linear_power
from jerald_tools.gravity.lpt import linear_field
from jerald_tools.gravity.white_noise import white_noise
from jerald_tools.io.grids import InitialConditionsFile
from jerald_tools.io.white_noise import open_white_noise
from jerald_tools.mesh.fields import c2r
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import Ranks, on_root, world

POWER = DIRECTORY / "linear_power.txt"
SEED = ["--seed", 7, "--mesh", 16, "--box-size", 20]


def generate_ics(*arguments):
    main.main([str(argument) for argument in (*arguments, "-q")], standalone_mode=False)


def read(path):
    with InitialConditionsFile(path) as file:
        return file.header, file.read()


def seed_density(precision="double", **options):
    mesh = make_mesh(16, 20.0, precision, ranks=Ranks())
    return np.asarray(linear_field(mesh, white_noise(mesh, 7, **options), read_linear_power(POWER)))


def save_field(path, name, values, **attributes):
    with h5py.File(path, "w") as file:
        file[name] = values
        file.attrs.update(attributes)
    return path


@pytest.mark.ranks
def test_seed_and_power_give_the_linear_density(shared_folder):
    output = shared_folder / "ics.h5"
    generate_ics(*SEED, "--power", POWER, "--precision", "double", "-o", output)
    header, density = read(output)
    # FFTW's plans differ with the ranks, hence the last bits.
    np.testing.assert_allclose(density, seed_density(), rtol=0, atol=1e-12 * density.std() * 10)
    assert header.box_size == (20.0, 20.0, 20.0)
    assert header.mesh == (16, 16, 16)
    assert header.lattice == (8, 8, 8)
    assert header.redshift == 0
    assert header.cosmology == Cosmology()
    assert header.attributes == {
        "seed": 7,
        "fixed": False,
        "paired": False,
        "linear_power": "linear_power.txt",
    }


@pytest.mark.parametrize("option", ["fixed", "paired"])
def test_fixed_and_paired(tmp_path, option):
    generate_ics(*SEED, "--power", POWER, f"--{option}", "-o", tmp_path / "ics.h5")
    header, density = read(tmp_path / "ics.h5")
    assert header.attributes[option] is True
    assert density.dtype == np.float32
    np.testing.assert_array_equal(density, seed_density("single", **{option: True}))


def test_cosmology_travels_and_camb_follows_it(tmp_path):
    densities = {}
    for sigma8 in (0.4, 0.8):
        output = tmp_path / f"{sigma8}.h5"
        generate_ics(*SEED, "--camb", "--sigma8", sigma8, "--omega-m", 0.3, "-o", output)
        header, densities[sigma8] = read(output)
        assert header.cosmology == Cosmology(omega_m=0.3, sigma8=sigma8)
        assert header.attributes["linear_power"].startswith("CAMB")
    np.testing.assert_allclose(densities[0.8], 2 * densities[0.4], rtol=1e-4, atol=1e-4)


def save_grafic(path, noise, order="<", mark="i4", number="f4", cut=0):
    """GRAFIC's records: nx, ny, nz, seed; then the planes of z, x fastest."""

    def record(data):
        length = np.array([data.nbytes], f"{order}{mark}").tobytes()
        return length + data.tobytes() + length

    content = record(np.array([*noise.shape, 5], f"{order}i4"))
    for plane in noise.transpose(2, 1, 0):
        content += record(np.ascontiguousarray(plane, f"{order}{number}"))
    path.write_bytes(content[: len(content) - cut])
    return path


def save_music(path, noise, number="f8"):
    """MUSIC's wnoise file: nx, ny, nz; then the numbers, z fastest."""
    path.write_bytes(np.array(noise.shape, "<i4").tobytes() + noise.astype(f"<{number}").tobytes())
    return path


NOISE = np.random.default_rng(9).normal(size=(8, 6, 10))
LAYOUTS = [
    (save_grafic, {}, 1e-6),
    (save_grafic, {"mark": "i8"}, 1e-6),
    (save_grafic, {"order": ">"}, 1e-6),
    (save_grafic, {"number": "f8", "mark": "i8"}, 0),
    (save_music, {}, 0),
    (save_music, {"number": "f4"}, 1e-6),
]


@pytest.mark.parametrize(("save", "layout", "tolerance"), LAYOUTS)
def test_layouts_of_white_noise(tmp_path, save, layout, tolerance):
    """An uneven mesh, so that no two axes can change places; every slab by itself."""
    with open_white_noise(save(tmp_path / "noise.bin", NOISE, **layout)) as file:
        assert file.header.shape == NOISE.shape
        np.testing.assert_allclose(file.read(), NOISE, rtol=tolerance)
        np.testing.assert_allclose(file.read(3, 5), NOISE[3:5], rtol=tolerance)
        assert file.read(8, 8).shape == (0, 6, 10)


@pytest.mark.ranks
@pytest.mark.parametrize("save", [save_grafic, save_music])
def test_white_noise_of_other_codes_gives_the_same_density(shared_folder, save):
    noise = np.random.default_rng(2).normal(size=(16, 16, 16)).astype(np.float32)
    options = ["--box-size", 20, "--power", POWER, "--precision", "double"]
    on_root(world(), save_field, shared_folder / "ours.h5", "white_noise", noise)
    on_root(world(), save, shared_folder / "theirs.bin", noise)
    for name in ("ours.h5", "theirs.bin"):
        generate_ics("--white-noise", shared_folder / name, *options, "-o",
                     shared_folder / f"{name}.ics.h5")  # fmt: skip
    _, ours = read(shared_folder / "ours.h5.ics.h5")
    _, theirs = read(shared_folder / "theirs.bin.ics.h5")
    np.testing.assert_array_equal(theirs, ours)
    generate_ics("--white-noise", shared_folder / "theirs.bin", *options, "--paired", "-o",
                 shared_folder / "paired.h5")  # fmt: skip
    np.testing.assert_allclose(read(shared_folder / "paired.h5")[1], -ours, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda path: save_grafic(path, NOISE, cut=5),
            "which are not the 8 x 6 x 10 numbers of its GRAFIC header; copy it again",
        ),
        (lambda path: path.write_bytes(b"\x10\0\0\0"), "is not white noise in a known layout"),
        (
            lambda path: path.write_text("white noise, " * 100),
            "is not white noise in a known layout",
        ),
        (lambda path: save_music(path, NOISE + np.nan), "NaN or infinite"),
    ],
)
def test_white_noise_that_is_refused(tmp_path, change, message):
    change(tmp_path / "noise.bin")
    with pytest.raises(BadInput, match=message):
        generate_ics("--white-noise", tmp_path / "noise.bin", "--box-size", 20, "--power", POWER,
                     "-o", tmp_path / "ics.h5")  # fmt: skip
    assert not (tmp_path / "ics.h5").exists()


def test_a_damaged_record_is_refused(tmp_path):
    content = bytearray(save_grafic(tmp_path / "noise.bin", NOISE).read_bytes())
    content[24 + 8 * 6 * 4 + 4] ^= 1
    (tmp_path / "noise.bin").write_bytes(content)
    with (
        open_white_noise(tmp_path / "noise.bin") as file,
        pytest.raises(BadInput, match="a record has another length"),
    ):
        file.read()


@pytest.mark.ranks
def test_the_white_noise_of_a_seed_from_a_file_gives_the_same(shared_folder):
    mesh = make_mesh(16, 20.0, "double", ranks=Ranks())
    noise = np.asarray(c2r(mesh, white_noise(mesh, 7))) / np.sqrt(mesh.size)
    path = shared_folder / "noise.h5"
    on_root(world(), save_field, path, "white_noise", noise)
    generate_ics("--white-noise", path, "--box-size", 20, "--power", POWER, "--particles", 16,
                 "--precision", "double", "-o", shared_folder / "ics.h5")  # fmt: skip
    header, density = read(shared_folder / "ics.h5")
    assert header.lattice == (16, 16, 16)
    np.testing.assert_allclose(density, seed_density(), rtol=0, atol=1e-11)


def test_a_linear_density_from_elsewhere_is_kept(tmp_path):
    values = np.random.default_rng(2).standard_normal((8, 4, 6)).astype(np.float32)
    path = save_field(tmp_path / "delta.h5", "linear_density", values)
    generate_ics("--linear-density", path, "--box-size", 12, "-o", tmp_path / "ics.h5")
    header, density = read(tmp_path / "ics.h5")
    np.testing.assert_array_equal(density, values)
    assert header.box_size == (12.0, 6.0, 9.0)
    assert header.lattice == (4, 2, 3)


def test_our_own_file_brings_box_and_cosmology(tmp_path):
    first, second = tmp_path / "first.h5", tmp_path / "second.h5"
    generate_ics(*SEED, "--power", POWER, "--h", 0.7, "-o", first)
    generate_ics("--linear-density", first, "--particles", 4, "-o", second)
    (before, density), (after, same) = read(first), read(second)
    np.testing.assert_array_equal(density, same)
    assert after.lattice == (4, 4, 4)
    assert (after.box_size, after.cosmology) == (before.box_size, before.cosmology)
    assert after.cosmology.h == 0.7


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--power", POWER], "one of --seed"),
        ([*SEED, "--white-noise", "noise.h5", "--power", POWER], "one of --seed"),
        ([*SEED], "one of --power"),
        ([*SEED, "--power", POWER, "--camb"], "one of --power"),
        (["--seed", 7, "--power", POWER, "--mesh", 16], "--box-size"),
        (["--seed", 7, "--power", POWER, "--box-size", 20], "--mesh"),
        (["--white-noise", "noise.h5", "--power", POWER, "--fixed"], "--fixed"),
        (["--linear-density", "delta.h5", "--camb"], "--camb"),
        ([*SEED, "--power", "absent.txt"], "absent.txt"),
        ([*SEED, "--power", POWER, "--particles", 6], "--particles 6"),
        ([*SEED, "--power", POWER, "--particles", 32], "--particles 32"),
        ([*SEED, "--power", POWER, "--particles", 0], "--particles 0"),
        ([*SEED, "--power", POWER, "--omega-m", 1.5], "omega_m = 1.5"),
        ([*SEED, "--power", POWER, "--sigma8", "nan"], "sigma8 = nan"),
        (
            ["--seed", -3, "--mesh", 16, "--box-size", 20, "--power", POWER],
            "-3 is not in the range",
        ),
        (["--seed", 7, "--mesh", 15, "--box-size", 20, "--power", POWER], "15 x 15 x 15"),
        (["--seed", 7, "--mesh", 0, "--box-size", 20, "--power", POWER], "0"),
        (["--seed", 7, "--mesh", 16, "--box-size", -1, "--power", POWER], "--box-size -1"),
        (["--seed", 7, "--mesh", 16, "--box-size", 1e7, "--power", POWER], "wider table"),
        (["--white-noise", "absent.h5", "--power", POWER, "--box-size", 20], "absent.h5"),
        (
            ["--white-noise", POWER, "--power", POWER, "--box-size", 20],
            "is not white noise in a known layout",
        ),
        (["--white-noise", "delta.h5", "--power", POWER, "--box-size", 20], "no dataset"),
        (["--white-noise", "loud.h5", "--power", POWER, "--box-size", 20], "variance 9"),
        (["--white-noise", "nan.h5", "--power", POWER, "--box-size", 20], "NaN"),
        (["--white-noise", "flat.h5", "--power", POWER, "--box-size", 20], "three axes"),
        (["--white-noise", "noise.h5", "--power", POWER], "--box-size"),
        (["--linear-density", "delta.h5", "--box-size", 21], "its box is"),
        (["--linear-density", "delta.h5", "--mesh", 16], "its mesh is"),
        (["--linear-density", "torn.h5"], "torn.h5"),
    ],
)
def test_bad_input_is_one_line_and_no_file(tmp_path, monkeypatch, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    field = np.random.default_rng(1).choice([-1.0, 1.0], (8, 8, 8))
    save_field("noise.h5", "white_noise", field)
    save_field("loud.h5", "white_noise", 3 * field)
    save_field("nan.h5", "white_noise", np.where(field[:, :1] > 0, field, np.nan))
    save_field("flat.h5", "white_noise", field[0])
    save_field("delta.h5", "linear_density", field, box_size=20.0)
    Path("torn.h5").write_bytes(Path("delta.h5").read_bytes()[:-1000])
    before = set(tmp_path.iterdir())
    with pytest.raises((BadInput, click.UsageError)) as refusal:
        generate_ics(*arguments, "-o", "ics.h5")
    assert complaint in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert set(tmp_path.iterdir()) == before


def test_an_existing_output_is_kept_unless_forced(tmp_path):
    output = tmp_path / "ics.h5"
    output.write_text("precious")
    with pytest.raises(BadInput, match="--force"):
        generate_ics(*SEED, "--power", POWER, "-o", output)
    assert output.read_text() == "precious"
    generate_ics(*SEED, "--power", POWER, "-o", output, "--force")
    assert read(output)[0].attributes["seed"] == 7


def written(tmp_path, name, k, power):
    np.savetxt(tmp_path / name, np.column_stack([k, power]), fmt="%.8e")
    return tmp_path / name


def test_a_table_of_another_sigma8_is_refused_scaled_or_used(tmp_path, capsys):
    k, power = np.loadtxt(POWER).T
    output = tmp_path / "ics.h5"
    arguments = [*SEED, "--precision", "double", "-o", output, "--force", "--power"]
    whole = written(tmp_path, "whole.txt", k, power)
    generate_ics(*arguments, whole)
    exact = read(output)[1]
    doubled = written(tmp_path, "doubled.txt", k, 4 * power)
    with pytest.raises(
        BadInput, match=r"doubled\.txt: its sigma8 is 1\.658, the cosmology's 0\.829"
    ):
        generate_ics(*arguments, doubled)
    generate_ics(*arguments, doubled, "--rescale-sigma8")
    np.testing.assert_allclose(read(output)[1], exact, rtol=0, atol=1e-4 * exact.std())
    main.main([str(each) for each in (*arguments, doubled, "--allow-mismatch")], None, None, False)
    np.testing.assert_allclose(read(output)[1], 2 * exact, rtol=0, atol=1e-6 * exact.std())
    said = capsys.readouterr().err
    assert "doubled.txt: warning: its sigma8 is 1.658, the cosmology's 0.829" in said
    assert re.search(r"it is \+(299|300|301)\.\d % from the power of CAMB", said)


def test_a_table_of_another_shape_is_said(tmp_path, capsys):
    k, power = np.loadtxt(POWER).T
    bent = written(tmp_path, "bent.txt", k, power * (1 + 0.55 * np.clip((k - 1.3) / 8.7, 0, 1)))
    arguments = [*SEED, "--mesh", 64, "--power", bent, "-o", tmp_path / "ics.h5"]
    main.main([str(argument) for argument in arguments], standalone_mode=False)
    line = capsys.readouterr().err
    assert re.search(r"bent\.txt: warning: at k = 10\.\d? h/Mpc it is \+5[45]\.\d %", line)
    arguments = [*SEED, "--power", POWER, "-o", tmp_path / "whole.h5"]
    main.main([str(argument) for argument in arguments], standalone_mode=False)
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--camb", "--rescale-sigma8"], "--rescale-sigma8 is for a --power FILE; leave it out"),
        (["--camb", "--allow-mismatch"], "--allow-mismatch is for a --power FILE; leave it out"),
        (["--power", POWER, "--rescale-sigma8", "--allow-mismatch"], "exclude each other"),
    ],
)
def test_options_of_tables(tmp_path, options, message):
    with pytest.raises(BadInput, match=message):
        generate_ics(*SEED, *options, "-o", tmp_path / "ics.h5")


def test_a_seed_of_gadget4_is_another_universe(tmp_path):
    for order in ("n-genic", "gadget4"):
        arguments = [*SEED, "--power", POWER, "--precision", "double", "--seed-order", order]
        generate_ics(*arguments, "-o", tmp_path / f"{order}.h5")
        header, density = read(tmp_path / f"{order}.h5")
        assert header.attributes.get("seed_order") == (order if order == "gadget4" else None)
        expected = seed_density(order=order)
        np.testing.assert_allclose(density, expected, rtol=0, atol=1e-11 * density.std())
    with pytest.raises(BadInput, match="--seed-order gadget4 is for a --seed; leave it out"):
        generate_ics("--white-noise", "noise.h5", "--power", POWER, "--seed-order", "gadget4",
                     "-o", tmp_path / "ics.h5")  # fmt: skip
