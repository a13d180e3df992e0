# SPDX-License-Identifier: GPL-3.0-or-later
"""What the layers are worth: losses of fits with and without them, as a table."""

import csv
import dataclasses
import io
from collections.abc import Sequence

# From what everything stands on to what stands on it.
QUANTITY_ORDER = ("dark-matter", "stellar-mass", "neutral-hydrogen")


@dataclasses.dataclass(frozen=True)
class FittedLoss:
    """Losses of a finished fit, over the target's mean, in the regions of the split.

    Attributes:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        redshift: of the target.
        layers: displacement layers; 0 is the map that the layers have to beat.
        train: loss in the training half.
        validation: loss in the validation region, by which fits are chosen.
        test: loss in the test cube, which no fit has seen.
    """

    quantity: str
    redshift: float
    layers: int
    train: float
    validation: float
    test: float


def _in_order(fits: Sequence[FittedLoss]) -> list[FittedLoss]:
    def place(fit):
        known = fit.quantity in QUANTITY_ORDER
        number = QUANTITY_ORDER.index(fit.quantity) if known else len(QUANTITY_ORDER)
        return number, fit.quantity, -fit.redshift, fit.layers

    return sorted(fits, key=place)


def markdown(fits: Sequence[FittedLoss]) -> str:
    """The table in Markdown: by quantity, from high to low redshift, by number of layers.

    The last column is the validation loss over that of the fit without layers, "worse" if the
    layers did not help, a dash where there is no such fit.
    """
    without = {(fit.quantity, fit.redshift): fit for fit in fits if fit.layers == 0}
    header = ["quantity", "z", "layers", "train", "validation", "test", "validation over no layers"]
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join(["---"] * len(header)) + " |"]
    for fit in _in_order(fits):
        losses = [f"{loss:.5f}" for loss in (fit.train, fit.validation, fit.test)]
        baseline = without.get((fit.quantity, fit.redshift))
        row = [fit.quantity, f"{fit.redshift:g}", str(fit.layers), *losses, _over(fit, baseline)]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def _over(fit: FittedLoss, baseline: FittedLoss | None) -> str:
    if baseline is None:
        return "—"
    quotient = fit.validation / baseline.validation
    return f"{quotient:.3f}" + (" worse" if quotient > 1 else "")


def comma_separated(fits: Sequence[FittedLoss]) -> str:
    """The same as CSV, with all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in dataclasses.fields(FittedLoss)])
    writer.writerows(dataclasses.astuple(fit) for fit in _in_order(fits))
    return text.getvalue()
