# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of all commands: shared options, log, threads, device, the call of the stage, the exit.

A command is two things. Its declaration lies in this package: options, help, and the checks that
need no file. Its body is a stage, a function of :mod:`jerald_tools.stages` that the command names
by a string: only when the command line is in order is the stage's module imported, and JAX with it.
"""

import dataclasses
import functools
import importlib
import inspect
import logging
import sys
import typing
from collections.abc import Callable, Mapping, Sequence

import click

from jerald_tools import __version__
from jerald_tools.cli import rank_failure
from jerald_tools.cli.launcher import require_one_world
from jerald_tools.cli.options import device_option, engine_option
from jerald_tools.cli.process_start import set_device, set_threads, start_again_with_huge_pages
from jerald_tools.engines import OWN_ENGINE
from jerald_tools.errors import BadInput
from jerald_tools.process import launched_rank
from jerald_tools.stages.run import Run

WITHOUT_WORK = {"-h", "--help", "--version"}

CHECK_DEVICE = "jerald_tools.mesh.device:check_device"

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Executable(click.Command):
    """A command whose every failure is a line, an exit status and no waiting rank.

    Attributes:
        example: command lines that work, shown by ``--help``.
        body: the stage, as ``"module:function"``; None for a command that has none.
        prepare: the decorated function, which makes the stage's arguments of the options.
    """

    def __init__(
        self,
        *arguments: typing.Any,
        example: str,
        body: str | None = None,
        prepare: Callable[..., dict] | None = None,
        **options: typing.Any,
    ):
        super().__init__(*arguments, **options)
        self.example, self.body, self.prepare = example, body, prepare

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example below the options, one command a line, as it can be pasted."""
        with formatter.section("Example"):
            for line in self.example.strip().splitlines():
                formatter.write(" " * formatter.current_indent + line.strip() + "\n")

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: typing.Any,
    ) -> typing.Any:
        """Run the command and exit; ``standalone_mode=False`` raises instead, for tests."""
        run = functools.partial(
            super().main, args, prog_name, complete_var, False, windows_expand_args, **extra
        )
        if not standalone_mode:
            return run()
        if args is None and not WITHOUT_WORK & set(sys.argv):
            start_again_with_huge_pages()
        try:
            # Without standalone mode click returns the status of --help and --version.
            status = run() or 0
        except (Exception, KeyboardInterrupt) as error:
            status = rank_failure.end(self.name or "", error)
        sys.exit(status)


class ExecutableGroup(Executable, click.Group):
    """Subcommands under one name; they share nothing but the way that failures end."""


def command(
    name: str, body: str, example: str, computes: bool = True, engine: str | None = None
) -> Callable[[Callable[..., dict]], Executable]:
    """Make a command of a function that makes the arguments of its stage.

    Apply it above click's own option decorators. The function's docstring is the help text. It is
    called with the command's own options by name, when threads and device are set and before JAX is
    imported; it refuses what needs no file to be refused, and returns the options that the stage
    gets: see :func:`stage_arguments`.

    Args:
        name: the executable, as typed.
        body: the stage, as ``"module:function"``.
        example: one or more command lines that work, shown by ``--help``.
        computes: whether it has work for a GPU, and so the option ``--device``; otherwise it stays
            on the CPU.
        engine: another code that can do its work, with the option ``--engine``.
    """
    shared = (device_option, *SHARED_OPTIONS) if computes else SHARED_OPTIONS
    added = [engine_option(engine)] if engine is not None else []

    def decorate(prepare: Callable[..., dict]) -> Executable:
        @functools.wraps(prepare)
        def start(
            precision: str, threads: int | None, force: bool, verbose: bool, quiet: bool, **own
        ) -> None:
            _start_log(verbose, quiet)
            engine = own.pop("engine", OWN_ENGINE)
            device = own.pop("device") if computes else "cpu"
            if engine != OWN_ENGINE:
                _check_engine(engine, threads, device)
                device = "cpu"
            number = set_threads(threads)
            run = Run(precision, number if engine == OWN_ENGINE else 1, force, engine=engine)
            set_device(device)
            # It imports JAX, which the lines above must precede.
            require_one_world()
            with run.stopwatch.stage("total"):
                options = prepare(**own)
                stage = load_stage(body)
                if computes:
                    load_stage(CHECK_DEVICE)(device)
                stage(run, **stage_arguments(stage, options))

        for option in reversed([*added, *shared]):
            start = option(start)
        return click.command(
            name,
            cls=Executable,
            example=example,
            body=body,
            prepare=prepare,
            context_settings=CONTEXT_SETTINGS,
        )(start)

    return decorate


