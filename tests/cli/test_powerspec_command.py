# SPDX-License-Identifier: GPL-3.0-or-later
"""powerspec: from files to CSV, on any number of ranks, and what it refuses."""

import dataclasses
import itertools
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from hdf5_access import dataset

from jerald_tools.cli.powerspec import main
from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.io.grids import MapHeader, write_map
from jerald_tools.io.particles import ParticlesHeader, write_particles
from jerald_tools.io.record import this_run
from jerald_tools.io.spectra import read_spectrum
from jerald_tools.mesh.ranks import on_root, world

GOLDEN = Path(__file__).parents[1] / "golden" / "nbodykit_power.h5"
MESH = (16, 12, 20)
BOX_SIZE = (8.0, 6.0, 10.0)
HEADER = MapHeader("stellar-mass", "1e10 Msun/h per cell", "", BOX_SIZE, MESH, 2.0, Cosmology())
RECORD = this_run(arguments=["test"])


def powerspec(*arguments):
    main.main([str(argument) for argument in arguments], standalone_mode=False)


def save(path, field, **changes):
    header = dataclasses.replace(HEADER, mesh=field.shape, **changes)
    on_root(world(), write_map, path, header, [(0, field)], RECORD)
    return path


def lognormal_maps(shape=MESH):
    generator = np.random.default_rng(11)
    reference = generator.lognormal(size=shape)
    return 0.8 * reference * generator.lognormal(sigma=0.3, size=shape), reference


@pytest.fixture
def maps(tmp_path):
    model, reference = lognormal_maps()
    return save(tmp_path / "model.h5", model), save(tmp_path / "reference.h5", reference)


def slow_power(first, second, edges):
    """Mean of Re(a conj(b)) V over all modes of the full transform, in bins, mode by mode."""
    volume = np.prod(BOX_SIZE)
    product = np.real(np.fft.fftn(first) * np.conj(np.fft.fftn(second))) / first.size**2 * volume
    k = np.sqrt(
        sum(
            (2 * np.pi * np.fft.fftfreq(nodes, side / nodes).reshape(np.roll([-1, 1, 1], axis)))
            ** 2
            for axis, (nodes, side) in enumerate(zip(first.shape, BOX_SIZE, strict=True))
        )
    )
    inside = [(k >= low) & (k < high) for low, high in itertools.pairwise(edges)]
    return np.array([[product[mask].mean(), mask.sum(), k[mask].mean()] for mask in inside]).T


@pytest.mark.ranks
def test_columns_are_those_of_a_slow_sum_over_all_modes(shared_folder):
    model, reference = lognormal_maps()
    files = save(shared_folder / "m.h5", model), save(shared_folder / "r.h5", reference)
    output = shared_folder / "pk.csv"
    edges = [0.5, 1.1, 2.3, 4.7]
    powerspec(files[0], "--reference", files[1], "-o", output, "--precision", "double", "--edges",
              "0.5,1.1,2.3,4.7")  # fmt: skip
    columns, notes = read_spectrum(output)
    contrasts = model / reference.mean(), reference / reference.mean()
    own, modes, k = slow_power(contrasts[0], contrasts[0], edges)
    other, cross = (slow_power(field, contrasts[1], edges)[0] for field in contrasts[::-1])
    np.testing.assert_array_equal(columns["modes"], modes)
    for name, expected in {
        "k": k,
        "P": own,
        "P_ref": other,
        "P_cross": cross,
        "ratio": own / other,
        "r": cross / np.sqrt(own * other),
    }.items():
        np.testing.assert_allclose(columns[name], expected, rtol=1e-10, err_msg=name)
    assert float(notes["mean_ratio"]) == pytest.approx(model.mean() / reference.mean(), rel=1e-12)
    assert notes["quantity"] == "stellar-mass"
    assert notes["label"] == "whole box"


