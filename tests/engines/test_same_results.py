# SPDX-License-Identifier: GPL-3.0-or-later
"""pmesh, fastpm-python and nbodykit behind our commands give what our own code gives."""

import json

import numpy as np
import pytest
from goldens import load_golden
from small_ics import BOX_SIZE, LATTICE, MESH, save_ics

from jerald_tools.cli.initial_conditions import generate_ics
from jerald_tools.cli.paint import main as paint
from jerald_tools.cli.powerspec import main as powerspec
from jerald_tools.cli.run_fastpm import main as run_fastpm
from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower
from jerald_tools.gravity.lpt import linear_field
from jerald_tools.gravity.white_noise import noise_of_field, white_noise
from jerald_tools.io.grids import MapFile
from jerald_tools.io.inputs import describe_input
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.io.spectra import read_spectrum
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import on_root, world

# The packages warn of what NumPy and pandas plan.
pytestmark = [pytest.mark.filterwarnings("default")]
POWER = LinearPower(np.geomspace(1e-2, 1e2, 60), 30 * np.geomspace(1e-2, 1e2, 60) ** -1.5, "test")
UNIVERSES = {"omega_m 0.308": Cosmology(), "omega_m 0.25": Cosmology(omega_m=0.25, sigma8=0.9)}
DOUBLE = ("--precision", "double")


def call(command, *arguments, precision=DOUBLE):
    command.main([*map(str, arguments), *precision, "-q"], standalone_mode=False)


def read(reader, path):
    with reader(path) as file:
        return file.read(0, file.header.number) if reader is ParticlesFile else file.read()


def farthest(ours, theirs, box_size):
    difference, box = ours - theirs, np.array(box_size)
    return np.abs(difference - box * np.rint(difference / box)).max()


def density_of(engine_functions, mesh, seed, fixed, paired):
    noise = engine_functions[0](mesh, seed, fixed, paired)
    return np.asarray(engine_functions[1](mesh, noise, POWER))


@pytest.mark.ranks
@pytest.mark.parametrize("engine", ["pmesh"], indirect=True)
@pytest.mark.parametrize("seed", [0, 1, 9281, 2**31 - 1])
@pytest.mark.parametrize("paired", [False, True])
def test_the_linear_density_of_a_seed(engine, seed, paired):
    mesh = make_mesh(16, 20.0, "double")
    ours = density_of((white_noise, linear_field), mesh, seed, False, paired)
    theirs = density_of((engine.white_noise, engine.linear_field), mesh, seed, False, paired)
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-12 * np.abs(ours).max())


@pytest.mark.parametrize("engine", ["pmesh"], indirect=True)
def test_fixed_amplitudes_differ_at_the_seven_modes_of_the_nyquist_planes(engine):
    mesh = make_mesh(16, 20.0, "double")
    ours = np.asarray(white_noise(mesh, 9281, fixed=True))
    theirs = np.asarray(engine.white_noise(mesh, 9281, fixed=True))
    other = np.argwhere(np.abs(theirs - ours) > 1e-12)
    assert {tuple(mode) for mode in other} <= {
        (x, y, z) for x in (0, 8) for y in (0, 8) for z in (0, 8) if (x, y, z) != (0, 0, 0)
    }
    np.testing.assert_array_equal(theirs[tuple(other.T)], 1)


@pytest.mark.parametrize("engine", ["pmesh"], indirect=True)
def test_single_precision(engine):
    mesh = make_mesh(16, 20.0, "single")
    ours = density_of((white_noise, linear_field), mesh, 5, False, False)
    theirs = density_of((engine.white_noise, engine.linear_field), mesh, 5, False, False)
    assert theirs.dtype == np.float32
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=2e-6 * np.abs(ours).max())


@pytest.mark.parametrize("engine", ["pmesh"], indirect=True)
def test_the_stored_noise_of_pmesh(engine):
    """The package that is installed draws what the golden one drew."""
    stored = load_golden("pmesh_white_noise.npz")["N32_seed9281_unitary0"]
    noise = engine.white_noise(make_mesh(32, 20.0, "double"), 9281)
    np.testing.assert_allclose(np.asarray(noise), stored, rtol=0, atol=1e-12)


