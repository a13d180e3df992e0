# SPDX-License-Identifier: GPL-3.0-or-later
"""FastPM against fastpm-python, and against what gravity on a mesh must keep."""

import dataclasses

import jax
import numpy as np
import pytest
from goldens import load_golden

from jerald_tools.cosmology import Cosmology, growth
from jerald_tools.errors import BadInput
from jerald_tools.gravity.fastpm import accelerations, evolve, simulate
from jerald_tools.gravity.lpt import (
    InitialConditions,
    displaced_lattice,
    displacement_factors,
    displacements,
    lattice_points,
    second_order_start,
)
from jerald_tools.gravity.step_scheme import StepScheme, step_factors
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import gather

REDSHIFTS = {"B1_z5": 5.0, "B1_z2": 2.0, "B1_z0": 0.0, "B2_z0": 0.0}
COSMOLOGY = Cosmology()
PARTICLES = (32, 32, 32)


@pytest.fixture(scope="module")
def saved():
    return load_golden("fastpm.npz")


def linear_mesh(saved, precision="double"):
    mesh = make_mesh(32, float(saved["box_size"]), precision)
    return mesh, saved["linear_density"][mesh.x_start : mesh.x_stop].astype(mesh.dtype)


def of_golden(mesh, density):
    """The universe that the golden was made of."""
    return InitialConditions(mesh, density, PARTICLES, COSMOLOGY)


def force_mesh(mesh, run):
    factor = int(run[1])
    return dataclasses.replace(mesh, shape=(32 * factor,) * 3)


