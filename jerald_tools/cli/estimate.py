# SPDX-License-Identifier: GPL-3.0-or-later
"""estimate: memory, time and disk of each stage, before it runs."""

import math

import click

from jerald_tools import __version__
from jerald_tools.cli.command import CONTEXT_SETTINGS, Executable
from jerald_tools.cli.options import DEVICES
from jerald_tools.errors import BadInput
from jerald_tools.estimate.problem import QUANTITIES, Problem, read_problem, refine_by_quantity
from jerald_tools.estimate.report import report


class Numbers(click.ParamType):
    """Positive integers separated by commas."""

    name = "numbers"

    def convert(
        self, value: str | tuple, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers as a tuple."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(int(word) for word in value.split(","))
        except ValueError:
            numbers = (0,)
        if min(numbers) < 1:
            self.fail(f"{value}: give one number or several from 1, say 1,2,4", param, ctx)
        return numbers


POSITIVE = click.IntRange(min=1)


@click.command(
    "estimate",
    cls=Executable,
    example="""
    estimate config.yaml --ranks 32 --threads 8
    estimate --particles 512 --box-size 213 --ranks 8,16,32
    estimate --particles 512 --box-size 213 --device gpu
    """,
    context_settings=CONTEXT_SETTINGS,
)
@click.argument("config", required=False)
@click.option("--particles", type=POSITIVE, help="Particles per side.")
@click.option(
    "--map-mesh",
    type=POSITIVE,
    help="Nodes per side of every map.  [default: as many as particles]",
)
@click.option(
    "--refine",
    type=POSITIVE,
    metavar="R",
    help="Nodes of the models of all but dark matter per node of the map.  [default: 1]",
)
@click.option(
    "--mesh",
    type=POSITIVE,
    help="Nodes per side of the initial conditions.  [default: twice the particles]",
)
@click.option(
    "--box-size",
    type=click.FloatRange(min=0, min_open=True),
    metavar="LENGTH",
    help="Side of the box [Mpc/h].",
)
@click.option(
    "--ranks",
    type=Numbers(),
    default="1",
    show_default=True,
    metavar="N[,N...]",
    help="MPI ranks of a job; several make one column each.",
)
@click.option(
    "--threads", type=POSITIVE, default=1, show_default=True, help="Threads of each rank."
)
@click.option(
    "--device",
    type=click.Choice(DEVICES),
    help="Processors, or one GPU: then the memory is that of the card.  [default: that of CONFIG, "
    "or cpu]",
)
@click.option("--steps", type=POSITIVE, help="Steps of a FastPM run.  [default: 10]")
@click.option("--layers", type=click.IntRange(min=0), help="Layers of every fit.  [default: 2]")
@click.option("--simulations", type=POSITIVE, help="Simulations of one fit.  [default: 1]")
@click.option("--starts", type=POSITIVE, help="Starts of a fit.  [default: 4]")
@click.option("--evaluations", type=POSITIVE, help="At most, from each start.  [default: 200]")
@click.option(
    "--precision", type=click.Choice(["single", "double"]), default="single", show_default=True
)
@click.version_option(__version__, "--version", prog_name="jerald-tools")
def main(config, particles, mesh, box_size, ranks, layers, refine, **others):
    """Estimate memory, time and disk of each stage, from measured coefficients.

    CONFIG is a config.yaml of the workflow; options override its values, or replace the file.
    """
    if box_size is not None and not math.isfinite(box_size):
        raise BadInput(f"--box-size {box_size:g}: give a positive length in Mpc/h")
    sizes = {"particles": particles, "mesh": mesh, "box_size": box_size}
    if layers is not None:
        sizes["layers"] = dict.fromkeys(QUANTITIES, layers)
    if refine is not None:
        sizes["refine"] = refine_by_quantity(refine)
    given = {name: value for name, value in (sizes | others).items() if value is not None}
    if config is not None:
        problem = read_problem(config, **given)
    elif particles is None or box_size is None:
        raise click.UsageError("give a CONFIG, or --particles and --box-size")
    else:
        problem = Problem(**({"mesh": 2 * particles} | given))
    if problem.device == "gpu" and ranks != (1,):
        raise click.UsageError("--device gpu: one GPU has one rank; leave out --ranks")
    click.echo(report(problem, ranks))
