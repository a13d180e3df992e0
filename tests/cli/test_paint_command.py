# SPDX-License-Identifier: GPL-3.0-or-later
"""paint: from particles and fits to maps, in real and redshift space, and what it refuses."""

import dataclasses
import itertools
import shutil
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_cases import generic_parameters
from small_universe import (
    BOX_SIZE,
    CELL_SIZE,
    CONSTANTS,
    COSMOLOGY,
    MEANS,
    REDSHIFT,
    SHAPE,
    STEP_SCHEME,
    UNITS,
    VALIDITY,
    cloud_in_cell,
    header_of,
    map_of,
    positions,
    save_fit,
    save_particles,
    untrained_fit,
    velocities,
)

from jerald_tools.cli.paint import main
from jerald_tools.cosmology import hubble_rate
from jerald_tools.errors import BadInput
from jerald_tools.io.parallel import load_particles
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.io.sealed_json import read_document
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.paint import density
from jerald_tools.mesh.ranks import Ranks, gather, on_root, world
from jerald_tools.model.model import predict
from jerald_tools.model.neutral_hydrogen import relative_stellar_mass
from jerald_tools.model.quantity import ModelInputs
from jerald_tools.quantities import NAMES, quantity_named
from jerald_tools.stages import paint as stage

# km/s that move a particle by one cell in redshift space.
CELL_VELOCITY = CELL_SIZE * 100 * float(hubble_rate(1 / (1 + REDSHIFT), COSMOLOGY)) / (1 + REDSHIFT)


def paint(*arguments):
    main.main([str(argument) for argument in (*arguments, "-q")], standalone_mode=False)


def painted(folder, *arguments, output="map.h5"):
    paint(*arguments, "--precision", "double", "-o", folder / output)
    return map_of(folder / output)


@pytest.fixture
def folder():
    """One folder for all ranks, with particles and untrained fits in it."""
    name = Path(on_root(world(), tempfile.mkdtemp))
    on_root(world(), save_particles, name / "particles.h5")
    for quantity in NAMES:
        on_root(world(), save_fit, name / f"{quantity}.json", quantity)
    yield name
    gather(world(), "done")
    on_root(world(), shutil.rmtree, name)


def expected_maps() -> dict:
    """Every quantity by the model's own functions in one process, and its particles."""
    mesh = make_mesh(SHAPE, BOX_SIZE, "double", ranks=Ranks())

    @jax.jit
    def chain(start):
        maps, particles, stars = {}, {}, None
        improved = start
        for name in NAMES:
            quantity = quantity_named(name).with_constants(CONSTANTS.get(name, {}))
            parameters = generic_parameters(name, 1)
            needs_stars = "stellar-mass" in quantity.prerequisites
            sources = (stars,) if needs_stars and stars is not None else ()
            inputs = ModelInputs(improved, density(mesh, improved), sources)
            maps[name] = predict(mesh, quantity, parameters, inputs)
            particles[name] = quantity.displace(mesh, parameters, inputs)
            if name == "dark-matter":
                improved = particles[name]
            if name == "stellar-mass":
                stars = relative_stellar_mass(mesh, maps[name])
        return maps, particles

    return chain(jnp.asarray(positions()))


def test_a_map_states_the_gas_of_its_fits_target(tmp_path):
    particles, fit = save_particles(tmp_path / "p.h5"), tmp_path / "dm.json"
    target = untrained_fit("dark-matter")["target"]
    save_fit(fit, "dark-matter", target={**target, "gas": {"temperature": 9000, "gamma": 1.5}})
    paint(particles, "--fit", fit, "-o", tmp_path / "map.h5")
    attributes = header_of(tmp_path / "map.h5").attributes
    assert (attributes["temperature"], attributes["gamma"]) == (9000, 1.5)


