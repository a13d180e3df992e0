# SPDX-License-Identifier: GPL-3.0-or-later
"""generate-ics and recover-ics: the linear overdensity at z = 0, of a seed or of another run."""

import click

from jerald_tools.cli.command import command
from jerald_tools.cli.options import cosmology_options, second_order_option, snapshot_options
from jerald_tools.cli.snapshot_box import box_size_option

# As in jerald_tools.gravity.white_noise, which imports JAX; a test compares the two.
SEED_ORDERS = ("n-genic", "gadget4")

output_option = click.option(
    "-o", "--output", metavar="FILE", required=True, help="HDF5 file to write."
)


@command(
    "generate-ics",
    body="jerald_tools.stages.initial_conditions:generate",
    example="""
    generate-ics --seed 9281 --mesh 96 --particles 48 --box-size 20 --camb -o ics.h5
    """,
    engine="pmesh",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Seed of white noise.")
@click.option(
    "--seed-order",
    type=click.Choice(SEED_ORDERS),
    default=SEED_ORDERS[0],
    show_default=True,
    help="Whose seed: that of N-GenIC, 2LPTic, MUSIC, monofonIC, MP-GenIC and FastPM, or of "
    "Gadget-4's own generator (its option NGENIC).",
)
@click.option(
    "--white-noise",
    metavar="FILE",
    help="In place of a seed: numbers of variance 1 on nodes, in HDF5 with the dataset "
    "white_noise, or a white-noise file of GRAFIC, MUSIC or monofonIC.",
)
@click.option(
    "--linear-density",
    metavar="FILE",
    help="In place of a seed: HDF5 with the dataset linear_density, the overdensity at z = 0.",
)
@click.option("--mesh", type=click.IntRange(min=1), help="Nodes per side of a seed's mesh, even.")
@click.option(
    "--particles",
    type=int,
    help="Particles per side (along x), a divisor of the mesh.  [default: half the mesh]",
)
@click.option(
    "--box-size",
    type=float,
    help="Side of the box (along x) [Mpc/h], unless a file states it. Cells are cubes.",
)
@click.option(
    "--power", metavar="FILE", help="Linear power at z = 0: columns k [h/Mpc], P [(Mpc/h)^3]."
)
@click.option(
    "--rescale-sigma8",
    is_flag=True,
    help="Scale the table of --power to the sigma8 of the cosmology.",
)
@click.option(
    "--allow-mismatch",
    is_flag=True,
    help="Use the table of --power as it is, with a sigma8 more than 5 % from the cosmology's.",
)
@click.option("--camb", is_flag=True, help="Linear power by CAMB with the cosmology.")
@click.option("--fixed", is_flag=True, help="Amplitudes at their mean, only phases are random.")
@click.option("--paired", is_flag=True, help="All phases shifted by pi: the noise's mirror.")
@cosmology_options
@output_option
def generate_ics(camb: bool, **options) -> dict:
    """Make initial conditions: the linear overdensity at z = 0 on a mesh.

    From a seed (white noise as N-GenIC and its followers or Gadget-4 draw it), from white noise in
    a file, or from a linear density made elsewhere. The files of all later stages repeat the
    cosmology.
    """
    linear_density, power = options["linear_density"], options["power"]
    if linear_density is None and (power is not None) == camb:
        raise click.UsageError("give one of --power FILE and --camb")
    if linear_density is not None and (power is not None or camb):
        raise click.UsageError("a --linear-density has its power; leave out --power and --camb")
    return options


@command(
    "recover-ics",
    body="jerald_tools.stages.initial_conditions:recover",
    example="""
    recover-ics ics.hdf5 --lpt-order 2 -o ics.h5
    """,
)
@click.argument("snapshot", nargs=-1, required=True)
@click.option(
    "--lpt-order",
    type=click.IntRange(1, 2),
    required=True,
    help="Of the theory that displaced the particles: 1 is Zel'dovich's.",
)
@second_order_option
@click.option(
    "--radiation",
    is_flag=True,
    help="The growth between the snapshot and today is that of a background with radiation, where "
    "the files do not say so themselves.",
)
@click.option(
    "--particles",
    type=int,
    help="Particles per side of a run that starts from it.  [default: half the lattice]",
)
@snapshot_options
@box_size_option
@output_option
def recover_ics(**options) -> dict:
    """Recover the linear overdensity at z = 0 from the displacements of initial conditions.

    For a run whose seed is not N-GenIC's: SNAPSHOT is what it started from, with particles that
    were displaced from a lattice. The mesh is that lattice.
    """
    return options
