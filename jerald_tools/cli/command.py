# SPDX-License-Identifier: GPL-3.0-or-later
"""What all executables share: options, log, threads, time per stage, and how they end."""

import dataclasses
import functools
import logging
import sys
import time
from collections.abc import Callable

import click

from jerald_tools import __version__
from jerald_tools.cli import failure
from jerald_tools.cli.huge_pages import start_again_with_huge_pages
from jerald_tools.cli.threads import set_threads
from jerald_tools.process import Stopwatch, launched_rank


@dataclasses.dataclass(frozen=True)
class Run:
    """What the shared options say, handed to every command as its first argument.

    Attributes:
        precision: ``"single"`` or ``"double"``, of particles and meshes.
        threads: threads of each rank.
        force: whether outputs that exist may be replaced.
        stages: the stopwatch whose times go to provenance.
        started: when the command began, by ``time.perf_counter``.
        notes: further text by name that goes to provenance.
    """

    precision: str
    threads: int
    force: bool
    stages: Stopwatch = dataclasses.field(default_factory=Stopwatch)
    started: float = dataclasses.field(default_factory=time.perf_counter)
    notes: dict[str, str] = dataclasses.field(default_factory=dict)


class Executable(click.Command):
    """A command whose every failure is a line, an exit status and no hanging rank."""

    def __init__(self, *arguments, example: str, **options):
        super().__init__(*arguments, **options)
        self.example = example

    def format_epilog(self, context, formatter) -> None:
        """Write the example below the options, one command a line, as it can be pasted."""
        with formatter.section("Example"):
            for line in self.example.strip().splitlines():
                formatter.write(" " * formatter.current_indent + line.strip() + "\n")

    def main(self, args=None, prog_name=None, standalone_mode=True, **extra):
        """Run the command and exit; ``standalone_mode=False`` raises instead, for tests."""
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        if args is None:
            start_again_with_huge_pages()
        try:
            # Without standalone mode click returns the status of --help and --version.
            status = super().main(args, prog_name, standalone_mode=False, **extra) or 0
        except (Exception, KeyboardInterrupt) as error:
            status = failure.end(self.name, error)
        sys.exit(status)


def command(name: str, example: str) -> Callable[[Callable], Executable]:
    """Make an executable of a function ``function(run, **its_own_options)``.

    Apply it above click's own option decorators. The function's docstring is the help text; its
    return value is ignored. It runs with threads set, before which nothing may import JAX.

    Args:
        name: the executable, as typed.
        example: one or more command lines that work, shown by ``--help``.
    """

    def decorate(function: Callable) -> Executable:
        @functools.wraps(function)
        def start(precision, threads, force, verbose, quiet, **own_options):
            _start_log(verbose, quiet)
            run = Run(precision=precision, threads=set_threads(threads), force=force)
            with run.stages.stage("total"):
                function(run, **own_options)

        for option in reversed(SHARED_OPTIONS):
            start = option(start)
        return click.command(
            name,
            cls=Executable,
            example=example,
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        )(start)

    return decorate


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
        help="Replace outputs that exist, and what an interrupted run of other options left.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Say more."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
    click.version_option(__version__, "--version", prog_name="jerald-tools"),
)


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
