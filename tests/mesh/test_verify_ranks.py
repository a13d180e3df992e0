# SPDX-License-Identifier: GPL-3.0-or-later
"""--verify-ranks: a step of all ranks agrees with one rank's, in both precisions, or all stop."""

import json
import re

import click
import h5py
import jax
import numpy as np
import pytest
from small_universe import (
    BOX_SIZE,
    COSMOLOGY,
    RECORD,
    SHAPE,
    save_fit,
    save_particles,
    save_target,
)

from jerald_tools.cli import paint, run_fastpm
from jerald_tools.cli.fit import fit_dm
from jerald_tools.errors import RunFailed
from jerald_tools.io.grids import InitialConditionsHeader, write_initial_conditions
from jerald_tools.io.hdf5 import read_record
from jerald_tools.mesh import checks, native
from jerald_tools.mesh.ranks import on_root, world

pytestmark = pytest.mark.ranks


def save_files(folder):
    """Initial conditions, particles, a target of dark matter and fits."""
    density = np.random.default_rng(2).normal(size=SHAPE)
    header = InitialConditionsHeader(BOX_SIZE, SHAPE, SHAPE, COSMOLOGY, {})
    write_initial_conditions(folder / "ics.h5", header, [(0, density)], RECORD)
    save_particles(folder / "particles.h5")
    save_target(folder / "target.h5", "dark-matter")
    for quantity in ("dark-matter", "stellar-mass"):
        save_fit(folder / f"{quantity}.json", quantity)


def command_line(name, folder):
    """A command, its arguments and its output."""
    if name == "run-fastpm":
        arguments = [folder / "ics.h5", "--redshift", 2, "--steps", 2]
        return run_fastpm.main, arguments, folder / "new.h5"
    if name == "paint":
        arguments = [folder / "particles.h5", "--fit", folder / "stellar-mass.json"]
        return paint.main, [*arguments, "--redshift-space", "y"], folder / "new.h5"
    arguments = [folder / "particles.h5", "--target", folder / "target.h5", "--loss", "paper"]
    start = ["--start", folder / "dark-matter.json", "--starts", 1, "--layers", 1]
    return fit_dm, [*arguments, *start, "--evaluations", 1], folder / "new.json"


def run(name, folder, *options):
    """Run a command with --verify-ranks, and return what its output says of it."""
    main, arguments, output = command_line(name, folder)
    arguments = [*arguments, "-o", output, "-q", "--verify-ranks", *options]
    main.main([str(argument) for argument in arguments], standalone_mode=False)

    def said():
        if output.suffix == ".json":
            return json.loads(output.read_text())["provenance"]["verify_ranks"]
        with h5py.File(output) as file:
            return read_record(file).run["verify_ranks"]

    return on_root(world(), said)


@pytest.mark.parametrize(
    ("name", "precision"),
    [("run-fastpm", "double"), ("paint", "single"), ("fit-dm", "double")],
)
def test_all_ranks_agree_with_one(shared_folder, name, precision):
    on_root(world(), save_files, shared_folder)
    if world().size == 1:
        with pytest.raises(click.UsageError, match="one rank has nothing to compare with; start s"):
            run(name, shared_folder)
        return
    line = run(name, shared_folder, "--precision", precision)
    tolerance = checks.TOLERANCE[precision]
    assert line.endswith(f"of the largest, within {tolerance:g}")
    assert f" on {world().size} ranks and on one alone differ: " in line
    differences = [float(number) for number in re.findall(r" by ([0-9.e+-]+)", line)]
    assert len(differences) == (1 if name == "paint" else 2)
    # Well within, that the tolerance is no matter of luck.
    assert max(differences) < tolerance / 3


@pytest.mark.parametrize("name", ["run-fastpm", "paint"])
def test_ranks_that_differ_are_stopped(shared_folder, monkeypatch, name):
    """Of several ranks, the first reads a wrong gradient at a particle."""
    if world().size == 1:
        pytest.skip("one rank has nothing to compare with")
    on_root(world(), save_files, shared_folder)
    readout_gradient = native.readout_gradient

    def faulty(mesh, field, positions, order, onto=None):
        values = readout_gradient(mesh, field, positions, order, onto)
        wrong = mesh.ranks.size > 1 and mesh.ranks.is_root
        return values.at[4].add(0.3) if wrong else values

    monkeypatch.setattr(native, "readout_gradient", faulty)
    jax.clear_caches()
    with pytest.raises(RunFailed, match=r"--verify-ranks: .*; rounding explains 1e-09 at most"):
        run(name, shared_folder, "--precision", "double")
    jax.clear_caches()
    assert not list(shared_folder.glob("new.*"))