@pytest.fixture
def universe(request, shared_folder):
    """Initial conditions of a seed by our own engine, for one of two cosmologies."""
    cosmology = UNIVERSES[request.param]
    table = shared_folder / "power.txt"
    k = np.geomspace(1e-2, 1e2, 60)
    on_root(world(), np.savetxt, table, np.stack([k, 30 * k**-1.5], 1))
    call(generate_ics, "--seed", 7, "--mesh", 16, "--particles", 16, "--box-size", 20, "--power",
         table, "--omega-m", cosmology.omega_m, "--sigma8", cosmology.sigma8, "-o",
         shared_folder / "ics.h5")  # fmt: skip
    return shared_folder


@pytest.mark.ranks
@pytest.mark.parametrize("engine", ["fastpm"], indirect=True)
@pytest.mark.parametrize("universe", list(UNIVERSES), indirect=True)
def test_particles_after_ten_steps(engine, universe):
    for name in ("jerald", "fastpm"):
        call(run_fastpm, universe / "ics.h5", "--redshift", 2, "--redshift", 0, "--steps", 10,
             "--single-run", "--force-mesh-factor", 2, "--second-order", "fastpm",
             "--engine", name, "-o", universe / f"{name}_{{redshift}}.h5")  # fmt: skip
    for redshift in ("2.00", "0.00"):
        ours, theirs = (
            read(ParticlesFile, universe / f"{name}_{redshift}.h5") for name in ("jerald", "fastpm")
        )
        np.testing.assert_array_equal(theirs[0], ours[0])
        assert farthest(ours[1], theirs[1], (20.0, 20.0, 20.0)) < 1e-5
        np.testing.assert_allclose(theirs[2], ours[2], rtol=0, atol=1e-3)


@pytest.mark.ranks
@pytest.mark.parametrize("engine", ["fastpm"], indirect=True)
def test_a_box_of_three_sides(engine, shared_folder):
    on_root(world(), save_ics, shared_folder / "ics.h5")
    for name in ("jerald", "fastpm"):
        call(run_fastpm, shared_folder / "ics.h5", "--redshift", 1, "--steps", 3, "--second-order",
             "fastpm", "--engine", name, "-o", shared_folder / f"{name}.h5")  # fmt: skip
    ours, theirs = (read(ParticlesFile, shared_folder / f"{n}.h5") for n in ("jerald", "fastpm"))
    assert len(ours[0]) == np.prod(LATTICE)
    assert farthest(ours[1], theirs[1], BOX_SIZE) < 1e-5


@pytest.mark.parametrize("engine", ["fastpm"], indirect=True)
def test_particles_in_single_precision(engine, tmp_path):
    save_ics(tmp_path / "ics.h5")
    for name in ("jerald", "fastpm"):
        call(run_fastpm, tmp_path / "ics.h5", "--redshift", 1, "--steps", 3, "--second-order",
             "fastpm", "--engine", name, "-o", tmp_path / f"{name}.h5", "--precision", "single",
             precision=())  # fmt: skip
    ours, theirs = (read(ParticlesFile, tmp_path / f"{n}.h5") for n in ("jerald", "fastpm"))
    assert farthest(ours[1], theirs[1], BOX_SIZE) < 1e-4
    np.testing.assert_allclose(theirs[2], ours[2], rtol=0, atol=1e-5 * np.abs(ours[2]).max())


@pytest.mark.parametrize("engine", ["fastpm"], indirect=True)
def test_maps_of_either_particles(engine, tmp_path):
    save_ics(tmp_path / "ics.h5")
    for name in ("jerald", "fastpm"):
        call(run_fastpm, tmp_path / "ics.h5", "--redshift", 1, "--steps", 3, "--second-order",
             "fastpm", "--engine", name, "-o", tmp_path / f"{name}.h5")  # fmt: skip
        call(paint, tmp_path / f"{name}.h5", "--mesh", 16, "-o", tmp_path / f"{name}_map.h5")
    ours, theirs = (read(MapFile, tmp_path / f"{name}_map.h5") for name in ("jerald", "fastpm"))
    assert np.abs(theirs - ours).max() < 1e-4 * ours.std()