@pytest.mark.ranks
def test_a_fit_paints_what_the_model_predicts(folder):
    maps, particles = expected_maps()
    for quantity in NAMES:
        output, displaced = folder / f"{quantity}.h5", folder / f"{quantity}_particles.h5"
        paint(folder / "particles.h5", "--fit", folder / f"{quantity}.json", "--precision",
              "double", "--save-particles", displaced, "-o", output)  # fmt: skip
        exact = MEANS[quantity] * np.asarray(maps[quantity])
        np.testing.assert_allclose(map_of(output), exact, rtol=1e-11, atol=1e-13 * exact.max())
        header = header_of(output)
        assert (header.quantity, header.units) == (quantity, UNITS[quantity])
        assert (header.redshift, header.cosmology) == (REDSHIFT, COSMOLOGY)
        np.testing.assert_allclose(header.box_size, BOX_SIZE)
        assert header.attributes["redshift_space"] == "none"
        with ParticlesFile(displaced) as file:
            ids, where, moving = file.read()
        np.testing.assert_array_equal(ids, np.arange(1, len(ids) + 1))
        wrapped = np.asarray(particles[quantity]) % np.array(BOX_SIZE)
        np.testing.assert_allclose(where, wrapped, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(moving, velocities())


def test_without_a_fit_it_paints_the_particles_density(folder):
    exact = cloud_in_cell(positions())
    own = painted(folder, folder / "particles.h5", "--save-particles", folder / "same.h5")
    np.testing.assert_allclose(own, exact, rtol=0, atol=1e-12)
    with ParticlesFile(folder / "same.h5") as file:
        np.testing.assert_allclose(file.positions(), positions(), rtol=0, atol=1e-14)
    header = header_of(folder / "map.h5")
    assert (header.quantity, header.units, header.mesh) == ("dark-matter", "1 + delta", SHAPE)
    finer = painted(folder, folder / "particles.h5", "--mesh", 20, output="finer.h5")
    exact = 8 * cloud_in_cell(positions(), shape=(20, 12, 16))
    np.testing.assert_allclose(finer, exact, rtol=0, atol=1e-11)
    paint(folder / "particles.h5", "-o", folder / "single.h5")
    assert map_of(folder / "single.h5").dtype == np.float32
    np.testing.assert_allclose(map_of(folder / "single.h5"), own, rtol=0, atol=1e-4)


def test_many_particle_files_have_a_map_each(folder):
    save_particles(folder / "other.h5", positions(seed=9))
    both, fit = [folder / "particles.h5", folder / "other.h5"], folder / "stellar-mass.json"
    paint(*both, "--fit", fit, "--precision", "double", "-o", folder / "{name}_stars.h5",
          "--save-particles", folder / "{name}_displaced.h5")  # fmt: skip
    maps = [map_of(folder / f"{name}_stars.h5") for name in ("particles", "other")]
    alone = [painted(folder, path, "--fit", fit, output=f"alone_{path.name}") for path in both]
    np.testing.assert_array_equal(maps, alone)
    assert np.any(maps[0] != maps[1])
    for name in ("particles", "other"):
        with ParticlesFile(folder / f"{name}_displaced.h5") as file:
            assert file.header.number == len(positions())


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_velocity_common_to_all_moves_the_map(folder, axis):
    """Two cells to the right, and none along the other axes."""
    moving = np.full((len(positions()), 3), 1000.0)
    moving[:, axis] = 2 * CELL_VELOCITY
    save_particles(folder / "stream.h5", moving=moving)
    for options in ([], ["--fit", folder / "stellar-mass.json"]):
        real = painted(folder, folder / "stream.h5", *options)
        shifted = painted(
            folder, folder / "stream.h5", *options, "--redshift-space", "xyz"[axis],
            output="shifted.h5",
        )  # fmt: skip
        expected = np.roll(real, 2, axis)
        np.testing.assert_allclose(shifted, expected, rtol=0, atol=1e-10 * real.max())
        assert header_of(folder / "shifted.h5").attributes["redshift_space"] == "xyz"[axis]
        for name in ("map.h5", "shifted.h5"):
            (folder / name).unlink()


def test_each_share_of_a_map_moves_with_its_particle(folder):
    """The density, whose shares are the particles' cloud-in-cell weights."""
    cells, expected = positions() / CELL_SIZE, np.zeros(SHAPE)
    lower = np.floor(cells)
    for corner in itertools.product((0, 1), repeat=3):
        weights = np.prod(1 - np.abs(cells - lower - corner), axis=1)
        nodes = (lower + corner) * CELL_SIZE
        nodes[:, 1] += velocities()[:, 1] / CELL_VELOCITY * CELL_SIZE
        expected += cloud_in_cell(nodes, weights)
    moved = painted(folder, folder / "particles.h5", "--redshift-space", "y")
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-10)


@pytest.mark.ranks
def test_redshift_space_conserves_what_a_fit_paints(folder):
    fit = folder / "neutral-hydrogen.json"
    real = painted(folder, folder / "particles.h5", "--fit", fit)
    moved = painted(
        folder, folder / "particles.h5", "--fit", fit, "--redshift-space", "x", output="moved.h5"
    )
    assert moved.sum() == pytest.approx(real.sum(), rel=1e-12)
    assert np.abs(moved - real).max() > 0.1 * real.std()
    assert moved.min() >= 0


@pytest.mark.parametrize("quantity", [None, *NAMES])
def test_without_velocities_redshift_space_is_real_space(folder, quantity):
    save_particles(folder / "still.h5", moving=np.zeros(positions().shape))
    options = ["--fit", folder / f"{quantity}.json"] if quantity else []
    real = painted(folder, folder / "still.h5", *options)
    same = painted(folder, folder / "still.h5", *options, "--redshift-space", "z", output="same.h5")
    np.testing.assert_allclose(same, real, rtol=0, atol=1e-11 * real.max())


