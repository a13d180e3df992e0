# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished fit as the document that is written."""

import dataclasses
import math
from collections.abc import Sequence

from jerald_tools.model.parameters import to_dictionary
from jerald_tools.model.setting import Setting
from jerald_tools.training.fit import Fit
from jerald_tools.training.losses import Loss
from jerald_tools.training.split import TEST_FRACTION, Regions


@dataclasses.dataclass(frozen=True)
class TargetInfo:
    """What a fit says of the map that it was trained on.

    Attributes:
        path: as given.
        mean: that maps are over, in the map's units: of the whole map, or the mean of those of all
            simulations that were fitted together.
        units: of the map.
        description: of the map.
    """

    path: str
    mean: float
    units: str
    description: str


def fit_document(
    quantity: str,
    setting: Setting,
    target: TargetInfo,
    loss_name: str,
    loss: Loss,
    fit: Fit,
    how: dict,
    stands_on: dict[str, dict | None],
    quality: dict,
    others: Sequence[dict],
) -> dict:
    """Everything that a fit file holds, but for its provenance and its digest.

    Args:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        setting: where the parameters hold.
        target: the map that was trained on.
        loss_name: what was minimised, as it is asked for.
        loss: the same with all its settings.
        fit: the result.
        how: optimiser, evaluations, shift, starts and their seed.
        stands_on: documents of the fits below by key ("dark_matter_fit", "stellar_mass_fit").
        quality: measures of the map by region.
        others: of each simulation that was fitted besides, its target's path and quality.
    """
    best = fit.best
    return {
        "quantity": quantity,
        "redshift": setting.redshift,
        "layers": len(best.parameters.layers),
        "parameters": to_dictionary(best.parameters),
        "shift": how["shift"],
        "loss": {"name": loss_name, **dataclasses.asdict(loss), **best.losses._asdict()},
        "target": dataclasses.asdict(target),
        "setting": setting.as_dict(),
        "split": {
            "train": "z-index >= N/2",
            "test": f"all indices < int({TEST_FRACTION} N)",
            "validation": "the rest of z-index < N/2",
        },
        "training": how,
        "quality": quality,
        "others": others,
        "best_evaluation": best.best_number,
        "history": _columns(best.history),
        "starts": [
            {
                "name": tried.start.name,
                "parameters": to_dictionary(tried.start.parameters),
                "evaluations": len(tried.history),
                "curvature_maps": tried.curvature_maps,
                **tried.losses._asdict(),
            }
            for tried in fit.tried
        ],
        **{key: document for key, document in stands_on.items() if document is not None},
    }


def _columns(history: list[Regions]) -> dict:
    """Losses of every evaluation as one list for each region, None where one was not finite."""

    def column(region):
        losses = (getattr(evaluation, region) for evaluation in history)
        return [loss if math.isfinite(loss) else None for loss in losses]

    return {region: column(region) for region in ("train", "validation")}
