# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers from which fits start, shared by the quantities.

Power laws of small numbers have many local minima, so every fit searches from several points, four
by default, in the order of :mod:`jerald_tools.fitting.search`:

- Stars, hydrogen and gas first fit their transform without layers, from the quantity's own
  ``transform_starts`` (for stellar mass the threshold in :mod:`jerald_tools.model.stellar_mass`)
  and from random points around the first of them.
- Before the best transform come opposed, weak and pulling layers, those of :func:`layered_starts`;
  further starts are the opposed layers with random parameters around theirs.
- Dark matter has no transform: it starts from opposed layers, then from random ones around them.
"""

import dataclasses
import typing
from collections.abc import Callable, Sequence

import jax

from jerald_tools.model.layers import Layer

# A first layer that moves particles out of the densest places and a second one that moves them in,
# to smaller scales, lead to better minima than two that pull: of two alike one often dies out, its
# alpha near zero, and the fit ends where one layer does. Trained layers have these signs.
OUTWARD = Layer(alpha=-1.5, gamma=0.7, k_h=1.0, k_l=8.0, nu=0.0)
INWARD = Layer(alpha=1.2, gamma=0.7, k_h=1.0, k_l=10.0, nu=0.7)

# Before a fitted transform also two that pull, the second one where it is densest.
GENTLE = Layer(alpha=0.3, gamma=0.5, k_h=1.0, k_l=8.0, nu=0.0)
STEEP = Layer(alpha=0.5, gamma=1.0, k_h=1.0, k_l=10.0, nu=0.0)

# A layer that has little to do: close to no displacement, but not at none, where all but alpha have
# no gradient.
WEAK = dataclasses.replace(INWARD, alpha=0.1)

# Alpha of the opposed layers before a fitted transform, relative to those above: -0.75 and 0.6, for
# the dark-matter fit has usually moved the particles already.
OPPOSED_ALPHA_SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Start:
    """A named starting point of a fit.

    Attributes:
        name: for logs and the fit file.
        parameters: of a quantity.
    """

    name: str
    parameters: typing.Any


def choose_layers(pair: Sequence[Layer], number: int) -> tuple[Layer, ...]:
    """A number of layers from a pair: none, the second one, both, or both and then weak ones."""
    return (*pair[max(0, 2 - number) :], *(WEAK,) * (number - 2))


def layered_starts(
    transform,
    number: int,
    as_own_layers: Callable[[tuple[Layer, ...]], tuple] = lambda layers: layers,
) -> list[Start]:
    """Starting points with layers before a transform that was fitted without any.

    Args:
        transform: parameters of a quantity, without layers.
        number: of displacement layers.
        as_own_layers: turns layers into those of the quantity.

    Returns:
        Opposed layers, weak ones, which leave the map nearly as it was, and two that pull.
    """
    opposed = [
        dataclasses.replace(layer, alpha=layer.alpha * OPPOSED_ALPHA_SHARE)
        for layer in (OUTWARD, INWARD)
    ]
    named = {
        "opposed layers": opposed,
        "weak layers": (WEAK, WEAK),
        "pulling layers": (GENTLE, STEEP),
    }
    transform = jax.tree.map(float, transform)
    return [
        Start(
            name, dataclasses.replace(transform, layers=as_own_layers(choose_layers(pair, number)))
        )
        for name, pair in named.items()
    ]
