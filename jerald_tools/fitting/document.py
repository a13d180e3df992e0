# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished fit as the document that is written."""

import dataclasses
import math
import typing
from collections.abc import Sequence

from jerald_tools.fitting.ensemble import Ensemble
from jerald_tools.fitting.error_of_power import LEVEL, ErrorOfPower
from jerald_tools.fitting.fit import Fit, Search
from jerald_tools.fitting.problem import Problem
from jerald_tools.fitting.regions import TEST_FRACTION, Regions
from jerald_tools.fitting.residual_loss import Loss
from jerald_tools.model.curves import Curve
from jerald_tools.model.evolution import EvolvingParameters
from jerald_tools.model.fit_document import prerequisite_key
from jerald_tools.model.parameters import to_dictionary
from jerald_tools.model.validity import evolving_validity


def fit_content(
    problems: Sequence[Problem],
    loss: tuple[str, Loss],
    search: Search,
    fit: Fit,
    qualities: Sequence[dict],
    ensemble: Ensemble | None = None,
    amplitude: Curve | None = None,
) -> dict:
    """Everything that a fit file holds, except its provenance and its digest.

    Args:
        problems: the simulations that were fitted.
        loss: name of the minimised loss, and the loss with all its settings.
        search: how it was minimised.
        fit: the result.
        qualities: measures of each simulation's map by region.
        ensemble: fits to parts of the training sample, if there are any.
        amplitude: factor of the maps between redshifts, if there is one.
    """
    first, best = problems[0], fit.best
    evolves = isinstance(best.parameters, EvolvingParameters)
    validity = first.validity
    if evolves:
        validity = evolving_validity([problem.validity for problem in problems])
    loss_name, settings = loss
    return {
        "quantity": first.quantity.name,
        "redshift": validity.redshift,
        "layers": len(best.parameters.layers),
        "parameters": parameter_values(best.parameters),
        **({"variable": best.parameters.variable.name} if evolves else {}),
        **_amplitude_values(amplitude),
        **first.quantity.constants,
        "loss": {
            "name": loss_name,
            **dataclasses.asdict(settings),
            **best.losses._asdict(),
        },
        "target": {
            **dataclasses.asdict(first.target_info),
            # The gas of one redshift is not that of another.
            **(_mean_values(problems) | {"gas": {}} if evolves else {}),
        },
        "setting": validity.as_dict(),
        "split": {
            "train": "z-index >= N/2",
            "test": f"all indices < int({TEST_FRACTION} N)",
            "validation": "the rest of z-index < N/2",
        },
        "training": {
            "optimiser": search.optimiser,
            "evaluations": search.evaluations,
            **first.quantity.constants,
            "starts": search.starts,
            "random_seed": search.random_seed,
        },
        "quality": qualities[0],
        "others": [
            {
                "target": problem.target_info.path,
                "redshift": problem.validity.redshift,
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
        **{prerequisite_key(name): one.document for name, one in first.prerequisites.items()},
    }


def parameter_values(parameters: typing.Any) -> dict | list[dict]:
    """Parameters by name; evolving ones as a list, each knot with its redshift."""
    if isinstance(parameters, EvolvingParameters):
        return [
            {"redshift": redshift, **to_dictionary(knot)}
            for redshift, knot in zip(parameters.redshifts, parameters.knots, strict=True)
        ]
    return to_dictionary(parameters)


def _ensemble_values(ensemble: Ensemble) -> dict:
    return {
        "level": LEVEL,
        "k": ensemble.model_error.k,
        "model_error": ensemble.model_error.error,
        "members": [
            {
                "subsample": member.name,
                "start": member.fitted.start.name,
                "parameters": parameter_values(member.fitted.parameters),
                **_amplitude_values(member.amplitude),
                "evaluations": len(member.fitted.history),
                "best_evaluation": member.fitted.best_number,
                **member.fitted.losses._asdict(),
                "elsewhere": member.qualities,
                **(_expected_values(member.expected) if member.expected else {}),
            }
            for member in ensemble.members
        ],
    }


def _expected_values(expected: ErrorOfPower) -> dict:
    return {"expected_error": {"k": expected.k, "error": expected.error}}


def _amplitude_values(amplitude: Curve | None) -> dict:
    """The factor at the redshifts where it is known, and the variable in which it is a curve."""
    if amplitude is None:
        return {}
    rows = [
        {"redshift": redshift, "factor": factor}
        for redshift, factor in zip(amplitude.redshifts, amplitude.values, strict=True)
    ]
    return {"amplitude": {"factor": rows, "variable": amplitude.variable.name}}


def _mean_values(problems: Sequence[Problem]) -> dict:
    """Mean of the targets at each redshift, from the highest to the lowest, and its variable."""
    means = {problem.simulation.redshift: problem.target_info.mean for problem in problems}
    rows = [{"redshift": redshift, "mean": means[redshift]} for redshift in sorted(means)[::-1]]
    return {"mean": rows, "variable": problems[0].quantity.evolution_variable}


def _columns(history: Sequence[Regions]) -> dict:
    """Losses of every evaluation as one list for each region, None where one was not finite."""

    def column(region):
        losses = (getattr(evaluation, region) for evaluation in history)
        return [loss if math.isfinite(loss) else None for loss in losses]

    return {region: column(region) for region in ("train", "validation")}
