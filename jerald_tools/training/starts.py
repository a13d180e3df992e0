# SPDX-License-Identifier: GPL-3.0-or-later
"""Where fits start: power laws of small numbers have many local minima, so from several points."""

import dataclasses
import typing

import jax
import numpy as np

from jerald_tools.model.parameters import LOWER_BOUNDS, default_start, parameter_names

# Spread of a random start around the default, by the parameter's name: a factor exp(spread * g) for
# scales and amplitudes that must stay positive, spread * g added to the others, g standard normal.
FACTORS = {"k_h": 0.7, "k_l": 0.5, "w": 0.3, "mu": 0.2, "gamma": 0.5, "gamma3": 0.5, "xi": 0.5}
SHIFTS = {"alpha": 1.5, "nu": 0.4, "b": 0.1, "beta1": 0.4, "beta2": 0.2, "eta": 0.1}


@dataclasses.dataclass(frozen=True)
class Start:
    """A named starting point of a fit."""

    name: str
    parameters: typing.Any


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
        else:
            value = value + SHIFTS[name] * deviate
        scattered.append(max(value, LOWER_BOUNDS.get(name, -np.inf)))
    return jax.tree.unflatten(structure, scattered)


def original_start(quantity: str, layers: int) -> Start:
    """The starting values of the original code."""
    return Start("default", default_start(quantity, layers))


def add_random_starts(starts: list[Start], number: int, seed: int) -> list[Start]:
    """Add random starts until there are enough.

    They scatter around a single start; around the last of several, whose transform is a fitted one,
    the layers alone are scattered.

    Args:
        starts: at least one.
        number: how many are wanted in all.
        seed: of the scatter.
    """
    generator = np.random.default_rng(seed)
    base = starts[-1].parameters
    scattered = list(starts)
    for n in range(1, number - len(starts) + 1):
        if len(starts) > 1:
            parameters = dataclasses.replace(base, layers=random_start(base.layers, generator))
        else:
            parameters = random_start(base, generator)
        scattered.append(Start(f"random {n} of seed {seed}", parameters))
    return scattered
