# SPDX-License-Identifier: GPL-3.0-or-later
"""FastPM that is interrupted continues from its checkpoint, on any number of ranks."""

import signal

import h5py
import numpy as np
import pytest
from small_ics import BOX_SIZE, COSMOLOGY, LATTICE, MESH, save_ics, smooth_density

from jerald_tools.cli.run_fastpm import main
from jerald_tools.cli.stop_signals import SIGNALS
from jerald_tools.errors import BadInput, RunStopped
from jerald_tools.gravity.checkpoint import Checkpoint
from jerald_tools.gravity.fastpm import simulate
from jerald_tools.gravity.lpt import InitialConditions
from jerald_tools.gravity.step_scheme import StepScheme
from jerald_tools.io.hdf5 import read_record
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import ONE_PROCESS, gather, on_root, world
from jerald_tools.process import forget_requests, request_stop

SCHEMES = {
    "runs": ["--precision", "single"],
    "single run": ["--single-run", "--precision", "double"],
}


@pytest.fixture
def folder(shared_folder):
    """One folder for all ranks, with initial conditions in it."""
    on_root(world(), save_ics, shared_folder / "ics.h5")
    yield shared_folder
    forget_requests()
    for number in SIGNALS:  # which a run that was stopped leaves ignored
        signal.signal(number, signal.SIG_DFL)


def run_fastpm(folder, *arguments):
    main.main(
        [str(argument) for argument in (
            folder / "ics.h5", "--redshift", 2, "--redshift", 0.5, "--steps", 3,
            "--checkpoint", folder / "state", "-o", folder / "z{redshift}.h5", *arguments,
        )],
        standalone_mode=False,
    )  # fmt: skip


def stopped_after(folder, monkeypatch, number, *arguments):
    """Have the run stop after so many steps, as a signal to the last rank does."""
    save, saved = Checkpoint.save, []

    def save_and_stop(self, state):
        save(self, state)
        saved.append(state)
        if len(saved) == number and world().rank == world().size - 1:
            request_stop("stopped by a test")

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(RunStopped, match="stopped by a test"):
            run_fastpm(folder, *arguments)
    forget_requests()


def digests(folder):
    """Of the content of every output."""
    found = {}
    for path in folder.glob("z*.h5"):
        with h5py.File(path) as file:
            found[path.name] = read_record(file).content_sha256
    return found


def names(folder):
    """Of all files, looked at by one rank while none writes."""
    gather(world(), "wait")
    return on_root(world(), lambda: {path.name for path in folder.iterdir()})


@pytest.mark.ranks
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_same_command_goes_on_to_the_same_bits(folder, monkeypatch, scheme):
    options = SCHEMES[scheme]
    run_fastpm(folder, *options)
    undisturbed = digests(folder)
    assert names(folder) == {"ics.h5", "z2.00.h5", "z0.50.h5"}
    for name in undisturbed:
        on_root(world(), (folder / name).unlink)

    stopped_after(folder, monkeypatch, 2, *options)
    assert names(folder) == {"ics.h5", "state"}
    stopped_after(folder, monkeypatch, 2, *options)
    assert names(folder) == {"ics.h5", "state", "z2.00.h5"}
    before = (folder / "z2.00.h5").stat().st_mtime_ns
    run_fastpm(folder, *options)
    assert names(folder) == {"ics.h5", "z2.00.h5", "z0.50.h5"}
    assert digests(folder) == undisturbed
    # The output that was whole has been kept as it was.
    assert (folder / "z2.00.h5").stat().st_mtime_ns == before