def assert_close(saved, ranks, particles, values, name, tolerance):
    """Compare the particles that the golden has, on whichever rank they are."""
    every = int(saved["every"])
    ids = np.asarray(particles.ids)
    here = np.ones(len(ids), bool) if particles.weights is None else particles.weights == 1
    kept = np.flatnonzero(np.asarray(here) & ((ids - 1) % every == 0))
    assert sum(gather(ranks, len(kept))) == len(saved[name])
    expected = saved[name][(ids[kept] - 1) // every]
    np.testing.assert_allclose(np.asarray(values)[kept], expected, rtol=0, atol=tolerance)


def fastpm_start(saved, mesh, density):
    """2LPT with the growth of fastpm-python, whose D1 differs from cosmology.py's by 1e-8."""
    growth_at = dict(zip(saved["growth_columns"], saved["B1_z5_growth_table"][0], strict=True))
    speed = growth_at["a"] ** 2 * growth_at["E"]
    factors = np.array(
        [
            growth_at["D1"],
            3 / 7 * growth_at["D2"],
            speed * growth_at["D1"] * growth_at["f1"],
            3 / 7 * speed * growth_at["D2"] * growth_at["f2"],
        ]
    )
    positions, ids = lattice_points(mesh, PARTICLES)
    first, second = displacements(mesh, density, positions)
    return displaced_lattice(positions, ids, first, second, factors.astype(mesh.dtype)), positions


@pytest.mark.ranks
def test_start_equals_fastpm(saved):
    mesh, density = linear_mesh(saved)
    start, lattice_positions = fastpm_start(saved, mesh, density)
    shifts = start.positions - lattice_positions
    assert_close(saved, mesh.ranks, start, shifts, "start_displacements", 1e-13)
    assert_close(saved, mesh.ranks, start, start.momenta, "start_momenta", 1e-13)


@pytest.mark.ranks
def test_first_force_equals_fastpm(saved):
    mesh, density = linear_mesh(saved)
    start, _ = fastpm_start(saved, mesh, density)
    start = evolve(force_mesh(mesh, "B2"), start, np.empty((0, 3)), COSMOLOGY.omega_m)
    force = accelerations(force_mesh(mesh, "B2"), start, COSMOLOGY.omega_m)
    assert_close(saved, mesh.ranks, start, force, "B2_z0_first_force", 1e-12)


@pytest.mark.parametrize(
    "run",
    [
        "B1_z5",
        pytest.param("B1_z2", marks=pytest.mark.ranks),
        "B1_z0",
        pytest.param("B2_z0", marks=pytest.mark.ranks),
    ],
)
def test_run_with_saved_factors_equals_fastpm(saved, run):
    mesh, density = linear_mesh(saved)
    start, _ = fastpm_start(saved, mesh, density)
    factors = saved[f"{run}_step_factors"]
    end = evolve(force_mesh(mesh, run), start, factors, COSMOLOGY.omega_m)
    assert_close(saved, mesh.ranks, end, end.positions, f"{run}_positions", 1e-9)
    assert_close(saved, mesh.ranks, end, end.momenta, f"{run}_momenta", 1e-9)
    if run == "B1_z2":
        velocities = end.velocities(REDSHIFTS[run])
        assert_close(saved, mesh.ranks, end, velocities, f"{run}_velocities", 1e-6)


@pytest.mark.parametrize("run", REDSHIFTS)
def test_stages_and_factors_equal_fastpm(saved, run):
    ((stages, _),) = StepScheme().runs([REDSHIFTS[run]])
    np.testing.assert_allclose(stages, saved[f"{run}_stages"], rtol=0, atol=1e-15)
    factors = step_factors(stages, COSMOLOGY)
    np.testing.assert_allclose(factors, saved[f"{run}_step_factors"], rtol=1e-7)


@pytest.mark.parametrize(("run", "tolerance"), [("B1_z5", 1e-5), ("B1_z0", 1e-5), ("B2_z0", 1e-5)])
def test_run_with_own_growth_equals_fastpm(saved, run, tolerance):
    mesh, density = linear_mesh(saved)
    scheme = StepScheme(force_mesh_factor=int(run[1]), second_order="fastpm")
    ((redshift, end),) = simulate(of_golden(mesh, density), scheme, [REDSHIFTS[run]])
    assert redshift == REDSHIFTS[run]
    assert_close(saved, mesh.ranks, end, end.positions, f"{run}_positions", tolerance)


def test_single_precision_follows_double(saved):
    mesh, density = linear_mesh(saved, "single")
    scheme = StepScheme(second_order="fastpm")
    ((_, end),) = simulate(of_golden(mesh, density), scheme, [2.0])
    assert end.positions.dtype == end.momenta.dtype == np.float32
    # A cell is 0.6 Mpc/h; positions in a box of 20 are rounded by 1e-6 at each of ten steps.
    assert_close(saved, mesh.ranks, end, end.positions, "B1_z2_positions", 2e-5)
    assert_close(saved, mesh.ranks, end, end.velocities(2.0), "B1_z2_velocities", 1e-2)


def test_single_run_passes_all_redshifts(saved):
    mesh, density = linear_mesh(saved)
    steps = []
    outputs = dict(
        simulate(
            of_golden(mesh, density),
            StepScheme(steps=5, single_run=True),
            [0.0, 5.0, 1.0],
            after_step=lambda state: steps.append(state.steps),
        )
    )
    # Stages 0.1, 0.28, 0.46, 0.64, 0.82, 1 and the two cuts at 1/6 and 1/2.
    assert steps == [1, 2, 3, 4, 5, 6, 7]
    assert list(outputs) == [5.0, 1.0, 0.0]
    (_, alone), *_ = simulate(of_golden(mesh, density), StepScheme(steps=1), [5.0])
    np.testing.assert_array_equal(outputs[5.0].positions, alone.positions)


def test_momentum_is_conserved(saved):
    mesh, density = linear_mesh(saved)
    ((_, end),) = simulate(of_golden(mesh, density), StepScheme(), [0.0])
    typical = float(np.sqrt(np.mean(np.asarray(end.momenta) ** 2)))
    assert typical > 0.1
    assert np.abs(np.mean(end.momenta, axis=0)).max() < 1e-13 * typical


@pytest.mark.parametrize("steps", [2, 10])
@pytest.mark.parametrize("spacing", ["linear", "logarithmic"])
def test_a_plane_wave_grows_as_linear_theory_with_any_steps(steps, spacing):
    """Before its crests cross, linear growth of a plane wave is exact (Zel'dovich 1970)."""
    nodes, box, amplitude = 64, 100.0, 0.5
    mesh = make_mesh((nodes, 4, 4), (box, 4 * box / nodes, 4 * box / nodes), "double")
    k = 2 * np.pi / box
    x = np.arange(nodes) * box / nodes
    density = np.broadcast_to(amplitude * np.cos(k * x)[:, None, None], mesh.shape)
    scheme = StepScheme(steps=steps, spacing=spacing)
    initial = InitialConditions(mesh, density, mesh.shape, COSMOLOGY)
    ((_, end),) = simulate(initial, scheme, [1.0])
    positions, _ = lattice_points(mesh, mesh.shape)
    shift = np.asarray(end.positions - positions)
    velocity = np.asarray(end.velocities(1.0))
    at = growth(0.5, COSMOLOGY)
    exact = -at.first * amplitude / k * np.sin(k * positions[:, 0])
    exact_velocity = exact * 100.0 * 0.5 * at.hubble * at.first_rate
    # Projected on the wave: what is left is cloud-in-cell smoothing, some (kh)^2/6 = 0.16 per cent.
    assert shift[:, 0] @ exact / (exact @ exact) == pytest.approx(1.0, abs=0.002)
    overlap = velocity[:, 0] @ exact_velocity / (exact_velocity @ exact_velocity)
    assert overlap == pytest.approx(1.0, abs=0.003)
    np.testing.assert_allclose(shift[:, 1:], 0.0, rtol=0, atol=1e-12)


def test_finer_linear_mesh_gives_the_same_large_scales():
    """The lattice reads the nodes of a mesh twice as fine: a smooth field moves it alike."""
    box = 40.0
    moved = []
    for nodes in (16, 32):
        mesh = make_mesh(nodes, box, "double")
        x = np.arange(nodes) * box / nodes
        density = np.broadcast_to(np.cos(2 * np.pi * x / box)[:, None, None], mesh.shape)
        initial = InitialConditions(mesh, density, (16, 16, 16), COSMOLOGY)
        moved.append(second_order_start(initial, 0.1))
    np.testing.assert_array_equal(moved[0].ids, moved[1].ids)
    # (kh)^4/30 = 8e-4 of a displacement of 0.8 Mpc/h on the coarser mesh.
    np.testing.assert_allclose(moved[0].positions, moved[1].positions, rtol=0, atol=1e-3)


def test_displacements_scale_with_growth():
    factors = displacement_factors(1.0, COSMOLOGY)
    at = growth(1.0, COSMOLOGY)
    expected = np.array([1.0, at.second, at.first_rate, at.second * at.second_rate])
    np.testing.assert_allclose(factors, expected, rtol=1e-10)


def test_particles_are_a_pytree():
    mesh = make_mesh(4, 4.0, "double")
    initial = InitialConditions(mesh, np.zeros(mesh.shape), (2, 2, 2), COSMOLOGY)
    start = second_order_start(initial, 0.1)
    assert len(jax.tree.leaves(start)) == 3
    np.testing.assert_array_equal(start.positions, lattice_points(mesh, (2, 2, 2))[0])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"steps": 0}, "--steps 0"),
        ({"spacing": "cubic"}, "--spacing cubic"),
        ({"start_redshift": -0.5}, "--start-redshift -0.5"),
        ({"start_redshift": float("nan")}, "--start-redshift nan"),
        ({"force_mesh_factor": 0}, "--force-mesh-factor 0"),
        ({"second_order": "third"}, "--second-order third: choose one of exact, fastpm"),
    ],
)
def test_impossible_schemes_are_refused(options, complaint):
    with pytest.raises(BadInput, match=complaint):
        StepScheme(**options)


@pytest.mark.parametrize("redshifts", [[9.0], [12.0], [-0.1], [2.0, float("nan")], [2.0, 2.0]])
def test_unreachable_redshifts_are_refused(redshifts):
    with pytest.raises(BadInput, match="--redshift"):
        StepScheme().runs(redshifts)
