# SPDX-License-Identifier: GPL-3.0-or-later
"""powerspec: power of maps and particles, and how it compares with a reference's."""

import json
import math
from collections.abc import Iterator

import click

from jerald_tools.cli.command import Run, command
from jerald_tools.cli.output_names import output_names, refuse_inputs
from jerald_tools.errors import BadInput

REGION_LABELS = {
    "all": "whole box",
    "training": "training half",
    "validation": "validation region",
    "test": "test cube",
}


@command(
    "powerspec",
    example="""
    powerspec hi_z2.h5 --reference hi_ref_z2.h5 -o hi_z2.csv
    powerspec hi_[0-6].h5 --band --reference hi_ref_z2.h5 -o hi_z2.csv
    powerspec particles_z2.h5 --mesh 96 --window tsc --interlace --compensate -o '{name}_pk.csv'
    """,
)
@click.argument("inputs", nargs=-1, required=True, type=click.Path())
@click.option("--reference", type=click.Path(), help="Map (or particles) to compare with.")
@click.option(
    "--mean",
    "divisor",
    type=click.Choice(["reference", "own"]),
    help="Whose mean the overdensity is over.  [default: the reference's, if there is one]",
)
@click.option(
    "--region",
    type=click.Choice(list(REGION_LABELS)),
    default="all",
    show_default=True,
    help="Only the nodes of this region of the training split, zero overdensity elsewhere.",
)
@click.option(
    "--edges",
    help="Edges of the k bins [h/Mpc], as 0.15,0.5,1.2.  [default: around multiples of 2 pi/L]",
)
@click.option("--label", help="What the table of plot-figures calls it.  [default: its region]")
@click.option(
    "--mesh",
    "nodes",
    type=click.IntRange(min=2),
    help="Nodes along x to paint particles on; cells are cubes.  [default: the reference's, else "
    "the particles' lattice]",
)
@click.option(
    "--window",
    type=click.Choice(["cic", "tsc"]),
    default="cic",
    show_default=True,
    help="Shape that particles are painted with.",
)
@click.option(
    "--band",
    is_flag=True,
    help="INPUTS are the members of one ensemble (paint --members all): write one spectrum, their "
    "median and the 68 % band around it.",
)
@click.option("--interlace", is_flag=True, help="Paint particles twice, half a cell aside.")
@click.option("--compensate", is_flag=True, help="Divide particles' spectra by their window.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(),
    help="CSV file; of several inputs, a name with {name} in it.",
)
def main(
    run: Run, inputs, reference, divisor, region, edges, label, nodes, band, output, **painting
):
    """Measure P(k), and with a reference the ratio P / P_ref and r(k) = P_x / sqrt(P_ref P).

    Shot noise is reported for particles, not subtracted. A region's spectrum is smeared over the
    width of the region, model and reference alike.
    """
    outputs = [output] if band else output_names(inputs, output)
    refuse_inputs(outputs, [*inputs, reference])
    edges = _parse_edges(edges)
    if reference is None and divisor == "reference":
        raise click.UsageError("--mean reference needs a --reference")

    from jerald_tools.analysis.band import band_columns, band_notes
    from jerald_tools.cli.ensemble_band import model_error_of
    from jerald_tools.cli.provenance import provenance_of
    from jerald_tools.cli.spectrum_inputs import Painting, check_partners, read_source
    from jerald_tools.io.atomic import check_target
    from jerald_tools.io.spectra import write_spectrum
    from jerald_tools.mesh.ranks import on_root, world

    ranks = world()
    for path in outputs:
        on_root(ranks, check_target, path, run.force)
    painting = Painting(**painting)
    partner = read_source(ranks, reference, nodes) if reference else None
    sources = [read_source(ranks, path, nodes, partner) for path in inputs]
    check_partners(sources, partner, painting, nodes, over_reference_mean=divisor != "own")
    model_error = model_error_of(ranks, sources) if band else None

    spectra = _measure_each(run, sources, partner, painting, region, edges, divisor)
    made_of = [[path] for path in inputs]
    if band:
        meshes, columns, notes = zip(*spectra, strict=True)
        spectra = [(meshes[0], band_columns(columns, model_error), band_notes(notes))]
        made_of = [inputs]
    for path, used, (mesh, columns, notes) in zip(outputs, made_of, spectra, strict=True):
        used = [*used, *([reference] if reference else [])]
        notes = {
            **notes,
            "region": region,
            "label": label or REGION_LABELS[region],
            "provenance": json.dumps(provenance_of(run, mesh, used).as_dict()),
        }
        on_root(ranks, write_spectrum, path, columns, notes, run.force)


def _measure_each(run: Run, sources, partner, painting, region, edges, divisor) -> Iterator[tuple]:
    """Mesh, columns and notes of each source's spectrum, one after the other."""
    from jerald_tools.analysis.power_spectrum import compare, cross_power
    from jerald_tools.cli.spectrum_inputs import measure
    from jerald_tools.fitting.regions import region_mask
    from jerald_tools.mesh.mesh import make_mesh

    measured_partner = None
    for source in sources:
        mesh = make_mesh(source.header.mesh, source.header.box_size, run.precision)
        mask = None if region == "all" else region_mask(mesh, region)
        if partner and measured_partner is None:
            measured_partner = measure(mesh, partner, painting, None, mask)
        over = measured_partner.mean if partner and divisor != "own" else None
        measured = measure(mesh, source, painting, over, mask)
        if partner:
            columns = _columns(compare(mesh, measured.spectrum, measured_partner.spectrum, edges))
        else:
            own = cross_power(mesh, measured.spectrum, measured.spectrum, edges)
            columns = {"k": own.k, "P": own.power, "modes": own.modes}
        if not columns["modes"].any():
            raise BadInput(
                f"--edges {','.join(map(str, edges))}: {source.path} has no modes there; its mesh "
                f"has them from {2 * math.pi / max(mesh.box_size):.3g} h/Mpc on"
            )
        yield mesh, columns, _notes(source, measured, measured_partner)


def _parse_edges(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(number) for number in text.split(",")]
    except ValueError as error:
        raise click.UsageError(f"--edges {text}: give numbers with commas between them") from error


def _columns(comparison) -> dict:
    """A comparison under the names that the file has for its columns."""
    return {
        "k": comparison.k,
        "P": comparison.power,
        "modes": comparison.modes,
        "P_ref": comparison.reference_power,
        "ratio": comparison.ratio,
        "r": comparison.r,
        "P_cross": comparison.cross_power,
    }


def _notes(source, measured, partner) -> dict:
    """What the spectrum is of, for the lines above its columns."""
    header = source.header
    notes = {
        "quantity": header.quantity,
        "redshift": repr(header.redshift),
        "box_size [Mpc/h]": " ".join(map(repr, header.box_size)),
        "mesh": " ".join(map(str, header.mesh)),
        "units": "k in h/Mpc; P, P_ref, P_cross in (Mpc/h)^3, shot noise not subtracted",
        "mean": f"{measured.mean!r} {header.units}",
    }
    if partner is not None:
        notes["mean_ref"] = f"{partner.mean!r}"
        notes["mean_ratio"] = repr(measured.mean / partner.mean)
    if measured.shot_noise is not None:
        notes["shot_noise [(Mpc/h)^3]"] = repr(measured.shot_noise)
    return notes
