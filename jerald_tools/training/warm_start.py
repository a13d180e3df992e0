# SPDX-License-Identifier: GPL-3.0-or-later
"""An earlier fit as the starting point of a new one."""

import jax

from jerald_tools.errors import BadInput
from jerald_tools.files.fits import read_fit
from jerald_tools.model.evolution import EvolvingParameters
from jerald_tools.model.fit_reading import parameters_of
from jerald_tools.training.starts import Start


def start_from_fit(path: str, quantity: str, layers: int, accept_edited: bool = False) -> Start:
    """The parameters of an earlier fit as a starting point.

    Args:
        path: the fit file.
        quantity: that is to be fitted.
        layers: that are to be fitted.
        accept_edited: whether a fit that was edited by hand is taken.

    Raises:
        BadInput: if the file cannot be used, or holds another quantity or number of layers.
    """
    document = read_fit(path, accept_edited)
    if document["quantity"] != quantity:
        raise BadInput(f"{path}: is a fit of {document['quantity']}: give one of {quantity}")
    if document["layers"] != layers:
        raise BadInput(
            f"{path}: has {document['layers']} layers: give --layers {document['layers']}"
        )
    parameters = parameters_of(document, path)
    if isinstance(parameters, EvolvingParameters):
        raise BadInput(f"{path}: is a fit over redshifts: give one of a single redshift")
    parameters = jax.tree.map(float, parameters)
    return Start(f"fit {path}", parameters)
