# SPDX-License-Identifier: GPL-3.0-or-later
"""Power spectra of maps and particles as CSV, alone or beside a reference."""

import dataclasses
import logging
import math
from collections.abc import Iterator, Sequence

import numpy as np

from jerald_tools.analysis.anisotropic_power import multipoles, wedges
from jerald_tools.analysis.band import band_columns, band_notes
from jerald_tools.analysis.power_spectrum import Comparison, compare
from jerald_tools.engines import OWN_ENGINE
from jerald_tools.errors import BadInput
from jerald_tools.fitting.regions import region_mask
from jerald_tools.io.inputs import file_type
from jerald_tools.io.spectra import write_spectrum
from jerald_tools.lines.geometry import AXES
from jerald_tools.mesh.mesh import Mesh, make_mesh
from jerald_tools.mesh.ranks import Ranks, on_root, world
from jerald_tools.stages.line_spectrum import LineMeasurement, measure_lines
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

logger = logging.getLogger(__name__)

ALIASED = 0.4
"""Share of the Nyquist frequency above which particles need interlacing for a power to 1 %.

Compensation without it divides by the window's aliased shot noise, whatever else is aliased.
"""

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
        multipoles: whether to measure the multipoles of the power in the angle to a line of sight.
        mu_bins: of the cosine of that angle, in which to measure the power; None for all angles.
        los: line of sight "x", "y" or "z"; None for that of the map, or of its lines, or z.
    """

    mean: str | None = None
    region: str = "all"
    edges: Sequence[float] | None = None
    label: str | None = None
    multipoles: bool = False
    mu_bins: int | None = None
    los: str | None = None

    @property
    def is_anisotropic(self) -> bool:
        """Whether the angle to the line of sight matters."""
        return self.multipoles or self.mu_bins is not None


def measure_spectra(
    run: Run,
    inputs: Sequence[str],
    reference: str | None,
    measurement: Measurement,
    painting: Painting,
    lines: LineMeasurement,
    output: str,
    band: bool = False,
) -> None:
    """Write the spectrum of each input, or one spectrum with the band of an ensemble.

    Of files of lines it is the power along them, unless it is asked for with angles: then lines
    are a field of flux in redshift space.

    Args:
        run: how the stage runs.
        inputs: maps or particles.
        reference: map or particles to compare each with.
        measurement: region and bins.
        painting: how particles become a field.
        lines: what is measured of files of lines.
        output: CSV file; of several inputs, a name with ``{name}`` in it.
        band: whether the inputs are members of one ensemble, of which one spectrum is written.

    Raises:
        BadInput: on every rank, if files cannot be read or compared.
    """
    ranks = world()
    _refuse_what_engines_lack(run, ranks, inputs, measurement)
    if _are_lines(ranks, inputs, reference) and not measurement.is_anisotropic:
        _refuse_options_of_maps(inputs[0], measurement, painting, band)
        measured = dataclasses.replace(lines, edges=measurement.edges)
        measure_lines(run, ranks, inputs, reference, measured, output)
        return
    if lines != LineMeasurement():
        raise BadInput(f"{inputs[0]}: --pdf and --units are for files of skewers; leave them out")
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


def _refuse_what_engines_lack(
    run: Run, ranks: Ranks, inputs: Sequence[str], measurement: Measurement
) -> None:
    if run.engine == OWN_ENGINE:
        return
    if measurement.is_anisotropic or _are_lines(ranks, inputs[:1], None):
        raise BadInput(
            f"--engine {run.engine}: is for powers of maps and particles, averaged over angles; "
            "leave it out for lines, --multipoles and --mu-bins"
        )


def _are_lines(ranks: Ranks, inputs: Sequence[str], reference: str | None) -> bool:
    """Whether all files are of lines; a mixture is left to be refused where it is compared."""
    paths = [*inputs, *([reference] if reference else [])]
    return all(on_root(ranks, file_type, path) == "skewers" for path in paths)


def _refuse_options_of_maps(
    path: str, measurement: Measurement, painting: Painting, band: bool
) -> None:
    plain = dataclasses.replace(measurement, edges=None, mean=None)
    if plain != Measurement() or painting != Painting() or band:
        raise BadInput(
            f"{path}: lines have no --region, --label, --band nor options of particles; leave "
            "them out"
        )


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
        if measurement.is_anisotropic:
            columns = anisotropic_columns(mesh, source, measured, reference, measurement)
        elif reference:
            both = measured.spectrum, reference.spectrum
            columns = _columns(compare(mesh, *both, edges, engine.cross_power))
        else:
            own = engine.cross_power(mesh, measured.spectrum, measured.spectrum, edges)
            columns = {"k": own.k, "P": own.power, "modes": own.modes}
        _warn_of_aliases(source, painting, mesh, columns["k"])
        if not columns["modes"].any():
            raise BadInput(
                f"--edges {','.join(map(str, edges or ()))}: {source.path} has no modes there; its "
                f"mesh has them from {2 * math.pi / max(mesh.box_size):.3g} h/Mpc on"
            )
        yield mesh, columns, _notes(source, measured, reference)


def _warn_of_aliases(source: Source, painting: Painting, mesh: Mesh, k: np.ndarray) -> None:
    """Say from where on a spectrum of particles that was compensated but not interlaced is off."""
    if source.is_map or painting.interlace or not painting.compensate:
        return
    limit = ALIASED * min(math.pi / cell for cell in mesh.cell_size)
    if np.any(k > limit):
        logger.warning(
            "%s: warning: beyond k = %.3g h/Mpc, 0.4 of the mesh's Nyquist frequency, aliases "
            "change the power by per cents (docs/commands.md); give --interlace or more --mesh",
            source.path,
            limit,
        )


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


def anisotropic_columns(
    mesh: Mesh,
    source: Source,
    measured: Measured,
    reference: Measured | None,
    measurement: Measurement,
) -> dict[str, np.ndarray]:
    """Multipoles, or power in bins of angle, of a source, of a reference, and of both together."""
    los = AXES.index(measurement.los or source.line_of_sight)
    pairs = {"": (measured.spectrum, measured.spectrum)}
    if reference:
        pairs["_ref"] = (reference.spectrum, reference.spectrum)
        pairs["_cross"] = (measured.spectrum, reference.spectrum)
    columns = {}
    for name, pair in pairs.items():
        if measurement.mu_bins is not None:
            found = wedges(mesh, *pair, los, measurement.mu_bins, measurement.edges)
            columns |= {"k": found.k, "mu": found.mu, "modes": found.modes, f"P{name}": found.power}
        else:
            found = multipoles(mesh, *pair, los, measurement.edges)
            columns |= {"k": found.k, "modes": found.modes}
            columns |= {f"P{ell}{name}": power for ell, power in found.power.items()}
    return {name: np.ravel(values) for name, values in columns.items()}
