# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics of flux along lines of sight as CSV, alone or beside those of a reference."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.io.parallel import read_header
from jerald_tools.io.skewers import SkewersFile, SkewersHeader
from jerald_tools.io.spectra import write_spectrum
from jerald_tools.lines.flux_statistics import LinePower, flux_distribution, line_power
from jerald_tools.lines.geometry import AXES
from jerald_tools.mesh.ranks import Ranks, agree, on_root
from jerald_tools.stages.outputs import check_outputs, output_names
from jerald_tools.stages.provenance import provenance_of_copy
from jerald_tools.stages.run import Run

PIXELS_AT_ONCE = 2**21


@dataclasses.dataclass(frozen=True)
class LineMeasurement:
    """What is measured of lines.

    Attributes:
        pdf: whether the distribution of flux, and not its power.
        units: of k, "s/km" or "h/Mpc".
        edges: of the bins of k in these units; None for each wavenumber.
    """

    pdf: bool = False
    units: str = "s/km"
    edges: Sequence[float] | None = None


@dataclasses.dataclass(frozen=True)
class _Lines:
    """A file of lines.

    Attributes:
        path: the file.
        header: what the lines are of.
        shape: of the lines, then pixels.
    """

    path: str
    header: SkewersHeader
    shape: tuple[int, ...]

    @property
    def width_kms(self) -> float:
        """Of the box [km/s]."""
        return self.header.pixel_kms * self.shape[-1]

    def flux(self, ranks: Ranks) -> Iterator[np.ndarray]:
        """Flux of this rank's lines, some at a time, (lines, pixels).

        Raises:
            BadInput: on every rank, if the data are damaged.
        """
        rows = self.shape[0]
        begin, end = (rows * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1))
        step = max(1, PIXELS_AT_ONCE // int(np.prod(self.shape[1:])))
        for start in range(begin, begin + -(-rows // ranks.size), step):
            stop = min(start + step, end)
            tau = agree(ranks, lambda start=start, stop=stop: self._read(min(start, stop), stop))
            yield np.exp(-tau.reshape(-1, self.shape[-1]).astype(np.float64))

    def _read(self, start: int, stop: int) -> np.ndarray:
        with SkewersFile(self.path) as file:
            return file.read(start, stop)


def measure_lines(
    run: Run,
    ranks: Ranks,
    inputs: Sequence[str],
    reference: str | None,
    measurement: LineMeasurement,
    output: str,
) -> None:
    """Write the power or the distribution of flux of each file of lines.

    Args:
        run: how the stage runs.
        ranks: the processes.
        inputs: files of ``skewers``.
        reference: another such file to compare each with.
        measurement: what is measured.
        output: CSV file; of several inputs, a name with ``{name}`` in it.

    Raises:
        BadInput: on every rank, if files cannot be read or compared.
    """
    outputs = output_names(inputs, output)
    check_outputs(ranks, outputs, [*inputs, reference], run.force)
    partner = _open(ranks, reference) if reference else None
    sources = [_open(ranks, path) for path in inputs]
    for source in sources if partner else ():
        _check_agreement(source, partner)
    for path, source in zip(outputs, sources, strict=True):
        columns, notes = _measured(ranks, source, partner, measurement)
        used = [source.path, *([reference] if reference else [])]
        record = provenance_of_copy(run, ranks, used)
        on_root(ranks, write_spectrum, path, columns, notes, record, run.force)


def _open(ranks: Ranks, path: str) -> _Lines:
    header = read_header(ranks, SkewersFile, path)

    def shape() -> tuple[int, ...]:
        with SkewersFile(path) as file:
            file.verify()  # it will be read in pieces
            return file.shape

    return _Lines(path, header, on_root(ranks, shape))


def _check_agreement(source: _Lines, partner: _Lines | None) -> None:
    """Refuse lines that are not in the same places of boxes of one width."""
    assert partner is not None
    for what, own, other in (
        ("lines and pixels", source.shape, partner.shape),
        ("axis", source.header.axis, partner.header.axis),
    ):
        if own != other:
            raise BadInput(
                f"{source.path}: {what} {own}, but {partner.path} has {other}; give lines alike"
            )
    if not np.isclose(source.width_kms, partner.width_kms, rtol=1e-3):
        raise BadInput(
            f"{source.path}: {source.width_kms:g} km/s wide, but {partner.path} is "
            f"{partner.width_kms:g}; give lines alike"
        )


def _measured(
    ranks: Ranks, source: _Lines, partner: _Lines | None, measurement: LineMeasurement
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Columns and notes of one file."""
    header = source.header
    notes = {
        "quantity": "flux of Lyman-alpha",
        "redshift": repr(header.redshift),
        "axis": header.axis,
        "lines": " ".join(map(str, source.shape[:-1])),
        "pixel [km/s]": repr(header.pixel_kms),
    }
    if measurement.pdf:
        flux, density = flux_distribution(ranks, source.flux(ranks))
        columns = {"F": flux, "density": density}
        if partner:
            columns["density_ref"] = flux_distribution(ranks, partner.flux(ranks))[1]
        return columns, notes | {"units": "pixels per unit of flux, over their number"}
    in_kms = measurement.units == "s/km"
    width = source.width_kms if in_kms else header.box_size[AXES.index(header.axis)]
    pairs = ((flux, flux) for flux in source.flux(ranks))
    if partner:
        pairs = zip(source.flux(ranks), partner.flux(ranks), strict=True)
    power = line_power(ranks, pairs, source.shape[-1], width, measurement.edges)
    if not power.modes.any():
        raise BadInput(
            f"--edges {','.join(map(str, measurement.edges or ()))}: {source.path} has no modes "
            f"there; it has them from {2 * np.pi / width:.3g} {measurement.units} on"
        )
    notes["units"] = f"k in {measurement.units}; P in {'km/s' if in_kms else 'Mpc/h'}"
    notes["mean"] = repr(float(power.mean))
    if partner:
        notes["mean_ref"] = repr(float(power.reference_mean))
    return _columns(power, partner is not None), notes


def _columns(power: LinePower, compared: bool) -> dict[str, np.ndarray]:
    columns = {"k": power.k, "P": power.power, "modes": power.modes}
    if compared:
        with np.errstate(invalid="ignore", divide="ignore"):
            columns |= {
                "P_ref": power.reference_power,
                "ratio": power.power / power.reference_power,
                "r": power.cross_power / np.sqrt(power.power * power.reference_power),
                "P_cross": power.cross_power,
            }
    return columns
