# SPDX-License-Identifier: GPL-3.0-or-later
"""run-fastpm: from initial conditions to particles, on any ranks, and what it refuses."""

import shutil
import tempfile
from pathlib import Path

import click
import numpy as np
import pytest
from small_ics import BOX_SIZE, COSMOLOGY, LATTICE, MESH, save_ics, smooth_density

from jerald_tools.cli.run_fastpm import main
from jerald_tools.errors import BadInput
from jerald_tools.gravity.fastpm import simulate
from jerald_tools.gravity.lpt import InitialConditions
from jerald_tools.gravity.step_scheme import StepScheme
from jerald_tools.io.particles import ParticlesFile
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import Ranks, gather, on_root, world


def run_fastpm(*arguments):
    main.main([str(argument) for argument in (*arguments, "-q")], standalone_mode=False)


@pytest.fixture
def folder():
    """One folder for all ranks, with initial conditions in it."""
    name = Path(on_root(world(), tempfile.mkdtemp))
    on_root(world(), save_ics, name / "ics.h5")
    yield name
    gather(world(), "done")
    on_root(world(), shutil.rmtree, name)


def expected_particles(redshifts, **scheme):
    """Of one process, whatever the ranks of the command."""
    mesh = make_mesh(MESH, BOX_SIZE, "double", ranks=Ranks())
    return dict(
        simulate(
            InitialConditions(mesh, smooth_density(), LATTICE, COSMOLOGY),
            StepScheme(**scheme),
            redshifts,
        )
    )


def periodic_distance(ours, theirs):
    difference = np.asarray(ours) - np.asarray(theirs)
    box = np.array(BOX_SIZE)
    return np.abs(difference - box * np.rint(difference / box))


@pytest.mark.ranks
def test_particles_at_each_redshift(folder):
    run_fastpm(folder / "ics.h5", "--redshift", 2, "--redshift", 0.5, "--steps", 3,
               "--force-mesh-factor", 2, "--precision", "double",
               "-o", folder / "particles_z{redshift}.h5")  # fmt: skip
    expected = expected_particles([2.0, 0.5], steps=3, force_mesh_factor=2)
    for redshift, name in ((2.0, "particles_z2.00.h5"), (0.5, "particles_z0.50.h5")):
        with ParticlesFile(folder / name) as file:
            header = file.header
            ids, positions, velocities = file.read()
        np.testing.assert_array_equal(ids, np.arange(1, 8 * 6 * 10 + 1))
        assert periodic_distance(positions, expected[redshift].positions).max() < 1e-11
        exact = np.asarray(expected[redshift].velocities(redshift))
        np.testing.assert_allclose(velocities, exact, rtol=0, atol=1e-11 * np.abs(exact).max())
        assert header.redshift == redshift
        assert header.cosmology == COSMOLOGY
        assert header.lattice == LATTICE
        scheme = header.attributes["step_scheme"]
        assert scheme["steps"] == 3
        assert scheme["spacing"] == "linear"
        assert scheme["force_mesh_factor"] == 2
        assert scheme["start_redshift"] == 9.0
        assert "4th-order" in scheme["kernel"]
        np.testing.assert_allclose(scheme["stages"], np.linspace(0.1, 1 / (1 + redshift), 4))
        assert header.attributes["initial_conditions"] == {"seed": 3}
    start = expected_particles([8.99], steps=1)[8.99].positions
    assert periodic_distance(positions, start)[:, 0].max() > BOX_SIZE[0] / 4


def test_single_run_writes_all_redshifts(folder):
    run_fastpm(folder / "ics.h5", "--redshift", 1, "--redshift", 3, "--steps", 4, "--single-run",
               "--spacing", "logarithmic", "--precision", "double",
               "-o", folder / "z{redshift}.h5")  # fmt: skip
    scheme = {"steps": 4, "single_run": True, "spacing": "logarithmic"}
    for redshift, expected in expected_particles([1.0, 3.0], **scheme).items():
        with ParticlesFile(folder / f"z{redshift:.2f}.h5") as file:
            assert periodic_distance(file.positions(), expected.positions).max() < 1e-11
            stages = file.header.attributes["step_scheme"]["stages"]
        assert len(stages) == 6
        assert 0.25 in stages


def test_one_redshift_needs_no_placeholder_and_single_precision_is_the_default(folder):
    run_fastpm(folder / "ics.h5", "--redshift", 2, "--steps", 2, "-o", folder / "z2.h5")
    expected = expected_particles([2.0], steps=2)[2.0]
    with ParticlesFile(folder / "z2.h5") as file:
        assert periodic_distance(file.positions(), expected.positions).max() < 1e-5
        assert file.velocities().dtype == np.float32


def test_a_line_when_all_steps_are_done(folder, capsys):
    main.main([str(folder / "ics.h5"), "--redshift", "2", "--steps", "2", "-o",
               str(folder / "z2.h5")], standalone_mode=False)  # fmt: skip
    assert "FastPM step: 2 of 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["ics.h5"], "redshift"),
        (["ics.h5", "--redshift", 12], "--redshift 12"),
        (["ics.h5", "--redshift", 9], "--redshift 9"),
        (["ics.h5", "--redshift", -1], "--redshift -1"),
        (["ics.h5", "--redshift", "nan"], "--redshift nan"),
        (["ics.h5", "--redshift", 2, "--redshift", 2], "give each once"),
        (["ics.h5", "--redshift", 2, "--redshift", 1], "{redshift}"),
        (["ics.h5", "--redshift", 2, "--steps", 0], "--steps 0"),
        (["ics.h5", "--redshift", 2, "--spacing", "cubic"], "--spacing cubic"),
        (["ics.h5", "--redshift", 2, "--start-redshift", 1], "--start-redshift 1"),
        (["ics.h5", "--redshift", 2, "--force-mesh-factor", 0], "--force-mesh-factor 0"),
        (["absent.h5", "--redshift", 2], "absent.h5"),
        (["torn.h5", "--redshift", 2], "torn.h5"),
        (["nan.h5", "--redshift", 2], "nan.h5"),
    ],
)
def test_bad_input_is_one_line_and_no_file(folder, monkeypatch, arguments, complaint):
    monkeypatch.chdir(folder)
    whole = Path("ics.h5").read_bytes()
    Path("torn.h5").write_bytes(whole[: len(whole) // 2])
    number = smooth_density()[5, 5, 5].tobytes()
    assert whole.count(number) == 1
    Path("nan.h5").write_bytes(whole.replace(number, np.float64(np.nan).tobytes()))
    before = set(folder.iterdir())
    with pytest.raises((BadInput, click.UsageError)) as refusal:
        run_fastpm(*arguments, "-o", "particles.h5")
    assert complaint in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert set(folder.iterdir()) == before


def test_redshifts_that_would_share_a_name_are_refused(folder):
    with pytest.raises(BadInput, match="share a name"):
        run_fastpm(folder / "ics.h5", "--redshift", 2, "--redshift", 2.001,
                   "-o", folder / "z{redshift}.h5")  # fmt: skip
