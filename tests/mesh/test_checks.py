# SPDX-License-Identifier: GPL-3.0-or-later
"""Every self-check fires when what it checks is wrong, and is silent when it is merely rounded."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mesh_cases import SHAPES, operands, own_particles, particles
from small_universe import PARTICLES_HEADER, RECORD, positions, velocities

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import RunFailed
from jerald_tools.gravity import fastpm
from jerald_tools.gravity.linear_power import LinearPower
from jerald_tools.gravity.lpt import InitialConditions, linear_field, second_order_start
from jerald_tools.gravity.step_scheme import step_factors
from jerald_tools.io import parallel
from jerald_tools.io.parallel import LoadedParticles
from jerald_tools.mesh import _native, exchange, native, reference
from jerald_tools.mesh.checks import check_density, check_finite
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import Ranks, world
from jerald_tools.model import painting

FAULTS = Path(__file__).parents[1] / "failures" / "faults"
MESH = ((8, 6, 10), (8.0, 6.0, 10.0))


def start_of(mesh, density):
    """Particles of 2LPT at a = 0.1, one a node."""
    initial = InitialConditions(mesh, density, mesh.shape, Cosmology())
    return second_order_start(initial, 0.1)


def painted(precision, number=20_000):
    mesh = make_mesh(*SHAPES["cube"], precision, Ranks(), "native")
    where = particles(mesh.shape, mesh.box_size, number, np.random.default_rng(3))
    return np.array(native.paint(mesh, where.astype(mesh.dtype)))


@pytest.mark.parametrize(("precision", "lost"), [("single", 0.5), ("double", 1e-6)])
def test_mass_that_a_mesh_lost(precision, lost):
    field = painted(precision)
    _native.check_mass(field, 20_000)
    field[3, 5, 7] -= lost
    with pytest.raises(RuntimeError, match="painting: the mesh holds a mass of 19999"):
        _native.check_mass(field, 20_000)


@pytest.mark.parametrize("value", [1e7, 3e30])
def test_a_node_out_of_all_proportion(value):
    field = painted("single")
    field[0, 0, 0] = value
    with pytest.raises(RuntimeError, match="self-check of painting"):
        _native.check_mass(field, 20_000)


def test_rounding_is_no_loss():
    """All particles in one place, so that they round alike, many times, and in large numbers."""
    mesh = make_mesh(*SHAPES["cube"], "single", Ranks(), "native")
    random = np.random.default_rng(4)
    for number in (1, 1000, 100_000):
        place = np.broadcast_to(random.uniform(0, 8, 3), (number, 3)).astype(np.float32)
        total = np.sum(native.paint(mesh, place), dtype=np.float64)
        assert total == pytest.approx(number, rel=0.01)


def test_weights_of_an_adjoint_and_positions_that_overflowed_are_let_through():
    mesh = make_mesh(*SHAPES["cube"], "single", Ranks(), "native")
    a = operands(mesh)
    native.paint(mesh, a.positions, 1e6 * a.weights).block_until_ready()
    native.paint(mesh, np.full((3, 3), np.nan, np.float32)).block_until_ready()


def test_padding_has_no_mass():
    mesh = make_mesh(*SHAPES["cube"], "single", Ranks(), "native")
    a = operands(mesh)
    is_real = (np.arange(len(a.weights)) % 3 > 0).astype(np.float32)
    total = np.sum(native.paint(mesh, a.positions, is_real), dtype=np.float64)
    assert total == pytest.approx(is_real.sum(), rel=1e-6)


def test_checksum_sees_every_bit():
    field = np.arange(7 * 3 * 5, dtype=np.float32).reshape(7, 3, 5)
    before = _native.checksum(field)
    for node in (0, 51, 104):  # the last one is no whole word
        changed = field.copy()
        changed.view(np.uint32).ravel()[node] ^= 1 << 20
        assert _native.checksum(changed) != before


def run_with_fault(folder, fault, ranks, program):
    """Run a program on ranks (None: without MPI) with a fault preloaded."""
    library = folder / "fault.so"
    compiler = "cc" if ranks is None else "mpicc"
    flags = ["-shared", "-fPIC", "-O1", "-fno-builtin", "-fno-tree-loop-distribute-patterns"]
    subprocess.run([compiler, *flags, FAULTS / fault, "-o", library], check=True)
    environment = os.environ | {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=0",
    }
    command = [sys.executable, "-c", program]
    if ranks is None:
        environment["LD_PRELOAD"] = str(library)
    else:
        launcher = ["mpirun", "--oversubscribe", "-n", str(ranks), "-x", f"LD_PRELOAD={library}"]
        command = [*launcher, *command]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


PAINTING = """
import numpy as np
from jerald_tools.cli.command import command

@command("demo", body="__main__:paint", example="demo")
def main():
    return {}

