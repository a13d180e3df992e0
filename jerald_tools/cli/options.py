# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several commands have: cosmology, snapshots, edited fits, ranks, device."""

import functools
from collections.abc import Callable, Mapping

import click

from jerald_tools.cosmology import Cosmology
from jerald_tools.engines import OWN_ENGINE
from jerald_tools.process import launched_size

PARAMETERS = {
    "omega_m": "Total matter density over the critical density.",
    "omega_b": "Baryon density over the critical density.",
    "h": "Hubble constant in 100 km/s/Mpc.",
    "sigma8": "Rms linear overdensity in spheres of 8 Mpc/h.",
    "n_s": "Spectral index.",
}
DEFAULTS = {name: f"[default: {getattr(Cosmology(), name)}]" for name in PARAMETERS}
IN_SNAPSHOTS = ("omega_m", "omega_b", "h")

# As in jerald_tools.snapshots.code_units, which is not imported: --help would wait for NumPy; a
# test compares the two.
SNAPSHOT_UNITS = {
    "length_unit": ("kpc/h", "Mpc/h"),
    "mass_unit": ("1e10Msun/h", "Msun/h"),
    "velocity_unit": ("km/s", "cm/s"),
}


def cosmology_options(function: Callable[..., dict]) -> Callable[..., dict]:
    """Add ``--omega-m --omega-b --h --sigma8 --n-s``.

    The function gets those that were given as one argument ``cosmology``, a dictionary.
    """
    return _add_cosmology(function, DEFAULTS)


def snapshot_options(function: Callable[..., dict]) -> Callable[..., dict]:
    """Add the units, redshift and cosmology of a snapshot, for files that do not state them.

    The function gets units and redshift, each None unless it was given, and the cosmological
    parameters that were given as one argument ``cosmology``, a dictionary.
    """
    function = _add_cosmology(
        function, DEFAULTS | dict.fromkeys(IN_SNAPSHOTS, "[default: the snapshot's]")
    )
    options = [click.option("--redshift", type=float, help="Where the snapshot does not state it.")]
    options += [
        click.option(
            f"--{name.replace('_', '-')}",
            type=click.Choice(choices),
            help="Where the snapshot does not state it.",
        )
        for name, choices in reversed(SNAPSHOT_UNITS.items())
    ]
    for option in options:
        function = option(function)
    return function


def _add_cosmology(
    function: Callable[..., dict], defaults: Mapping[str, str]
) -> Callable[..., dict]:
    """Add the options of the cosmology, whose help ends with their defaults."""

    @functools.wraps(function)
    def gather(**options) -> dict:
        values = {name: options.pop(name) for name in PARAMETERS}
        given = {name: value for name, value in values.items() if value is not None}
        return function(cosmology=given, **options)

    for name, meaning in reversed(PARAMETERS.items()):
        gather = click.option(
            f"--{name.replace('_', '-')}", name, type=float, help=f"{meaning}  {defaults[name]}"
        )(gather)
    return gather


# As in jerald_tools.gravity.lpt, which imports JAX; a test compares the two.
SECOND_ORDERS = ("exact", "fastpm")

second_order_option = click.option(
    "--second-order",
    type=click.Choice(SECOND_ORDERS),
    default=SECOND_ORDERS[0],
    show_default=True,
    help="Growth of second-order displacements: exact, or as fastpm-python has it, 3/7 at z = 0.",
)

accept_edited_option = click.option(
    "--accept-edited",
    is_flag=True,
    help="Accept fits that were edited by hand, with a warning, which their outputs record.",
)


def _refuse_one_rank(context: click.Context, parameter: click.Parameter, verify: bool) -> bool:
    if verify and launched_size() == 1:
        raise click.UsageError(
            "--verify-ranks: one rank has nothing to compare with; start several with mpirun -n, "
            "or leave it out"
        )
    return verify


verify_ranks_option = click.option(
    "--verify-ranks",
    is_flag=True,
    callback=_refuse_one_rank,
    help="Repeat a step on rank 0 alone, which needs memory for the whole box, and stop if its "
    "result differs from that of all ranks.",
)

DEVICES = ("gpu", "cpu")

device_option = click.option(
    "--device",
    type=click.Choice(DEVICES),
    help="Where JAX computes: on one GPU, with one rank, or on the CPU.  [default: the GPU if JAX "
    "sees one; the CPU under MPI]",
)


def engine_option(engine: str):
    """The option ``--engine`` of a command whose work another code can do too."""
    return click.option(
        "--engine",
        type=click.Choice([OWN_ENGINE, engine]),
        default=OWN_ENGINE,
        show_default=True,
        help=f"Whose code computes: ours, or {engine}, if it is installed (docs/engines.md).",
    )
