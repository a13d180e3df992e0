# SPDX-License-Identifier: GPL-3.0-or-later
"""What all executables share: how they start, speak and end, alone and over ranks."""

import importlib
import logging
import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from jerald_tools import __version__
from jerald_tools.cli.command import command
from jerald_tools.errors import BadInput, RunFailed
from jerald_tools.stages.progress import progress

PROJECT = Path(__file__).parents[2]
SCRIPTS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]

ALONE = """
import sys
import click
from jerald_tools.cli import rank_failure
from jerald_tools.cli.command import command
from jerald_tools.errors import BadInput

# Patience is endless where all ranks come and short where one never does, and turns are long where
# two ranks speak: no machine is too slow.
ENDLESS = 300.0
rank_failure.PATIENCE_SECONDS = ENDLESS if "all" in sys.argv else 0.5
rank_failure.SHORT_PATIENCE_SECONDS = ENDLESS if "slip" in sys.argv else 0.5
rank_failure.TURN_SECONDS = 5.0 if "two" in sys.argv else 0.0

@command("demo", body="__main__:act", example="demo all")
@click.option("--number", type=int)
@click.argument("who")
def main(**options):
    return options

def act(run, who, number):
    from mpi4py import MPI
    world = MPI.COMM_WORLD.Clone()
    slips = {
        "crash": ZeroDivisionError("crash on 1"),
        "slip": ZeroDivisionError("slip on all"),
        "interrupt": KeyboardInterrupt(),
    }
    if who in ("all", "slip") or world.rank == 1 or (who == "two" and world.rank == 2):
        raise slips.get(who, BadInput(f"x.h5: bad on {who}"))
    world.Barrier()

main()
"""


def executable(name):
    module, function = SCRIPTS[name].split(":")
    return getattr(importlib.import_module(module), function)


def demo(action):
    @command("demo", body=f"{__name__}:act", example="demo --seed 3 -o x.h5")
    @click.option("--seed", type=int, default=1)
    def main(seed):
        """Do the demonstration."""
        return {"action": action}

    return main


def act(run, action):
    action(run)


def fail_with(error):
    def action(run):
        raise error

    return demo(action)


def status_of(main, *arguments):
    with pytest.raises(SystemExit) as ended:
        main.main(list(arguments))
    return ended.value.code


def test_success_is_zero(capsys):
    runs = []
    assert status_of(demo(runs.append), "--precision", "double", "--force") == 0
    assert runs[0].precision == "double"
    assert runs[0].force
    assert runs[0].threads >= 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (BadInput("x.h5: box 10;\n  mend it"), 2, "x.h5: box 10; mend it"),
        (click.UsageError("no such thing"), 2, "no such thing"),
        (RunFailed("the fit is all floor"), 1, "the fit is all floor"),
        (MemoryError("8 GiB"), 1, "out of memory: use more ranks or a smaller mesh (8 GiB)"),
        (
            RuntimeError("RESOURCE_EXHAUSTED: 8 GiB with allocator GPU_0_bfc"),
            1,
            "out of memory on the GPU: use --device cpu or a smaller mesh (RESOURCE_EXHAUSTED",
        ),
        (OSError(28, "No space left on device", "x.h5"), 1, "x.h5: no space left for it"),
        (PermissionError(13, "Permission denied", "x.h5"), 1, "x.h5: Permission denied"),
    ],
)
def test_known_failures_are_one_line(capsys, error, status, line):
    assert status_of(fail_with(error)) == status
    captured = capsys.readouterr()
    assert captured.err.startswith(f"demo: error: {line}")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_unknown_failures_keep_their_traceback(capsys):
    assert status_of(fail_with(ZeroDivisionError("a slip of ours"))) == 1
    assert "Traceback" in capsys.readouterr().err


