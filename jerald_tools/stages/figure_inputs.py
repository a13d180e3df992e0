# SPDX-License-Identifier: GPL-3.0-or-later
"""What plot-figures draws, from its files: maps in pairs, spectra, fits."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from jerald_tools.agreement import same_redshift
from jerald_tools.analysis.band import Band
from jerald_tools.analysis.figures.scaling import MeasuredStep
from jerald_tools.analysis.figures.spectra import Curve
from jerald_tools.analysis.figures.style import MapPair
from jerald_tools.analysis.map_style import MapStyle
from jerald_tools.analysis.power_spectrum import Comparison
from jerald_tools.analysis.tables import BandedMap, FittedLoss, MeasuredMap
from jerald_tools.errors import BadInput
from jerald_tools.fitting import regions
from jerald_tools.io.grids import MapFile, MapHeader, check_agreement
from jerald_tools.io.inputs import text_type
from jerald_tools.io.spectra import read_spectrum
from jerald_tools.mesh.mesh import make_mesh
from jerald_tools.mesh.ranks import Ranks
from jerald_tools.model.fitted_model import FittedModel
from jerald_tools.quantities import quantity_named


def load_pairs(models: Sequence[str], references: Sequence[str]) -> list[MapPair]:
    """Pair each model with the reference of its quantity and redshift, in the models' order.

    Raises:
        BadInput: if a map has no partner, two claim one, or partners disagree on mesh or box.
    """
    unpaired: dict[str, MapHeader] = {}
    for path in references:
        header = _map_header(path)
        twin = _partner(header, unpaired)
        if twin is not None:
            raise BadInput(f"{path}: {twin} is {_words(header)} too; give one reference each")
        unpaired[path] = header
    pairs = []
    for path in models:
        header = _map_header(path)
        reference = _partner(header, unpaired)
        if reference is None:
            raise BadInput(f"{path}: no reference (left) of {_words(header)}; give --reference")
        check_agreement(path, header, reference, unpaired.pop(reference))
        pairs.append(
            MapPair(
                header.quantity,
                _style_of(header.quantity),
                header.units,
                header.redshift,
                header.box_size,
                _map_values(reference),
                _map_values(path),
            )
        )
    for path, header in unpaired.items():
        raise BadInput(f"{path}: no model map of {_words(header)} to show beside it; give one")
    return pairs


def _map_header(path: str) -> MapHeader:
    with MapFile(path) as file:
        return file.header


def _map_values(path: str) -> Float[np.ndarray, "x y z"]:
    with MapFile(path) as file:
        return file.read()


def _partner(header: MapHeader, maps: Mapping[str, MapHeader]) -> str | None:
    """The path of the map of the same quantity and redshift, None if there is none."""
    for path, other in maps.items():
        if other.quantity == header.quantity and same_redshift(other.redshift, header.redshift):
            return path
    return None


def _words(header: MapHeader) -> str:
    return f"{header.quantity} at z = {header.redshift:g}"


def shape_of_test_region(pairs: Sequence[MapPair]) -> tuple[int, int, int]:
    """Nodes of the test region of the maps along x, y, z.

    Raises:
        BadInput: if the maps are on different meshes.
    """
    shapes = {pair.reference.shape for pair in pairs}
    if len(shapes) > 1:
        raise BadInput(f"maps on meshes {sorted(shapes)} in one figure: give maps on one mesh")
    mesh = make_mesh(pairs[0].reference.shape, pairs[0].box_size, ranks=Ranks())
    return regions.test_shape(mesh)


def load_curve(path: str, is_baseline: bool = False) -> Curve:
    """A spectrum with a reference, to be drawn; see :func:`load_comparison`."""
    comparison, notes, columns = load_comparison(path)
    quantity, redshift = notes["quantity"], number_of(notes, "redshift", path)
    style = _style_of(quantity)
    return Curve(quantity, style, redshift, comparison, is_baseline, *_bands(columns))


def _style_of(quantity: str) -> MapStyle:
    return quantity_named(quantity).style


def _bands(columns: dict[str, np.ndarray]) -> tuple[Band, Band] | tuple[None, None]:
    """The bands of an ensemble's power and r(k); None twice for the spectrum of a single map."""
    if "P_low" not in columns:
        return None, None
    return (
        Band(columns["P"], columns["P_low"], columns["P_high"]),
        Band(columns["r"], columns["r_low"], columns["r_high"]),
    )


