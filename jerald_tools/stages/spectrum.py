# SPDX-License-Identifier: GPL-3.0-or-later
"""Power spectra of maps and particles as CSV, alone or beside a reference."""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np

from jerald_tools.analysis.band import band_columns, band_notes
from jerald_tools.analysis.power_spectrum import Comparison, compare
from jerald_tools.errors import BadInput
from jerald_tools.fitting.regions import region_mask
from jerald_tools.io.spectra import write_spectrum
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, on_root, world
from jerald_tools.stages.outputs import check_outputs, output_names
from jerald_tools.stages.provenance import provenance_of
from jerald_tools.stages.run import Run
from jerald_tools.stages.spectrum_inputs import (
    Measured,
    Painting,
    Source,
    check_partners,
    engine_of,
    measure,
    model_error_of,
    read_source,
)

REGION_LABELS = {
    "all": "whole box",
    "training": "training half",
    "validation": "validation region",
    "test": "test cube",
}


@dataclasses.dataclass(frozen=True)
class Measurement:
    """Where and in which bins spectra are measured.

    Attributes:
        mean: whose mean the overdensity is over: "reference", "own", or None for the reference's
            where there is one.
        region: "all", or a region of the training split, outside of which the overdensity is 0.
        edges: of the bins of k [h/Mpc]; None for bins around the multiples of 2 pi / L.
        label: name of the spectrum in the table of plot-figures; None for its region.
    """

    mean: str | None = None
    region: str = "all"
    edges: Sequence[float] | None = None
    label: str | None = None


def measure_spectra(
    run: Run,
    inputs: Sequence[str],
    reference: str | None,
    measurement: Measurement,
    painting: Painting,
    output: str,
    band: bool = False,
) -> None:
    """Write the spectrum of each input, or one spectrum with the band of an ensemble.

    Args:
        run: how the stage runs.
        inputs: maps or particles.
        reference: map or particles to compare each with.
        measurement: region and bins.
        painting: how particles become a field.
        output: CSV file; of several inputs, a name with ``{name}`` in it.
        band: whether the inputs are members of one ensemble, of which one spectrum is written.

    Raises:
        BadInput: on every rank, if files cannot be read or compared.
    """
    ranks = world()
    outputs = [output] if band else output_names(inputs, output)
    check_outputs(ranks, outputs, [*inputs, reference], run.force)
    partner = read_source(ranks, reference, painting) if reference else None
    sources = [read_source(ranks, path, painting, partner) for path in inputs]
    check_partners(sources, partner, painting, over_reference_mean=measurement.mean != "own")
    spectra = _measure_each(run, ranks, sources, partner, painting, measurement)
    made_of = [[path] for path in inputs]
    if band:
        model_error = model_error_of(ranks, sources)
        meshes, columns, notes = zip(*spectra, strict=True)
        spectra = [(meshes[0], band_columns(columns, model_error), band_notes(notes))]
        made_of = [inputs]
    for path, used, (mesh, columns, notes) in zip(outputs, made_of, spectra, strict=True):
        used = [*used, *([reference] if reference else [])]
        notes = {
            **notes,
            "region": measurement.region,
            "label": measurement.label or REGION_LABELS[measurement.region],
        }
        record = provenance_of(run, mesh, used)
        on_root(ranks, write_spectrum, path, columns, notes, record, run.force)


def _measure_each(
    run: Run,
    ranks: Ranks,
    sources: Sequence[Source],
    partner: Source | None,
    painting: Painting,
    measurement: Measurement,
) -> Iterator[tuple[Mesh, dict[str, np.ndarray], dict[str, str]]]:
    """Mesh, columns and notes of each source's spectrum, one after the other."""
    region, edges = measurement.region, measurement.edges
    engine = engine_of(run)
    reference = None
    for source in sources:
        mesh = make_mesh(source.header.mesh, source.header.box_size, run.precision, ranks)
        mask = None if region == "all" else region_mask(mesh, region)
        if partner and reference is None:
            reference = measure(mesh, partner, painting, None, mask, engine)
        mean = reference.mean if reference and measurement.mean != "own" else None
        measured = measure(mesh, source, painting, mean, mask, engine)
        if reference:
            both = measured.spectrum, reference.spectrum
            columns = _columns(compare(mesh, *both, edges, engine.cross_power))
        else:
            own = engine.cross_power(mesh, measured.spectrum, measured.spectrum, edges)
            columns = {"k": own.k, "P": own.power, "modes": own.modes}
        if not columns["modes"].any():
            raise BadInput(
                f"--edges {','.join(map(str, edges or ()))}: {source.path} has no modes there; its "
                f"mesh has them from {2 * math.pi / max(mesh.box_size):.3g} h/Mpc on"
            )
        yield mesh, columns, _notes(source, measured, reference)


def _columns(comparison: Comparison) -> dict[str, np.ndarray]:
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


def _notes(source: Source, measured: Measured, reference: Measured | None) -> dict[str, str]:
    """The lines above the columns, by name: quantity, redshift, box, mesh, units and means."""
    header = source.header
    notes = {
        "quantity": header.quantity,
        "redshift": repr(header.redshift),
        "box_size [Mpc/h]": " ".join(map(repr, header.box_size)),
        "mesh": " ".join(map(str, header.mesh)),
        "units": "k in h/Mpc; P, P_ref, P_cross in (Mpc/h)^3, shot noise not subtracted",
        "mean": f"{measured.mean!r} {header.units}",
    }
    if reference is not None:
        notes["mean_ref"] = f"{reference.mean!r}"
        notes["mean_ratio"] = repr(measured.mean / reference.mean)
    if measured.shot_noise is not None:
        notes["shot_noise [(Mpc/h)^3]"] = repr(measured.shot_noise)
    return notes