@pytest.mark.ranks
def test_a_state_goes_on_over_other_ranks(folder):
    """One process saves it after each step; all ranks continue from the second one."""
    scheme, redshifts = StepScheme(steps=4), [1.0]
    alone = make_mesh(MESH, BOX_SIZE, "double", ONE_PROCESS, "native")
    shared = make_mesh(MESH, BOX_SIZE, "double", world(), "native")

    def undisturbed():
        saved = Checkpoint(folder / "state", ONE_PROCESS, {"n": 1})

        def save(state):
            if state.steps <= 2:
                saved.save(state)

        initial = InitialConditions(alone, smooth_density(), LATTICE, COSMOLOGY)
        ((_, end),) = simulate(initial, scheme, redshifts, save)
        return np.asarray(end.positions), np.asarray(end.momenta)

    expected = on_root(world(), undisturbed)
    state = Checkpoint(folder / "state", world(), {"n": 1}).load(force=False)
    assert state is not None
    assert (state.run, state.steps) == (0, 2)
    density = smooth_density()[shared.x_start : shared.x_stop]
    initial = InitialConditions(shared, density, LATTICE, COSMOLOGY)
    steps = []
    ((_, end),) = simulate(
        initial, scheme, redshifts, lambda state: steps.append(state.steps), state
    )
    assert steps == [3, 4]
    end = end.without_padding()
    for found, whole in zip((end.positions, end.momenta), expected, strict=True):
        np.testing.assert_allclose(found, whole[end.ids - 1], rtol=0, atol=1e-11)


def test_a_state_of_another_run_is_refused_or_replaced(folder, monkeypatch, capsys):
    stopped_after(folder, monkeypatch, 2)
    before = (folder / "state").read_bytes()
    message = "state: is of another run .force mesh factor 1, now 2.: delete it, or use --force"
    with pytest.raises(BadInput, match=message):
        run_fastpm(folder, "--force-mesh-factor", 2)
    assert (folder / "state").read_bytes() == before
    run_fastpm(folder, "--force-mesh-factor", 2, "--force")
    assert "(force mesh factor 1, now 2): starting over" in capsys.readouterr().err
    assert names(folder) == {"ics.h5", "z2.00.h5", "z0.50.h5"}


def test_an_output_of_another_run_is_refused_or_replaced(folder, monkeypatch):
    run_fastpm(folder, "--steps", 2)
    other = digests(folder)
    with pytest.raises(BadInput, match=r"z2.00.h5: exists already; .* --force"):
        run_fastpm(folder)
    assert digests(folder) == other
    stopped_after(folder, monkeypatch, 4, "--force")
    assert digests(folder)["z2.00.h5"] != other["z2.00.h5"]
    kept = (folder / "z2.00.h5").stat().st_mtime_ns
    run_fastpm(folder, "--force")
    assert (folder / "z2.00.h5").stat().st_mtime_ns == kept
    assert digests(folder)["z0.50.h5"] != other["z0.50.h5"]
    assert names(folder) == {"ics.h5", "z2.00.h5", "z0.50.h5"}


@pytest.mark.parametrize("name", ["ics.h5", "z2.00.h5"])
def test_a_state_in_place_of_an_input_or_output_is_refused(folder, name):
    before = (folder / "ics.h5").read_bytes()
    with pytest.raises(BadInput, match=f"{name} is an input: give another name"):
        run_fastpm(folder, "--checkpoint", folder / name, "--force")
    assert (folder / "ics.h5").read_bytes() == before
    assert names(folder) == {"ics.h5"}


def test_a_damaged_state_is_refused(folder, monkeypatch):
    stopped_after(folder, monkeypatch, 1)
    whole = (folder / "state").read_bytes()
    (folder / "state").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="state: truncated or damaged"):
        run_fastpm(folder)


@pytest.mark.ranks
def test_a_state_that_was_changed_is_refused_on_any_number_of_ranks(folder, monkeypatch):
    """Its values, under checksums of HDF5 that are right."""
    stopped_after(folder, monkeypatch, 1)

    def change():
        with h5py.File(folder / "state", "r+") as file:
            positions = file["positions"]
            assert isinstance(positions, h5py.Dataset)
            positions[0, 0] += 0.5

    on_root(world(), change)
    with pytest.raises(BadInput, match="state: positions was changed since it was written"):
        run_fastpm(folder)