def load_banded_map(path: str) -> BandedMap:
    """An ensemble's spectrum with a reference, as a row of the table of coverage.

    Raises:
        BadInput: if it has no band, or no reference.
    """
    comparison, notes, columns = load_comparison(path)
    power, _ = _bands(columns)
    if power is None:
        raise BadInput(f"{path}: has no band: make it with powerspec --band of all members")
    return BandedMap(_measured_map(path, comparison, notes), power, columns["scatter"])


def load_measured_map(path: str) -> MeasuredMap:
    """A row of the table: a spectrum with a reference, or a fit's own map where it was chosen.

    Raises:
        BadInput: as :func:`load_comparison` does, or for a fit that does not say how good it is.
    """
    if text_type(path) == "fit":
        return _validated_map(path)
    comparison, notes, _ = load_comparison(path)
    return _measured_map(path, comparison, notes)


def _measured_map(path: str, comparison: Comparison, notes: dict[str, str]) -> MeasuredMap:
    return MeasuredMap(
        notes["quantity"],
        number_of(notes, "redshift", path),
        notes["label"],
        number_of(notes, "mean_ratio", path),
        comparison,
    )


def _validated_map(path: str) -> MeasuredMap:
    """The quality of a fit's own map in the validation region, in units of the target's power."""
    fit = FittedModel.load(path)
    redshift, quality = fit.single_redshift, fit.quality("validation")
    comparison = Comparison(
        quality.k,
        quality.modes,
        quality.ratio,
        np.ones_like(quality.ratio),
        quality.r * np.sqrt(quality.ratio),
    )
    label = f"{fit.loss_name}, validation region"
    return MeasuredMap(fit.quantity.name, redshift, label, quality.mean_ratio, comparison)


def load_fitted_loss(path: str) -> FittedLoss:
    """The losses of a fit file.

    Raises:
        BadInput: if it is no fit, one over redshifts, or lacks a loss.
    """
    fit = FittedModel.load(path)
    losses = (fit.losses[region] for region in ("train", "validation", "test"))
    return FittedLoss(fit.quantity.name, fit.single_redshift, fit.layers, *losses)


def load_measured_steps(paths: Sequence[str]) -> list[MeasuredStep]:
    """Measurements of one optimisation step on different numbers of ranks.

    Raises:
        BadInput: if a file is not such a measurement, or they are not of the same step.
    """
    steps = {}
    for path in paths:
        step = _measured_step(path)
        if any(step.title != other.title for other in steps.values()):
            other = next(iter(steps.values()))
            raise BadInput(f"{path}: {step.title}, not {other.title}: give one figure one step")
        if step.ranks in steps:
            raise BadInput(f"{path}: a second measurement on {step.ranks} ranks: give one")
        steps[step.ranks] = step
    return list(steps.values())


def _measured_step(path: str) -> MeasuredStep:
    try:
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
        nodes, ranks = int(values["mesh"]), int(values["ranks"])
        layers = f"{values['layers']} layer" + ("s" if values["layers"] != 1 else "")
        return MeasuredStep(
            f"{nodes}$^3$, {values['kind']}, {layers}, {values['precision']} precision",
            ranks,
            float(values["wall_seconds"]),
            float(values["bytes_per_cell"]) * nodes**3 / ranks,
        )
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}; check the name") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path}: is not what benchmarks/step.py --json prints ({error}); measure again"
        ) from error


def load_comparison(path: str) -> tuple[Comparison, dict[str, str], dict[str, np.ndarray]]:
    """A spectrum of powerspec with a reference, its notes, and all its columns.

    Raises:
        BadInput: if it was made without a reference, or does not state its quantity.
    """
    columns, notes = read_spectrum(path)
    if not {"P_ref", "r"} <= columns.keys():
        raise BadInput(f"{path}: has no P_ref and r; make it with powerspec --reference")
    missing = [
        name for name in ("quantity", "redshift", "label", "mean_ratio") if name not in notes
    ]
    if missing:
        raise BadInput(f"{path}: its # lines lack {', '.join(missing)}; make it with powerspec")
    cross = columns["r"] * np.sqrt(columns["P"] * columns["P_ref"])
    modes = columns["modes"].astype(np.int64)
    return Comparison(columns["k"], modes, columns["P"], columns["P_ref"], cross), notes, columns


def number_of(notes: dict[str, str], name: str, path: str) -> float:
    """A number among a spectrum's notes.

    Raises:
        BadInput: if it is not one.
    """
    try:
        return float(notes[name])
    except ValueError as error:
        raise BadInput(f"{path}: {name} {notes[name]!r} is not a number; correct it") from error
