# SPDX-License-Identifier: GPL-3.0-or-later
"""generate-ics: from a seed to the linear overdensity at z = 0."""

import functools
import logging
import math

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.cosmology_options import cosmology_options, stated_cosmology
from jerald_tools.cli.output_names import refuse_inputs
from jerald_tools.errors import BadInput

logger = logging.getLogger(__name__)

# Relative difference between the sigma8 of a table and that of the cosmology that is worth a line.
SIGMA8_TOLERANCE = 0.01


@command(
    "generate-ics",
    example="""
    generate-ics --seed 9281 --mesh 96 --particles 48 --box-size 20 --camb -o ics.h5
    """,
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Seed of N-GenIC's white noise.")
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
@click.option("--camb", is_flag=True, help="Linear power by CAMB with the cosmology.")
@click.option("--fixed", is_flag=True, help="Amplitudes at their mean, only phases are random.")
@click.option("--paired", is_flag=True, help="All phases shifted by pi: the noise's mirror.")
@cosmology_options
@click.option("-o", "--output", metavar="FILE", required=True, help="HDF5 file to write.")
def main(run: Run, output, particles, power, **options):
    """Make initial conditions: the linear overdensity at z = 0 on a mesh.

    From a seed (white noise as N-GenIC, FastPM and MP-GenIC draw it), from white noise in a file,
    or from a linear density made elsewhere. The cosmology travels in the files from here on.
    """
    _refuse_contradictions(power=power, **options)
    refuse_inputs([output], [power, options["white_noise"], options["linear_density"]])

    from jerald_tools.cli.provenance import provenance_of
    from jerald_tools.gravity.lpt import lattice_shape, linear_field
    from jerald_tools.gravity.white_noise import noise_of_field, white_noise
    from jerald_tools.io.atomic import check_target
    from jerald_tools.io.grids import InitialConditionsHeader
    from jerald_tools.io.parallel import load_field, save_initial_conditions
    from jerald_tools.mesh.mesh import make_mesh
    from jerald_tools.mesh.ranks import on_root, world

    ranks = world()
    on_root(ranks, check_target, output, run.force)
    source, open_source, found = _source_file(ranks, options)
    cosmology = stated_cosmology(options, found.cosmology)
    mesh = make_mesh(found.shape, _box_size(found, options["box_size"], source), run.precision)
    lattice = lattice_shape(mesh.shape, particles)
    attributes = {}
    if source is None:
        attributes |= {name: options[name] for name in ("seed", "fixed", "paired")}
    else:
        if options["paired"]:
            attributes["paired"] = True
        field = load_field(mesh, open_source, source).astype(mesh.dtype)
    if options["linear_density"] is None:
        spectrum = _linear_power(power, cosmology, mesh)
        attributes["linear_power"] = spectrum.source
        with run.stages.stage("white noise"):
            if source is None:
                noise = white_noise(mesh, options["seed"], options["fixed"], options["paired"])
            else:
                noise = noise_of_field(mesh, -field if options["paired"] else field)
        with run.stages.stage("linear density"):
            field = linear_field(mesh, noise, spectrum).block_until_ready()

    header = InitialConditionsHeader(mesh.box_size, mesh.shape, lattice, cosmology, attributes)
    inputs = [path for path in (source, power) if path is not None]
    provenance = provenance_of(run, mesh, inputs)
    save_initial_conditions(output, mesh, field, header, provenance, run.force)
    logger.info("%s: mesh %s, particles %s, %s", output, mesh.shape, lattice, cosmology)


def _refuse_contradictions(
    seed, white_noise, linear_density, mesh, box_size, power, camb, fixed, paired, **_
):
    if sum(source is not None for source in (seed, white_noise, linear_density)) != 1:
        raise click.UsageError("give one of --seed, --white-noise and --linear-density")
    if seed is None and fixed:
        raise click.UsageError("--fixed is for a --seed; leave it out")
    if linear_density is not None and paired:
        raise click.UsageError("--paired is for a --seed or --white-noise; leave it out")
    if seed is not None and (mesh is None or box_size is None):
        raise click.UsageError("a --seed needs --mesh and --box-size; give both")
    if linear_density is None and (power is not None) == camb:
        raise click.UsageError("give one of --power FILE and --camb")
    if linear_density is not None and (power is not None or camb):
        raise click.UsageError("a --linear-density has its power; leave out --power and --camb")


def _source_file(ranks, options):
    """The file in place of a seed (or None), the function that opens it, and its header."""
    from jerald_tools.io.grids import FieldFile, FieldHeader
    from jerald_tools.io.parallel import read_header
    from jerald_tools.io.white_noise import open_white_noise

    open_linear_density = functools.partial(FieldFile, name="linear_density")
    openers = {"white_noise": open_white_noise, "linear_density": open_linear_density}
    for option, open_file in openers.items():
        if options[option] is not None:
            path = options[option]
            found = read_header(ranks, open_file, path)
            if options["mesh"] not in (None, found.shape[0]):
                raise BadInput(f"{path}: its mesh is {found.shape}; leave out --mesh")
            return path, open_file, found
    return None, None, FieldHeader((options["mesh"],) * 3, box_size=None, cosmology=None)


def _box_size(found, stated, path) -> tuple[float, float, float]:
    """The sides of the box [Mpc/h], from the file or from the side along x."""
    if stated is None:
        if found.box_size is None:
            raise BadInput(f"{path}: has no attribute box_size; give --box-size")
        return found.box_size
    if not 0 < stated < math.inf:
        raise BadInput(f"--box-size {stated:g}: give a positive length in Mpc/h")
    box_size = tuple(stated * nodes / found.shape[0] for nodes in found.shape)
    if found.box_size is not None and any(
        not math.isclose(ours, theirs, rel_tol=1e-6)
        for ours, theirs in zip(box_size, found.box_size, strict=True)
    ):
        raise BadInput(
            f"{path}: its box is {found.box_size} Mpc/h; leave out --box-size {stated:g}"
        )
    return box_size


def _linear_power(path, cosmology, mesh):
    """The linear power of a table, or of CAMB without one; rank 0 makes it for all."""
    from jerald_tools.gravity.linear_power import camb_linear_power, read_linear_power
    from jerald_tools.mesh.ranks import on_root
    from jerald_tools.mesh.wavenumbers import wavenumber_table

    if path is None:
        return on_root(mesh.ranks, camb_linear_power, cosmology, wavenumber_table(mesh)[-1])
    power = on_root(mesh.ranks, read_linear_power, path)
    if power.reaches_sigma8() and abs(power.sigma8() / cosmology.sigma8 - 1) > SIGMA8_TOLERANCE:
        logger.warning(
            "%s: warning: its sigma8 is %.4g, the cosmology's %.4g: it is used as it is",
            path,
            power.sigma8(),
            cosmology.sigma8,
        )
    return power