def test_interrupt(capsys):
    assert status_of(fail_with(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err.strip() == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seed", "three"],
        ["--precision", "half"],
        ["--threads", "0"],
        ["--threads", "100000"],
        ["--quiet", "--verbose"],
        ["--nonsense"],
        ["surplus"],
    ],
)
def test_usage_errors_are_one_line(capsys, arguments):
    assert status_of(demo(lambda run: None), *arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("demo: error: ")
    assert captured.err.count("\n") == 1


def test_verbosity(capsys):
    def speak(run):
        logger = logging.getLogger("jerald_tools.test")
        logger.debug("detail")
        logger.info("news")
        with progress(10, "steps") as advance:
            for done in range(1, 11):
                advance(done, "loss 0.5")

    for arguments, expected in (
        (["-q"], ""),
        ([], "news\nsteps: 10 of 10 loss 0.5\n"),
    ):
        assert status_of(demo(speak), *arguments) == 0
        assert capsys.readouterr().err == expected
    assert status_of(demo(speak), "-v") == 0
    assert "\ndetail\nnews\n" in capsys.readouterr().err


def test_other_ranks_are_silent(capsys, monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    monkeypatch.setattr("jerald_tools.cli.rank_failure.PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("jerald_tools.cli.command.require_one_world", lambda: None)
    assert status_of(fail_with(BadInput("x.h5: bad"))) == 2
    assert status_of(demo(lambda run: logging.getLogger("jerald_tools").info("news"))) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_shows_an_example_that_parses(name, capsys):
    main = executable(name)
    assert status_of(main, "--help") == 0
    shown = capsys.readouterr().out
    _, _, examples = shown.partition("Example:")
    lines = examples.strip().splitlines()
    assert lines
    for line in lines:
        first, *arguments = shlex.split(line)
        assert first == name
        context = main.make_context(name, arguments)
        if isinstance(main, click.Group):
            subcommand = main.commands[arguments[0]]
            subcommand.make_context(arguments[0], arguments[1:], parent=context)


def test_help_and_version_import_no_jax():
    """One process asks all executables in turn."""
    code = f"""
import importlib, sys
for target in {list(SCRIPTS.values())!r}:
    module, function = target.split(":")
    main = getattr(importlib.import_module(module), function)
    for option in ("--help", "--version"):
        try:
            main.main([option])
        except SystemExit as ended:
            assert ended.code == 0, (target, option)
heavy = {{"jax", "mpi4py", "numpy"}} & set(sys.modules)
assert not heavy, heavy
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert process.stdout.count(f"jerald-tools, version {__version__}\n") == len(SCRIPTS)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_size_the_pool_of_xla(threads):
    if len(os.sched_getaffinity(0)) < threads:
        threads = 1
    code = f"""
from jerald_tools.cli.process_start import set_threads
assert set_threads({threads}) == {threads}
import os, jax, jax.numpy as jnp
jax.jit(lambda x: x @ x)(jnp.ones((64, 64))).block_until_ready()
names = [open(f"/proc/self/task/{{task}}/comm").read() for task in os.listdir("/proc/self/task")]
print(names.count("tf_XLAEigen\\n"))
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout == f"{threads}\n", process.stderr


def under_mpi(ranks, *arguments):
    environment = {
        **os.environ,
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    launcher = ["mpirun", "--oversubscribe", "-n", str(ranks)]
    return subprocess.run(
        [*launcher, sys.executable, "-c", ALONE, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
        cwd=PROJECT,
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["all"], "demo: error: x.h5: bad on all\n"),
        (["all", "--number", "x"], "demo: error: Invalid value for '--number'"),
        (["one"], "demo: error: rank 1: x.h5: bad on one\n"),
    ],
)
def test_ranks_end_together_with_one_line(arguments, line):
    process = under_mpi(3, *arguments)
    assert process.returncode == 2
    assert process.stderr.count("demo: error: ") == 1
    assert line in process.stderr
    assert "Traceback" not in process.stderr


def test_a_crash_of_one_rank_ends_all():
    process = under_mpi(3, "crash")
    assert process.returncode == 1
    assert process.stderr.count("ZeroDivisionError: crash on 1") == 1
    assert "Traceback" not in process.stderr


def test_an_interrupt_of_one_rank_ends_all():
    process = under_mpi(3, "interrupt")
    assert process.returncode == 130
    assert "demo: " not in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize(
    ("who", "line"),
    [
        ("slip", "demo: error: on every rank: ZeroDivisionError: slip on all ("),
        ("two", "demo: error: rank 1: x.h5: bad on two\n"),
    ],
)
def test_of_ranks_that_fail_at_once_one_speaks(who, line):
    process = under_mpi(3, who)
    assert process.returncode == (1 if who == "slip" else 2)
    assert process.stderr.startswith(line)
    assert process.stderr.count("demo: error: ") == 1
