# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit document as the model that paints, refused where it does not hold."""

import jax
import jax.numpy as jnp

from jerald_tools.errors import BadInput
from jerald_tools.files.fits import read_fit
from jerald_tools.model.chain import QUANTITIES, TrainedModel
from jerald_tools.model.parameters import from_dictionary, to_dictionary
from jerald_tools.model.setting import Setting, require_same_setting, setting_from_dict


def parameters_of(document: dict, path: str):
    """The parameters of a fit document, as float64 JAX scalars.

    Raises:
        BadInput: if a parameter is missing, unknown or not a number, or a layer is.
    """
    try:
        parameters = from_dictionary(document["quantity"], document["parameters"])
        # Of a document that was edited the types are anybody's guess.
        parameters = from_dictionary(document["quantity"], to_dictionary(parameters))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: parameters are incomplete ({error}): fit anew") from error
    if len(parameters.layers) != document["layers"]:
        raise BadInput(
            f"{path}: says {document['layers']} layers, has {len(parameters.layers)}: fit anew"
        )
    return jax.tree.map(lambda value: jnp.asarray(value, jnp.float64), parameters)


def model_of(document: dict, path: str) -> TrainedModel:
    """The model of a fit document, with the models of the fits that it carries.

    Args:
        document: from :func:`jerald_tools.files.fits.read_fit`.
        path: the file, for messages.

    Raises:
        BadInput: if the document lacks what a model needs.
    """
    if document["quantity"] not in QUANTITIES:
        raise BadInput(f"{path}: quantity {document['quantity']}: one of {', '.join(QUANTITIES)}")
    below = {
        name: model_of(document[f"{name}_fit"], path)
        for name in ("dark_matter", "stellar_mass")
        if f"{name}_fit" in document
    }
    if document["quantity"] == "neutral-hydrogen" and "stellar_mass" not in below:
        raise BadInput(f"{path}: neutral hydrogen without the stellar fit it needs: fit anew")
    shift = document.get("shift", 0.0)
    if not isinstance(shift, int | float):
        raise BadInput(f"{path}: shift {shift}: must be a number")
    return TrainedModel(
        document["quantity"],
        parameters_of(document, path),
        trained_target(document, path)["mean"],
        shift,
        **below,
    )


def trained_target(document: dict, path: str) -> dict:
    """What a fit says of its target: ``mean``, ``units`` and ``description``, at least.

    Raises:
        BadInput: if the document does not say.
    """
    target = document.get("target")
    if not isinstance(target, dict) or not {"mean", "units", "description"} <= target.keys():
        raise BadInput(f"{path}: does not say what its target was: fit anew")
    if not isinstance(target["mean"], int | float) or target["mean"] <= 0:
        raise BadInput(f"{path}: target's mean {target['mean']}: must be a positive number")
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


def read_fit_for(path: str, quantity: str, setting: Setting, accept_edited: bool = False) -> dict:
    """Read a fit and make sure that it holds in a setting.

    Args:
        path: the fit file.
        quantity: what it must be a fit of.
        setting: of the particles and the mesh.
        accept_edited: whether a fit that was edited by hand is taken.

    Raises:
        BadInput: if it cannot be used there.
    """
    document = read_fit(path, accept_edited)
    if document["quantity"] != quantity:
        raise BadInput(f"{path}: is a fit of {document['quantity']}: give one of {quantity}")
    require_same_setting(path, trained_setting(document, path), setting, "fit anew there")
    return document