@pytest.mark.parametrize("engine", ["fastpm"], indirect=True)
def test_provenance_names_engine_and_versions(engine, tmp_path, capsys):
    save_ics(tmp_path / "ics.h5")
    arguments = ["--redshift", "1", "--steps", "2", "--engine", "fastpm"]
    run_fastpm.main(
        [str(tmp_path / "ics.h5"), *arguments, "-o", str(tmp_path / "p.h5")], standalone_mode=False
    )
    assert "grows as with --second-order fastpm" in capsys.readouterr().err
    run = describe_input(tmp_path / "p.h5").record.run
    assert run["engine"] == "fastpm"
    assert "fastpm 0." in run["engine_versions"]
    assert run["threads"] == 1
    with ParticlesFile(tmp_path / "p.h5") as file:
        scheme = file.header.attributes["step_scheme"]
    scheme = json.loads(scheme) if isinstance(scheme, str) else scheme
    assert scheme["second_order"] == "fastpm"


PAINTINGS = (
    (),
    ("--interlace",),
    ("--compensate",),
    ("--window", "tsc"),
    ("--window", "tsc", "--interlace", "--compensate"),
)


@pytest.mark.ranks
@pytest.mark.parametrize("engine", ["nbodykit"], indirect=True)
@pytest.mark.parametrize("painting", PAINTINGS, ids=" ".join)
def test_power_of_particles(engine, painting, shared_folder):
    on_root(world(), save_ics, shared_folder / "ics.h5")
    for steps in (2, 3):
        call(run_fastpm, shared_folder / "ics.h5", "--redshift", 1, "--steps", steps, "-o",
             shared_folder / f"{steps}.h5")  # fmt: skip
    for name in ("jerald", "nbodykit"):
        call(powerspec, shared_folder / "2.h5", "--reference", shared_folder / "3.h5", "--mesh",
             MESH[0], *painting, "--engine", name, "-o", shared_folder / f"{name}.csv")  # fmt: skip
    same_spectra(shared_folder)


@pytest.mark.ranks
@pytest.mark.parametrize("engine", ["nbodykit"], indirect=True)
@pytest.mark.parametrize("options", [(), ("--mean", "own"), ("--region", "test")], ids=" ".join)
def test_power_of_maps(engine, options, shared_folder):
    on_root(world(), save_ics, shared_folder / "ics.h5")
    for steps in (2, 3):
        call(run_fastpm, shared_folder / "ics.h5", "--redshift", 1, "--steps", steps, "-o",
             shared_folder / f"{steps}.h5")  # fmt: skip
        call(paint, shared_folder / f"{steps}.h5", "--mesh", 16, "-o",
             shared_folder / f"map_{steps}.h5")  # fmt: skip
    for name in ("jerald", "nbodykit"):
        call(powerspec, shared_folder / "map_2.h5", "--reference", shared_folder / "map_3.h5",
             *options, "--engine", name, "-o", shared_folder / f"{name}.csv")  # fmt: skip
    same_spectra(shared_folder)


def same_spectra(folder):
    (ours, _), (theirs, notes) = (
        read_spectrum(folder / f"{name}.csv") for name in ("jerald", "nbodykit")
    )
    np.testing.assert_array_equal(theirs["modes"], ours["modes"])
    for column, values in ours.items():
        np.testing.assert_allclose(theirs[column], values, rtol=1e-10, err_msg=column)
    assert json.loads(notes["provenance"])["engine"] == "nbodykit"


@pytest.mark.ranks
@pytest.mark.parametrize("engine", ["pmesh"], indirect=True)
def test_the_linear_density_of_noise_on_nodes(engine):
    mesh = make_mesh(MESH, BOX_SIZE, "double")
    field = np.random.default_rng(4).normal(size=MESH)[mesh.x_start : mesh.x_stop]
    ours = np.asarray(linear_field(mesh, noise_of_field(mesh, field), POWER))
    theirs = engine.linear_field(mesh, engine.noise_of_field(mesh, field), POWER)
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-12 * np.abs(ours).max())
    with pytest.raises(BadInput, match="white noise of variance"):
        engine.noise_of_field(mesh, 2 * field)
