# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compiled for fits of one kind, once for all their starts, redshifts and members."""

import dataclasses
import functools
import typing

import jax

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.model.chain import predict
from jerald_tools.model.parameters import default_start
from jerald_tools.training.gauss_newton import make_sampled_residual
from jerald_tools.training.losses import Loss
from jerald_tools.training.objective import make_evaluate


@dataclasses.dataclass(frozen=True)
class Programs:
    """Jitted functions.

    Attributes:
        evaluate: losses and gradient, from :func:`jerald_tools.training.objective.make_evaluate`.
        residual: from :func:`jerald_tools.training.gauss_newton.make_sampled_residual`.
        reference: target -> what the loss needs of it.
        predict: (parameters, inputs) -> this rank's slab of the map.
    """

    evaluate: typing.Callable
    residual: typing.Callable
    reference: typing.Callable
    predict: typing.Callable


@functools.lru_cache(maxsize=8)
def programs(mesh: Mesh, quantity: str, loss: Loss, layers: int, shift: float) -> Programs:
    """The programs of fits of so many layers; the same as last time, if nothing has changed.

    Args:
        mesh: the mesh of the maps.
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        loss: what is minimised.
        layers: number of displacement layers.
        shift: constant of the neutral hydrogen's transform.
    """
    layout = default_start(quantity, layers)
    return Programs(
        make_evaluate(mesh, quantity, loss, layout, shift),
        make_sampled_residual(mesh, quantity, loss, layout, shift),
        jax.jit(functools.partial(loss.reference, mesh)),
        jax.jit(functools.partial(predict, mesh, quantity, shift=shift)),
    )