def command_group(name: str, example: str, help_text: str) -> ExecutableGroup:
    """Make an executable that only holds subcommands; add them with ``add_command``.

    Args:
        name: the executable, as typed.
        example: command lines that work, shown by ``--help``.
        help_text: what it is for.
    """
    version = click.version_option(__version__, "--version", prog_name="jerald-tools")
    return click.command(
        name,
        cls=ExecutableGroup,
        example=example,
        help=help_text,
        no_args_is_help=False,
        context_settings=CONTEXT_SETTINGS,
    )(version(lambda: None))


def load_stage(body: str) -> Callable[..., None]:
    """Import the function that ``"module:function"`` names."""
    module, _, function = body.partition(":")
    return getattr(importlib.import_module(module), function)


def stage_arguments(stage: Callable[..., None], options: Mapping[str, typing.Any]) -> dict:
    """The arguments of a stage, by name, of the options of its command.

    A parameter gets the option of its name. A parameter that is a dataclass, such as
    :class:`jerald_tools.gravity.step_scheme.StepScheme`, is made of the options that are named as
    its fields.

    Args:
        stage: the function, whose first parameter is its :class:`Run`.
        options: of the command, by name.

    Raises:
        BadInput: values that a dataclass refuses.
        TypeError: options and parameters do not match: a mistake in the command.
    """
    left = dict(options)
    arguments = {}
    types = typing.get_type_hints(stage)
    for parameter in list(inspect.signature(stage).parameters)[1:]:
        kind = types.get(parameter)
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            fields = [field.name for field in dataclasses.fields(kind) if field.name in left]
            arguments[parameter] = kind(**{name: left.pop(name) for name in fields})
        elif parameter in left:
            arguments[parameter] = left.pop(parameter)
    if left:
        raise TypeError(f"{stage.__name__} takes no {', '.join(left)}")
    return arguments


SHARED_OPTIONS = (
    click.option(
        "--precision",
        type=click.Choice(["single", "double"]),
        default="single",
        show_default=True,
        help="Floating-point type of particles and meshes.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        help="Threads of each rank.  [default: all cores; 1 under MPI]",
    ),
    click.option(
        "--force",
        is_flag=True,
        help="Overwrite existing outputs, and what an interrupted run with other options left.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Say more."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
    click.version_option(__version__, "--version", prog_name="jerald-tools"),
)


def _check_engine(engine: str, threads: int | None, device: str | None) -> None:
    """Refuse what no other code has: several threads, and a GPU.

    Raises:
        BadInput: naming the option.
    """
    if threads not in (None, 1):
        raise BadInput(
            f"--threads {threads}: --engine {engine} has one thread a rank; start ranks with "
            "mpirun -n, or leave it out"
        )
    if device == "gpu":
        raise BadInput(f"--device gpu: --engine {engine} computes on CPUs; leave one of them out")


def _start_log(verbose: bool, quiet: bool) -> None:
    """Send the package's log to standard error: plain lines, from rank 0."""
    if verbose and quiet:
        raise click.UsageError("--verbose and --quiet exclude each other; give one of them")
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.INFO
    if launched_rank() != 0:
        level = logging.ERROR
    logger = logging.getLogger("jerald_tools")
    logger.setLevel(level)
    logger.propagate = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers = [handler]