@pytest.mark.ranks
def test_particles_as_nbodykit_paints_them(shared_folder):
    with h5py.File(GOLDEN, "r") as golden:
        positions = dataset(golden, "catalogue1")[:]
        spectrum = "spectra/cat_tsc_int1_comp1_dkkf_kminhalf"
        power, modes = (dataset(golden, f"{spectrum}/{name}")[:] for name in ("power", "modes"))
        noise = golden[spectrum].attrs["shot_noise"]
    header = ParticlesHeader((20.0, 20.0, 20.0), (64, 64, 64), 0.0, Cosmology())
    rows = [(0, positions)], [(0, np.zeros(positions.shape, np.float32))]
    path, output = shared_folder / "particles.h5", shared_folder / "particles.csv"
    on_root(world(), write_particles, path, header, *rows, RECORD)
    powerspec(path, "--mesh", 64, "--window", "tsc", "--interlace", "--compensate",
              "--precision", "double", "-o", output)  # fmt: skip
    columns, notes = read_spectrum(output)
    np.testing.assert_array_equal(columns["modes"], modes)
    np.testing.assert_allclose(columns["P"], power, rtol=1e-10)
    assert float(notes["shot_noise [(Mpc/h)^3]"]) == pytest.approx(noise)
    assert "P_ref" not in columns


def test_aliases_of_particles_are_warned_of(tmp_path, capsys):
    where = np.random.default_rng(2).random((512, 3)) * 8
    header = ParticlesHeader((8.0, 8.0, 8.0), (8, 8, 8), 0.0, Cosmology())
    path = tmp_path / "particles.h5"
    write_particles(path, header, [(0, where)], [(0, np.zeros((512, 3), np.float32))], RECORD)
    warning = "particles.h5: warning: beyond k = 1.26 h/Mpc, 0.4 of the mesh's Nyquist frequency"
    for options, warns in (
        (["--compensate"], True),
        (["--compensate", "--interlace"], False),
        (["--compensate", "--edges", "0.5,1.2"], False),
        ([], False),
    ):
        powerspec(path, *options, "--force", "-o", tmp_path / "pk.csv")
        assert (warning in capsys.readouterr().err) == warns


def test_a_map_over_its_own_mean_hides_its_amplitude(maps, tmp_path):
    _, reference = maps
    doubled = save(tmp_path / "doubled.h5", 2 * lognormal_maps()[1])
    powerspec(doubled, "--reference", reference, "-o", tmp_path / "over_reference.csv")
    powerspec(doubled, "--reference", reference, "--mean", "own", "-o", tmp_path / "over_own.csv")
    over_reference, _ = read_spectrum(tmp_path / "over_reference.csv")
    over_own, _ = read_spectrum(tmp_path / "over_own.csv")
    np.testing.assert_allclose(over_reference["ratio"], 4.0, rtol=1e-5)
    np.testing.assert_allclose(over_own["ratio"], 1.0, rtol=1e-5)


def test_the_test_region_sees_nothing_of_the_rest(maps, tmp_path):
    model, reference = lognormal_maps()
    elsewhere = model.copy()
    elsewhere[int(0.43 * MESH[0]) :] *= 7
    files = save(tmp_path / "elsewhere.h5", elsewhere)
    for name, path in (("a.csv", maps[0]), ("b.csv", files)):
        powerspec(path, "--reference", maps[1], "--region", "test", "-o", tmp_path / name)
    here, notes = read_spectrum(tmp_path / "a.csv")
    np.testing.assert_array_equal(here["P"], read_spectrum(tmp_path / "b.csv")[0]["P"])
    cube = tuple(slice(int(0.43 * nodes)) for nodes in MESH)
    ratio = model[cube].mean() / reference[cube].mean()
    assert float(notes["mean_ratio"]) == pytest.approx(ratio, rel=1e-6)
    assert notes["label"] == "test cube"