def test_shares_of_any_smallness_move_whole(folder):
    """Particles close to nodes have next to nothing on the nodes behind them."""
    nodes = np.rint(positions() / CELL_SIZE) + 1e-13 * np.random.default_rng(2).normal(
        size=positions().shape
    )
    still = save_particles(folder / "still.h5", nodes * CELL_SIZE, np.zeros(nodes.shape))
    moving = save_particles(folder / "moving.h5", nodes * CELL_SIZE)
    fit = save_fit(folder / "hi.json", "neutral-hydrogen", layers=0)
    real = painted(folder, still, "--fit", fit)
    options = ["--fit", fit, "--redshift-space", "y"]
    same = painted(folder, still, *options, output="same.h5")
    np.testing.assert_allclose(same, real, rtol=0, atol=1e-12 * real.max())
    moved = painted(folder, moving, *options, output="moved.h5")
    assert moved.sum() == pytest.approx(real.sum(), rel=1e-12)
    assert moved.min() >= 0


OTHERS = {
    "cell_size": (dataclasses.replace(VALIDITY, cell_size=(CELL_SIZE / 2,) * 3), "--mesh"),
    "particles_per_cell": (dataclasses.replace(VALIDITY, particles_per_cell=8.0), None),
    "redshift": (dataclasses.replace(VALIDITY, redshift=1.0), None),
    "omega_m": (
        dataclasses.replace(VALIDITY, cosmology=dataclasses.replace(COSMOLOGY, omega_m=0.31)),
        None,
    ),
    "step scheme's steps": (
        dataclasses.replace(VALIDITY, step_scheme={**STEP_SCHEME, "steps": 20}),
        None,
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_fit_that_is_not_valid_there_is_refused_unless_allowed(folder, what):
    validity, mesh_option = OTHERS[what]
    fit = save_fit(folder / "other.json", "stellar-mass", validity)
    mesh = [mesh_option, SHAPE[0]] if mesh_option else []
    command = [folder / "particles.h5", "--fit", fit, *mesh]
    with pytest.raises(BadInput, match=rf"other\.json: .*{what}.*--allow-mismatch"):
        painted(folder, *command)
    assert not (folder / "map.h5").exists()
    allowed = painted(folder, *command, "--allow-mismatch")
    own = folder / "stellar-mass.json"
    exact = painted(folder, folder / "particles.h5", "--fit", own, output="own.h5")
    np.testing.assert_array_equal(allowed, exact)


def test_cells_of_a_fit_must_fill_the_box(folder):
    validity = dataclasses.replace(VALIDITY, cell_size=(0.75 * CELL_SIZE,) * 3)
    fit = save_fit(folder / "other.json", "dark-matter", validity)
    with pytest.raises(BadInput, match=r"other\.json: cells of 0\.525 Mpc/h do not fill a box"):
        painted(folder, folder / "particles.h5", "--fit", fit)
    with pytest.raises(BadInput, match=r"--mesh 7: cells of 1 Mpc/h do not fill a box of 7 x 4\.2"):
        painted(folder, folder / "particles.h5", "--mesh", 7)


def test_a_carried_fit_that_was_edited_is_refused(folder):
    carried = read_document(folder / "dark-matter.json")
    carried["redshift"] = 1.0
    save_fit(folder / "edited.json", "stellar-mass", dark_matter_fit=carried)
    with pytest.raises(BadInput, match=r"edited\.json: dark_matter_fit: was edited"):
        painted(folder, folder / "particles.h5", "--fit", folder / "edited.json")


def test_outputs_that_exist_are_kept_unless_forced(folder):
    (folder / "map.h5").write_text("precious")
    with pytest.raises(BadInput, match="--force"):
        paint(folder / "particles.h5", "-o", folder / "map.h5")
    with pytest.raises(BadInput, match="--force"):
        paint(folder / "particles.h5", "--save-particles", folder / "map.h5", "-o",
              folder / "new.h5")  # fmt: skip
    assert (folder / "map.h5").read_text() == "precious"
    assert not (folder / "new.h5").exists()
    paint(folder / "particles.h5", "--force", "-o", folder / "map.h5")
    assert map_of(folder / "map.h5").shape == SHAPE


def test_particles_are_read_once_for_all_members(folder, monkeypatch):
    values = read_document(folder / "dark-matter.json")["parameters"]
    members = [{"parameters": values}, {"parameters": values}]
    ensemble = {"k": [1.0], "model_error": [0.1], "members": members}
    fit = save_fit(folder / "ensemble.json", "dark-matter", ensemble=ensemble)
    read = []
    monkeypatch.setattr(
        stage, "load_particles", lambda mesh, path: read.append(path) or load_particles(mesh, path)
    )
    paint(folder / "particles.h5", "--fit", fit, "--members", "all", "-o",
          folder / "member{member}.h5")  # fmt: skip
    assert read == [str(folder / "particles.h5")]
    assert [header_of(folder / f"member{n}.h5").attributes["member"] for n in range(3)] == [0, 1, 2]


def test_a_snapshot_written_just_after_its_redshift_has_the_same(folder):
    """A header with a = 0.3331 for z = 2: fits of z = 2 paint it, and the map keeps z = 2.0021."""
    later = 1 / 0.3331 - 1
    save_particles(folder / "later.h5", redshift=later)
    painted(folder, folder / "later.h5", "--fit", folder / "gas.json")
    assert header_of(folder / "map.h5").redshift == pytest.approx(later, rel=1e-12)
