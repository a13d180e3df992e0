# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit document as the model that paints, refused where it does not hold."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp

from jerald_tools.errors import BadInput
from jerald_tools.io.fits import read_fit
from jerald_tools.model.chain import QUANTITIES, TrainedModel
from jerald_tools.model.evolution import EvolvingParameters, mean_at, parameters_at
from jerald_tools.model.parameters import from_dictionary, to_dictionary
from jerald_tools.model.setting import Setting, differences, require_same_setting, setting_from_dict


@contextlib.contextmanager
def refusing_shape(path: str) -> Iterator[None]:
    """Turn what a document of another shape runs into to the line that users see.

    Of a fit that was edited, and taken, any value may be missing or of another type.
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{path}: is not a fit as it should be ({error!r}): fit anew") from error


def parameters_of(document: dict, path: str):
    """The parameters of a fit document, as float64 JAX scalars.

    Returns:
        A quantity's parameters, or :class:`EvolvingParameters` where the document lists them by
        redshift.

    Raises:
        BadInput: if a parameter is missing, unknown or not a number, or a layer is.
    """
    try:
        if isinstance(document["parameters"], list):
            parameters = EvolvingParameters(
                tuple(float(node["redshift"]) for node in document["parameters"]),
                tuple(_parameters(document["quantity"], node) for node in document["parameters"]),
            )
        else:
            parameters = _parameters(document["quantity"], document["parameters"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: parameters are incomplete ({error}): fit anew") from error
    with refusing_shape(path):
        layers = len(parameters.layers)
    if layers != document["layers"]:
        raise BadInput(f"{path}: says {document['layers']} layers, has {layers}: fit anew")
    return parameters


def _parameters(quantity: str, values: dict):
    parameters = from_dictionary(quantity, values)
    # Numbers alone, whatever is in the document.
    parameters = from_dictionary(quantity, to_dictionary(parameters))
    return jax.tree.map(lambda value: jnp.asarray(value, jnp.float64), parameters)


def model_of(document: dict, path: str, redshift: float) -> TrainedModel:
    """The model of a fit document at a redshift, with the models of the fits that it carries.

    Args:
        document: from :func:`jerald_tools.io.fits.read_fit`.
        path: the file, for messages.
        redshift: where parameters that evolve are wanted; others hold at their own, which is not
            looked at here.

    Raises:
        BadInput: if the document lacks what a model needs, or parameters that evolve were not
            trained as far as this redshift.
    """
    with refusing_shape(path):
        return _model_of(document, path, redshift)


def _model_of(document: dict, path: str, redshift: float) -> TrainedModel:
    if document["quantity"] not in QUANTITIES:
        raise BadInput(f"{path}: quantity {document['quantity']}: one of {', '.join(QUANTITIES)}")
    below = {
        name: model_of(document[f"{name}_fit"], path, redshift)
        for name in ("dark_matter", "stellar_mass")
        if f"{name}_fit" in document
    }
    if document["quantity"] == "neutral-hydrogen" and "stellar_mass" not in below:
        raise BadInput(f"{path}: neutral hydrogen without the stellar fit it needs: fit anew")
    shift = document.get("shift", 0.0)
    if not isinstance(shift, int | float):
        raise BadInput(f"{path}: shift {shift}: must be a number")
    parameters = parameters_of(document, path)
    if isinstance(parameters, EvolvingParameters):
        _require_trained_there(trained_setting(document, path), path, redshift)
    return TrainedModel(
        document["quantity"],
        parameters_at(parameters, redshift),
        _target_mean(document, path, redshift),
        shift,
        **below,
    )


def _require_trained_there(trained: Setting, path: str, redshift: float) -> None:
    """Refuse to extrapolate a polynomial."""
    if differences(trained, dataclasses.replace(trained, redshift=redshift)):
        highest, lowest = trained.redshift
        raise BadInput(
            f"{path}: trained from redshift {highest:g} to {lowest:g}, not at {redshift:g}: paint "
            "particles in this range, or fit with simulations beyond it"
        )


def _target_mean(document: dict, path: str, redshift: float) -> float:
    """Mean of the maps that were trained on, at a redshift if there were several."""
    mean = trained_target(document, path)["mean"]
    try:
        rows = mean if isinstance(mean, list) else [{"redshift": redshift, "mean": mean}]
        redshifts, means = ([float(row[name]) for row in rows] for name in ("redshift", "mean"))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: the target's mean is incomplete ({error}): fit anew") from error
    if not means or min(means) <= 0:
        raise BadInput(f"{path}: target's mean {mean}: must be a positive number")
    return mean_at(redshifts, means, redshift)


def trained_target(document: dict, path: str) -> dict:
    """What a fit says of its target: ``mean``, ``units`` and ``description``, at least.

    Of several redshifts the mean is a list of rows, each with its ``redshift`` and ``mean``.

    Raises:
        BadInput: if the document does not say.
    """
    target = document.get("target")
    if not isinstance(target, dict) or not {"mean", "units", "description"} <= target.keys():
        raise BadInput(f"{path}: does not say what its target was: fit anew")
    for name in ("units", "description"):
        if not isinstance(target[name], str):
            raise BadInput(f"{path}: target's {name} {target[name]}: must be text: fit anew")
    return target


def trained_setting(document: dict, path: str) -> Setting:
    """The setting that a fit was made in.

    Raises:
        BadInput: if the document does not say.
    """
    try:
        return setting_from_dict(document["setting"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: its setting is incomplete ({error}): fit anew") from error


def read_fit_for(
    path: str, quantity: str, settings: Sequence[Setting], accept_edited: bool = False
) -> dict:
    """Read a fit and make sure that it holds in every setting.

    Args:
        path: the fit file.
        quantity: what it must be a fit of.
        settings: of the particles and the mesh.
        accept_edited: whether a fit that was edited by hand is taken.

    Raises:
        BadInput: if it cannot be used there.
    """
    document = read_fit(path, accept_edited)
    if document["quantity"] != quantity:
        raise BadInput(f"{path}: is a fit of {document['quantity']}: give one of {quantity}")
    for setting in settings:
        require_same_setting(path, trained_setting(document, path), setting, "fit anew there")
    return document
