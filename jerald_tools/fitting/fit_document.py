# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished fit as the document that is written."""

import dataclasses
import math
from collections.abc import Sequence

from jerald_tools.fitting.ensemble import LEVEL, Ensemble
from jerald_tools.fitting.fit import Fit
from jerald_tools.fitting.losses import Loss
from jerald_tools.fitting.problem import Problem
from jerald_tools.fitting.regions import TEST_FRACTION, Regions
from jerald_tools.model.evolution import EvolvingParameters
from jerald_tools.model.parameters import to_dictionary
from jerald_tools.model.setting import evolving_setting


def fit_document(
    problems: Sequence[Problem],
    loss_name: str,
    loss: Loss,
    fit: Fit,
    how: dict,
    qualities: Sequence[dict],
    ensemble: Ensemble | None = None,
) -> dict:
    """Everything that a fit file holds, but for its provenance and its digest.

    Args:
        problems: the simulations that were fitted.
        loss_name: what was minimised, as it is asked for.
        loss: the same with all its settings.
        fit: the result.
        how: optimiser, evaluations, shift, starts and their seed.
        qualities: measures of each simulation's map by region.
        ensemble: fits to halves of the box, if there are any.
    """
    first, best = problems[0], fit.best
    settings = [problem.setting for problem in problems]
    evolves = isinstance(best.parameters, EvolvingParameters)
    setting = evolving_setting(settings) if evolves else first.setting
    return {
        "quantity": first.quantity,
        "redshift": setting.redshift,
        "layers": len(best.parameters.layers),
        "parameters": parameter_values(best.parameters),
        "shift": how["shift"],
        "loss": {"name": loss_name, **dataclasses.asdict(loss), **best.losses._asdict()},
        "target": {
            **dataclasses.asdict(first.target_info),
            **({"mean": _means(problems)} if evolves else {}),
        },
        "setting": setting.as_dict(),
        "split": {
            "train": "z-index >= N/2",
            "test": f"all indices < int({TEST_FRACTION} N)",
            "validation": "the rest of z-index < N/2",
        },
        "training": how,
        "quality": qualities[0],
        "others": [
            {
                "target": problem.target_info.path,
                "redshift": problem.setting.redshift,
                "quality": quality,
            }
            for problem, quality in zip(problems[1:], qualities[1:], strict=True)
        ],
        "best_evaluation": best.best_number,
        "history": _columns(best.history),
        "starts": [
            {
                "name": tried.start.name,
                "parameters": parameter_values(tried.start.parameters),
                "evaluations": len(tried.history),
                "curvature_maps": tried.curvature_maps,
                **tried.losses._asdict(),
            }
            for tried in fit.tried
        ],
        **({} if ensemble is None else {"ensemble": _ensemble_values(ensemble)}),
        **{f"{name.replace('-', '_')}_fit": below for name, below in first.below.items()},
    }


def parameter_values(parameters) -> dict | list[dict]:
    """Parameters by name; those that evolve as a list, each node with its redshift."""
    if isinstance(parameters, EvolvingParameters):
        return [
            {"redshift": redshift, **to_dictionary(node)}
            for redshift, node in zip(parameters.redshifts, parameters.nodes, strict=True)
        ]
    return to_dictionary(parameters)


def _ensemble_values(ensemble: Ensemble) -> dict:
    return {
        "level": LEVEL,
        "k": ensemble.k,
        "model_error": ensemble.model_error,
        "members": [
            {
                "half": member.half.name,
                "start": member.fitted.start.name,
                "parameters": parameter_values(member.fitted.parameters),
                "evaluations": len(member.fitted.history),
                "best_evaluation": member.fitted.best_number,
                **member.fitted.losses._asdict(),
            }
            for member in ensemble.members
        ],
    }


def _means(problems: Sequence[Problem]) -> list[dict]:
    """Each redshift's mean of the targets, from the highest to the lowest."""
    means = {problem.setting.redshift: problem.target_info.mean for problem in problems}
    return [{"redshift": redshift, "mean": means[redshift]} for redshift in sorted(means)[::-1]]


def _columns(history: list[Regions]) -> dict:
    """Losses of every evaluation as one list for each region, None where one was not finite."""

    def column(region):
        losses = (getattr(evaluation, region) for evaluation in history)
        return [loss if math.isfinite(loss) else None for loss in losses]

    return {region: column(region) for region in ("train", "validation")}