def paint(run):
    from jerald_tools.mesh.mesh import make_mesh
    from jerald_tools.mesh.paint import density
    from jerald_tools.mesh.ranks import gather

    mesh = make_mesh((6, 13, 17), (6.0, 13.0, 17.0))
    where = np.random.default_rng(mesh.ranks.rank).uniform(0, 6, (500, 3)).astype(np.float32)
    np.asarray(density(mesh, where))
    gather(mesh.ranks, None)
    print("went on")

main.main()
"""


def test_memory_that_was_not_cleared_stops_a_command(tmp_path):
    run = run_with_fault(tmp_path, "memory.c", None, PAINTING)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("demo: error: self-check of painting: the mesh holds a mass of 50")
    assert "went on" not in run.stdout


def test_a_message_that_was_changed_stops_all_ranks(tmp_path):
    run = run_with_fault(tmp_path, "message.c", 2, PAINTING)
    assert run.returncode == 1
    assert "went on" not in run.stdout
    first = run.stderr.splitlines()[0]
    assert first.startswith("jerald-tools: error on rank ")
    assert " of 2: self-check of a halo exchange: plane " in first
    assert " with the checksum " in first
    assert run.stderr.count("self-check") == 1


@pytest.mark.ranks
@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (lambda values: values[1:], "the number of rows was 60 before it, and is 59"),
        (lambda values: values + (values == 7), "the sum of ids was 1770 before it, and is 1771"),
    ],
)
def test_an_exchange_that_loses_or_changes_a_particle(monkeypatch, fault, complaint):
    mesh = make_mesh(*SHAPES["rectangle"], "double", world())
    if mesh.ranks.size == 1:
        pytest.skip("one rank exchanges nothing")
    exchange_rows = exchange._exchange

    def faulty(*arguments):
        values = exchange_rows(*arguments)
        is_here = values.dtype.kind == "i" and 7 in values
        return fault(values) if is_here else values

    monkeypatch.setattr(exchange, "_exchange", faulty)
    where = particles(mesh.shape, mesh.box_size, 60, np.random.default_rng(8))
    own = own_particles(mesh, 60)
    homes = exchange.home_ranks(mesh, where[own])
    with pytest.raises(RunFailed, match=f"self-check of an exchange between ranks: {complaint}"):
        exchange.redistribute(mesh.ranks, {"ids": own}, homes)


@pytest.mark.ranks
def test_particles_that_are_written_have_each_id_once(shared_folder):
    ranks = world()
    own = np.arange(PARTICLES_HEADER.number) % ranks.size == ranks.rank
    ids = np.arange(1, PARTICLES_HEADER.number + 1)[own]
    whole = parallel.ParticleSet(PARTICLES_HEADER, ids, positions()[own], velocities()[own], ranks)
    parallel.save_particles(shared_folder / "whole.h5", whole, RECORD, False)
    twice = np.where(ids == 5, 6, ids)
    with pytest.raises(RunFailed, match=f"self-check before writing: rank 0 of {ranks.size} holds"):
        parallel.save_particles(
            shared_folder / "twice.h5", dataclasses.replace(whole, ids=twice), RECORD, False
        )
    assert not (shared_folder / "twice.h5").exists()


@pytest.mark.ranks
@pytest.mark.parametrize("name", ["positions", "momenta"])
def test_a_step_that_makes_not_a_number(monkeypatch, name):
    """In the second of three steps, one particle of one rank."""
    mesh = make_mesh(*MESH, "double", world())
    drifts = []
    kick_and_drift = fastpm.kick_and_drift

    def faulty(particles, force, kick_factor, drift_factor):
        moved = kick_and_drift(particles, force, kick_factor, drift_factor)
        drifts.append(drift_factor)
        if len(drifts) == 2 and mesh.ranks.rank == 0:
            rows = np.array(getattr(moved, name))
            rows[3, 1] = np.nan
            moved = moved.__class__(**{**vars(moved), name: jnp.asarray(rows)})
        return moved

    monkeypatch.setattr(fastpm, "kick_and_drift", faulty)
    density = np.random.default_rng(5).normal(size=mesh.shape)[mesh.x_start : mesh.x_stop]
    start = start_of(mesh, density)
    factors = step_factors(np.array([0.1, 0.2, 0.3, 0.4]), Cosmology())
    # A momentum is used by the next drift.
    number = {"positions": 2, "momenta": 3}[name]
    complaint = f"self-check after FastPM step {number} of 3: .*positions are not finite.*nan"
    with pytest.raises(RunFailed, match=complaint):
        fastpm.evolve(mesh, start, factors, 0.3)


def test_not_a_number_in_the_last_kick(monkeypatch):
    mesh = make_mesh(*MESH, "double", Ranks())
    accelerate_and_kick = fastpm.accelerate_and_kick

    def faulty(*arguments):
        kicked, force = accelerate_and_kick(*arguments)
        momenta = jnp.asarray(kicked.momenta).at[2, 2].set(np.inf)
        return dataclasses.replace(kicked, momenta=momenta), force

    start = start_of(mesh, np.zeros(mesh.shape))
    factors = step_factors(np.array([0.1, 0.2]), Cosmology())
    monkeypatch.setattr(fastpm, "accelerate_and_kick", faulty)
    complaint = "after the last FastPM step: 1 of 1440 momenta are not finite, the first is inf"
    with pytest.raises(RunFailed, match=complaint):
        fastpm.evolve(mesh, start, factors, 0.3)


@pytest.mark.ranks
def test_a_linear_density_that_is_not_finite():
    mesh = make_mesh(*MESH, "double", world())
    density = np.zeros(mesh.local_shape)
    if mesh.ranks.is_root:
        density[0, 1, 2] = np.inf
    with pytest.raises(RunFailed, match=r"self-check after 2LPT: .*positions are not finite"):
        start_of(mesh, density)


@pytest.mark.ranks
def test_a_linear_field_that_is_not_finite():
    mesh = make_mesh(8, 8.0, "double", world())
    power = LinearPower(np.array([1e-3, 1e3]), np.ones(2), "flat")
    noise = np.full(mesh.spectrum_shape, np.nan, np.complex128)
    with pytest.raises(RunFailed, match=r"self-check after the linear field: .* overdensities are"):
        linear_field(mesh, noise, power)


@pytest.mark.ranks
def test_where_a_field_is_not_finite():
    """The message numbers a plane of the last rank as one of the whole mesh."""
    mesh = make_mesh(*MESH, "single", world())
    field = np.zeros(mesh.local_shape, np.float32)
    owner = max(rank for rank, (start, stop) in enumerate(mesh.x_slices) if start < stop)
    check_finite(mesh, "a map", {"values": field})
    if mesh.ranks.rank == owner:
        field[1:, 2, 3] = np.nan
    plane = mesh.x_slices[owner][0] + 1
    where = f"rank {owner}: " if mesh.ranks.size > 1 else ""
    complaint = f"self-check after a map: {where}.* the first is nan in plane {plane}, row 2, "
    with pytest.raises(RunFailed, match=complaint):
        check_finite(mesh, "a map", {"values": field})


@pytest.mark.ranks
def test_a_map_that_is_not_finite():
    mesh = make_mesh(PARTICLES_HEADER.lattice, PARTICLES_HEADER.box_size, "double", world())
    own = own_particles(mesh, PARTICLES_HEADER.number)
    read = LoadedParticles(*map(jnp.asarray, (positions()[own], velocities()[own], own + 1)))
    good = painting.paint_particles(mesh, read, PARTICLES_HEADER)
    assert np.isfinite(good.field).all()
    positions_with_nan = jnp.where(own[:, None] == 7, jnp.nan, read.positions)
    bad = LoadedParticles(positions_with_nan, read.velocities, read.ids)
    with pytest.raises(RunFailed, match="self-check after painting the particles: the mean of the"):
        painting.paint_particles(mesh, bad, PARTICLES_HEADER)


def test_reference_that_loses_mass(monkeypatch):
    mesh = make_mesh(PARTICLES_HEADER.lattice, PARTICLES_HEADER.box_size, "single", Ranks(), "jax")
    paint = reference.paint
    monkeypatch.setattr(reference, "paint", lambda mesh, x, w=None: paint(mesh, x[1:], None))
    where = jnp.asarray(positions(), mesh.dtype)
    read = LoadedParticles(where, jnp.asarray(velocities()), jnp.arange(1, len(where) + 1))
    with pytest.raises(RunFailed, match=r"the mean of the density is 0.99791.* instead of 1"):
        painting.paint_particles(mesh, read, PARTICLES_HEADER)


def test_values_that_are_not_known_yet_are_let_through():
    mesh = make_mesh(*MESH, "single", Ranks())

    @jax.jit
    def inside(field):
        check_finite(mesh, "a map", {"values": field})
        check_density(mesh, "a map", field, 3)
        return field

    inside(jnp.full(mesh.shape, jnp.nan, mesh.dtype))


def test_all_ranks_know(monkeypatch):
    """What another rank has found is said by this one."""
    monkeypatch.setattr("jerald_tools.mesh.checks.gather", lambda ranks, own: [None, "3 of 9 bad"])
    mesh = make_mesh(*MESH, "single", Ranks(0, 2), "native")
    with pytest.raises(RunFailed, match="self-check after a map: rank 1: 3 of 9 bad"):
        check_finite(mesh, "a map", {"values": np.zeros(3)})
