# SPDX-License-Identifier: GPL-3.0-or-later
"""Where commands compute: what they tell JAX, say and record, and what a card has no room for.

No test here needs a GPU: what JAX says of one is replaced.
"""

import importlib.metadata
import os
import subprocess
import sys

import click
import pytest
from bad_input import FASTPM, FIT_STARS, PAINT, SEED, check_refusal

from jerald_tools.cli import process_start
from jerald_tools.cli.command import command
from jerald_tools.cli.convert import to_gadget
from jerald_tools.errors import BadInput
from jerald_tools.mesh import device
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.stages import fit, provenance, room
from jerald_tools.stages.run import Run

VARIABLES = ("JAX_PLATFORMS", *process_start.USERS_GPU_MEMORY)


@pytest.fixture
def environment(monkeypatch):
    """The process' environment without any setting of JAX's, as it is after the test."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "")  # so that it is restored afterwards
        del os.environ[name]
    monkeypatch.setattr(process_start, "launched_size", lambda: 1)
    return os.environ


@pytest.fixture
def card(monkeypatch):
    """A card, as the modules that ask for one see it; call it with its memory."""

    def pretend(limit):
        monkeypatch.setattr(device, "on_gpu", lambda: True)
        monkeypatch.setattr(device, "device_name", lambda: "NVIDIA H200")
        statistics = {"bytes_limit": limit, "peak_bytes_in_use": 5}
        monkeypatch.setattr(device, "_memory", statistics.get)
        monkeypatch.setattr(device, "choose_backend", lambda ranks: "jax")
        for module in (fit, provenance):
            monkeypatch.setattr(module, "on_gpu", lambda: True)
        for module in (room, provenance):
            monkeypatch.setattr(module, "device_name", lambda: "NVIDIA H200")

    return pretend


@command("demo", body=f"{__name__}:act", example="demo --device cpu")
def demo():
    """Do nothing, somewhere."""
    return {}


def act(run):
    pass


def run_demo(*arguments):
    with pytest.raises(SystemExit) as ended:
        demo.main(list(arguments))
    return ended.value.code


def test_jax_is_told_of_the_cpu(environment):
    process_start.set_device("cpu")
    assert environment["JAX_PLATFORMS"] == "cpu"
    assert not set(process_start.USERS_GPU_MEMORY) & set(environment)


def test_by_default_jax_chooses_as_the_user_told_it(environment):
    process_start.set_device(None)
    assert "JAX_PLATFORMS" not in environment
    environment["JAX_PLATFORMS"] = "cuda"
    process_start.set_device(None)
    assert environment["JAX_PLATFORMS"] == "cuda"


def test_the_option_counts_more_than_the_variable(environment):
    environment["JAX_PLATFORMS"] = "cpu"
    process_start.set_device("gpu")
    assert "JAX_PLATFORMS" not in environment


@pytest.mark.parametrize("asked", [None, "gpu"])
def test_a_card_is_not_taken_whole(environment, asked):
    process_start.set_device(asked)
    assert environment["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert environment["XLA_CLIENT_MEM_FRACTION"] == "0.9"


@pytest.mark.parametrize("name", process_start.USERS_GPU_MEMORY)
def test_the_users_settings_of_the_cards_memory_stay(environment, name):
    environment[name] = "something"
    process_start.set_device("gpu")
    found = {each: environment[each] for each in VARIABLES if each in environment}
    assert found == {name: "something"}


def test_ranks_compute_on_cpus(environment, monkeypatch):
    monkeypatch.setattr(process_start, "launched_size", lambda: 3)
    environment["JAX_PLATFORMS"] = "cuda"
    process_start.set_device(None)
    assert environment["JAX_PLATFORMS"] == "cpu"
    with pytest.raises(BadInput, match="--device gpu: a GPU is used by one process, but 3 ranks"):
        process_start.set_device("gpu")


def test_jax_computes_on_the_cpu_when_told_so(environment):
    code = """
from jerald_tools.cli.process_start import set_device
set_device("cpu")
import jax
print(jax.config.jax_platforms, jax.default_backend())
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout == "cpu cpu\n", process.stderr


@pytest.mark.parametrize(
    ("plugins", "fix"),
    [
        ((), "JAX is installed for CPUs alone: pip install 'jerald-tools[cuda13]', or use"),
        (("xla_cuda13",), "JAX sees no GPU: start it where nvidia-smi lists one, in a job that"),
    ],
)
def test_a_gpu_that_is_not_there_is_one_line(environment, capsys, monkeypatch, plugins, fix):
    monkeypatch.setattr(device, "on_gpu", lambda: False)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: plugins)
    assert run_demo("--device", "gpu") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"demo: error: --device gpu: {fix}")
    assert said.endswith("use --device cpu\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("Unable to initialize:\nno driver"), "Unable to initialize: no driver"),
        (AssertionError(), "no such device"),
    ],
)
def test_a_jax_that_cannot_start_is_one_line(environment, capsys, monkeypatch, error, reason):
    def fail():
        raise error

    monkeypatch.setattr(device, "on_gpu", fail)
    assert run_demo() == 2
    said = capsys.readouterr().err
    assert f"JAX cannot start ({reason}): correct JAX_PLATFORMS, or use --device cpu" in said
    assert said.count("\n") == 1


def test_the_log_says_which_card(environment, capsys, card):
    card(limit=127e9)
    assert run_demo("--device", "gpu") == 0
    assert capsys.readouterr().err == "device: NVIDIA H200, 127.0 GB for arrays, backend jax\n"


def test_the_cpu_is_said_to_who_wants_to_hear_more(environment, capsys):
    assert run_demo("--device", "cpu") == 0
    assert capsys.readouterr().err == ""
    assert run_demo("--device", "cpu", "-v") == 0
    assert capsys.readouterr().err.startswith("device: cpu\n")


def test_a_cpu_cannot_be_asked_for_once_jax_has_a_gpu(card):
    card(limit=1e9)
    with pytest.raises(RuntimeError, match="before JAX is imported"):
        device.check_device("cpu")


def test_a_command_that_only_converts_has_no_device(environment, capsys):
    with pytest.raises(SystemExit) as ended:
        to_gadget.main(["particles.h5", "--device", "gpu", "-o", "new.hdf5"])
    assert ended.value.code == 2
    assert "No such option" in capsys.readouterr().err
    assert isinstance(to_gadget, click.Command)
    assert "device" not in {option.name for option in to_gadget.params}


def test_the_record_names_the_device(card):
    mesh = make_mesh(4, 10.0, backend="jax")
    run = provenance.provenance_of(Run(), mesh, []).run
    assert run["device"] == device.device_name()
    assert "reproducible" not in run
    card(limit=1e9)
    run = provenance.provenance_of(Run(), mesh, []).for_outputs().run
    assert (run["device"], run["reproducible"]) == ("NVIDIA H200", "to rounding")
    own = provenance.provenance_of(Run(), mesh, []).run
    assert own["peak_device_memory_bytes"] == 5


@pytest.mark.parametrize("line", [f"{SEED} --power pk.txt", FASTPM, PAINT, FIT_STARS])
def test_what_the_card_has_no_room_for_is_refused(bad_folder, monkeypatch, capsys, card, line):
    monkeypatch.chdir(bad_folder)
    card(limit=1000)
    message = " of a GPU, and NVIDIA H200 has 1 kB for arrays: use --device cpu, or a smaller mesh"
    check_refusal(bad_folder, capsys, f"{line} -q", message)