def test_many_inputs_have_an_output_each(maps, tmp_path):
    powerspec(*maps, "-o", tmp_path / "{name}_pk.csv", "--label", "unseen")
    for name in ("model", "reference"):
        columns, notes = read_spectrum(tmp_path / f"{name}_pk.csv")
        assert set(columns) == {"k", "P", "modes"}
        assert notes["label"] == "unseen"
        (made_from,) = json.loads(notes["provenance"])["inputs"]
        assert made_from["path"].endswith(f"{name}.h5")


def damaged(folder, kind):
    """A map with something wrong."""
    path = folder / f"{kind}.h5"
    model, _ = lognormal_maps()
    if kind == "truncated":
        save(path, model)
        path.write_bytes(path.read_bytes()[:-3000])
    elif kind == "without_map":
        save(path, model)
        with h5py.File(path, "a") as file:
            del file["map"]
    elif kind == "with_nan":
        save(path, model)
        with h5py.File(path, "a") as file:
            dataset(file, "map")[3, 3, 3] = np.nan
    elif kind == "text":
        path.write_text("k,P\n")
    elif kind == "zero":
        save(path, 0 * model)
    elif kind == "other_mesh":
        save(path, lognormal_maps((8, 6, 10))[0])
    elif kind == "other_box":
        save(path, model, box_size=(8.0, 6.0, 10.1))
    elif kind == "other_redshift":
        save(path, model, redshift=2.1)
    elif kind == "other_quantity":
        save(path, model, quantity="neutral-hydrogen", units="cm^-3 (proper)")
    return path  # "missing" is not there


@pytest.mark.parametrize(
    "kind",
    [
        "missing",
        "truncated",
        "without_map",
        "with_nan",
        "text",
        "other_mesh",
        "other_box",
        "other_redshift",
        "other_quantity",
    ],
)
def test_a_bad_file_is_one_line_that_names_it(maps, tmp_path, capsys, kind):
    bad = damaged(tmp_path, kind)
    for inputs in ((bad, "--reference", maps[1]), (maps[0], "--reference", bad)):
        with pytest.raises(SystemExit) as end:
            main.main([*map(str, inputs), "-o", str(tmp_path / "pk.csv")])
        assert end.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert bad.name in line
        assert not (tmp_path / "pk.csv").exists()


def test_an_empty_map_is_refused_by_name_alone_and_has_no_power_beside_a_reference(maps, tmp_path):
    empty = damaged(tmp_path, "zero")
    with pytest.raises(BadInput, match=r"zero\.h5"):
        powerspec(empty, "-o", tmp_path / "pk.csv")
    with pytest.raises(BadInput, match=r"zero\.h5"):
        powerspec(maps[0], "--reference", empty, "-o", tmp_path / "pk.csv")
    powerspec(empty, "--reference", maps[1], "-o", tmp_path / "pk.csv")
    columns, _ = read_spectrum(tmp_path / "pk.csv")
    assert np.all(columns["P"] == 0)
    assert np.all(np.isnan(columns["r"]))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--edges", "1,a"], "--edges"),
        (["--edges", "2,1"], "rise"),
        (["--mean", "reference"], "--reference"),
        (["--interlace"], "--interlace"),
        (["--window", "tsc"], "--window"),
        (["--region", "corner"], "corner"),
        (["--mesh", "1"], "mesh"),
        (["more.h5"], "{name}"),
    ],
)
def test_an_impossible_option_is_one_line(maps, tmp_path, capsys, options, word):
    with pytest.raises(SystemExit) as end:
        main.main([str(maps[0]), *options, "-o", str(tmp_path / "pk.csv")])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert word in line
    assert not (tmp_path / "pk.csv").exists()


def test_an_output_that_exists_is_kept_unless_forced(maps, tmp_path):
    output = tmp_path / "pk.csv"
    output.write_text("precious")
    with pytest.raises(BadInput, match="--force"):
        powerspec(maps[0], "-o", output)
    assert output.read_text() == "precious"
    powerspec(maps[0], "-o", output, "--force")
    assert output.read_text() != "precious"
