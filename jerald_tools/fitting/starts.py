# SPDX-License-Identifier: GPL-3.0-or-later
"""Where fits start: power laws of small numbers have many local minima, so from several points."""

import dataclasses
import typing

import jax
import numpy as np

from jerald_tools.model.parameters import (
    ALPHA_UNIT,
    ALPHA_UNIT_NEUTRAL_HYDROGEN,
    LOWER_BOUNDS,
    DarkMatterParameters,
    Depletion,
    Layer,
    NeutralHydrogenParameters,
    StellarParameters,
    Transform,
    TwoSourceLayer,
    default_start,
    parameter_names,
)

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

# Part of the displacement above for what starts from dark matter that its own layers improved.
IMPROVED = 0.5

# Stars: a threshold at about three times the mean density. Neutral hydrogen: most of it is where
# stars are (beta2 < 0 adds it there), with radiation that takes it away from the densest places
# only, or one that reaches everywhere.
THRESHOLD = Transform(w=3.0, mu=1.2, b=10.0)
NEAR_STARS = (
    (
        Transform(w=0.3, mu=1.4, b=0.0),
        Depletion(beta1=0.3, beta2=-2.0, eta=-5.0, gamma3=0.75, k_h=1.0, k_l=8.0, nu=0.0, xi=1.0),
    ),
    (
        Transform(w=0.4, mu=1.2, b=0.1),
        Depletion(beta1=-0.3, beta2=-1.5, eta=0.2, gamma3=0.75, k_h=1.0, k_l=8.0, nu=0.0, xi=0.5),
    ),
)

# Spread of a random start around a given one, by the parameter's name, g standard normal: a factor
# exp(spread * g) for scales and amplitudes that must stay positive, 1 + spread * g for alpha, whose
# sign may change, spread * g added to the others.
FACTORS = {"k_h": 0.7, "k_l": 0.5, "w": 0.3, "mu": 0.2, "gamma": 0.5, "gamma3": 0.5, "xi": 0.5}
PARTS = {"alpha": 0.7}
SHIFTS = {"nu": 0.4, "b": 0.1, "beta1": 0.4, "beta2": 0.2, "eta": 0.1}


@dataclasses.dataclass(frozen=True)
class Start:
    """A named starting point of a fit."""

    name: str
    parameters: typing.Any


def original_start(quantity: str, layers: int) -> Start:
    """The starting values of the original code."""
    return Start("original", default_start(quantity, layers))


def dark_matter_start(layers: int) -> Start:
    """Opposed layers for dark matter."""
    return Start("opposed layers", DarkMatterParameters(_some_of((OUTWARD, INWARD), layers)))


def transform_starts(quantity: str) -> list[Start]:
    """Starting points of the transform alone, without layers.

    Args:
        quantity: "stellar-mass" or "neutral-hydrogen": dark matter has no transform.
    """
    if quantity == "stellar-mass":
        return [Start("threshold", StellarParameters((), THRESHOLD))]
    return [
        Start(f"near stars {number}", NeutralHydrogenParameters((), *transform))
        for number, transform in enumerate(NEAR_STARS, 1)
    ]


def layered_starts(quantity: str, transform, layers: int) -> list[Start]:
    """Starting points with layers before a transform that was fitted without any.

    Args:
        quantity: "stellar-mass" or "neutral-hydrogen".
        transform: parameters of that quantity, without layers.
        layers: number of displacement layers.

    Returns:
        Opposed layers, weak ones, which leave the map nearly as it was, and two that pull.
    """
    opposed = [
        dataclasses.replace(layer, alpha=layer.alpha * IMPROVED) for layer in (OUTWARD, INWARD)
    ]
    named = {
        "opposed layers": opposed,
        "weak layers": (WEAK, WEAK),
        "pulling layers": (GENTLE, STEEP),
    }
    transform = jax.tree.map(float, transform)
    starts = []
    for name, pair in named.items():
        chosen = _some_of(pair, layers)
        if quantity == "neutral-hydrogen":
            chosen = _with_weak_stars(chosen)
        starts.append(Start(name, dataclasses.replace(transform, layers=chosen)))
    return starts


def _some_of(pair, layers: int) -> tuple[Layer, ...]:
    """So many layers: the second of a pair, both, or both and weak ones after them."""
    return (*pair[max(0, 2 - layers) :], *(WEAK,) * (layers - 2))


def _with_weak_stars(layers: tuple[Layer, ...]) -> tuple[TwoSourceLayer, ...]:
    """Layers of neutral hydrogen, in its own unit of alpha, that stars hardly source."""
    unit = ALPHA_UNIT / ALPHA_UNIT_NEUTRAL_HYDROGEN
    return tuple(
        TwoSourceLayer(dataclasses.replace(layer, alpha=layer.alpha * unit), WEAK)
        for layer in layers
    )


def random_start(parameters, generator: np.random.Generator):
    """Scatter parameters around a starting point.

    Args:
        parameters: of any quantity, or its layers alone.
        generator: source of the scatter; the same on every rank.

    Returns:
        Parameters of the same kind, within their bounds.
    """
    leaves, structure = jax.tree.flatten(parameters)
    scattered = []
    for path, value in zip(parameter_names(parameters), leaves, strict=True):
        name = path.rsplit(".", 1)[-1]
        deviate = generator.standard_normal()
        if name in FACTORS:
            value = value * np.exp(FACTORS[name] * deviate)
        elif name in PARTS:
            value = value * (1 + PARTS[name] * deviate)
        else:
            value = value + SHIFTS[name] * deviate
        scattered.append(max(value, LOWER_BOUNDS.get(name, -np.inf)))
    return jax.tree.unflatten(structure, scattered)


def choose_starts(starts: list[Start], number: int, seed: int) -> list[Start]:
    """So many starts: the first of those given, then random ones around the very first.

    What scatters are the layers, or the transform where there are none.

    Args:
        starts: at least one.
        number: how many are wanted.
        seed: of the scatter.
    """
    generator = np.random.default_rng(seed)
    base = starts[0].parameters
    chosen = list(starts[:number])
    for n in range(1, number - len(chosen) + 1):
        if base.layers:
            parameters = dataclasses.replace(base, layers=random_start(base.layers, generator))
        else:
            parameters = random_start(base, generator)
        chosen.append(Start(f"random {n} of seed {seed}", parameters))
    return chosen
