# SPDX-License-Identifier: GPL-3.0-or-later
"""How well single cells agree, which spectra do not tell: voids, and the density in logarithms."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jerald_tools.analysis.figures.style import MapPair
from jerald_tools.analysis.tables import csv_text, markdown_text
from jerald_tools.errors import BadInput

VOID = 0.05
"""Cells below this share of the reference's mean count as empty."""

FLOOR = 1e-6
"""Least value of a cell over the reference's mean before the logarithm."""


@dataclasses.dataclass(frozen=True)
class CellAgreement:
    """A row of the table.

    Attributes:
        quantity: its name.
        redshift: of the maps.
        log_correlation: Pearson's coefficient of the logarithms of model and reference over all
            cells; NaN if half of the reference's cells or more are empty, as of stars.
        below: share of the model's cells below :data:`VOID` of the reference's mean.
        reference_below: the same of the reference.
    """

    quantity: str
    redshift: float
    log_correlation: float
    below: float
    reference_below: float


def cell_agreement(pair: MapPair) -> CellAgreement:
    """Compare a map with its reference cell by cell.

    Raises:
        BadInput: if the reference is empty.
    """
    mean = pair.reference.mean(dtype=np.float64)
    if not mean > 0:
        raise BadInput(
            f"the reference map of {pair.quantity} at z = {pair.redshift:g} is empty: nothing "
            "compares with it; leave it out"
        )
    model, reference = (field.astype(np.float64) / mean for field in (pair.model, pair.reference))
    correlation = np.nan
    if np.median(reference) > 0:
        logarithms = [np.log(np.maximum(one, FLOOR)).ravel() for one in (model, reference)]
        correlation = float(np.corrcoef(*logarithms)[0, 1])
    below, reference_below = (float(np.mean(one < VOID)) for one in (model, reference))
    return CellAgreement(pair.quantity, pair.redshift, correlation, below, reference_below)


def cells_markdown(rows: Sequence[CellAgreement]) -> str:
    """The table in Markdown, a row for each map in the order given."""
    header = ["quantity", "z", "r of logarithms", f"cells below {VOID:g}", "of the reference"]
    return markdown_text(
        header,
        (
            [
                row.quantity,
                f"{row.redshift:g}",
                "—" if np.isnan(row.log_correlation) else f"{row.log_correlation:.3f}",
                *(f"{share:.2g}" for share in (row.below, row.reference_below)),
            ]
            for row in rows
        ),
    )


def cells_csv(rows: Sequence[CellAgreement]) -> str:
    """The table as CSV, with all digits."""
    header = [field.name for field in dataclasses.fields(CellAgreement)]
    return csv_text(header, [dataclasses.astuple(row) for row in rows])
