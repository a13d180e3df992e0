# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainable parameters of Table I: 5S, 5S + 3 and 10S + 11 numbers for S layers.

All are stored so that they are of order one; the displacements' alpha is multiplied by the
constants below where it is used. Symbols are the paper's.
"""

import dataclasses
import functools

import jax

# Displacement amplitudes are small: the stored alpha is in these units.
ALPHA_UNIT = 1e-2
ALPHA_UNIT_NEUTRAL_HYDROGEN = 1e-3


def _pytree(cls):
    """A frozen dataclass whose fields are all leaves or subtrees."""
    return jax.tree_util.register_dataclass(dataclasses.dataclass(frozen=True)(cls))


@_pytree
class Layer:
    """One displacement, equations (1), (2) and (6) or (7).

    Attributes:
        alpha: amplitude in units of 1e-2 (1e-3 for neutral hydrogen); positive towards overdensity.
        gamma: power of the density that sources the potential.
        k_h: suppression of large scales [h/Mpc].
        k_l: softening of small scales [h/Mpc].
        nu: logarithmic slope of the Green's function.
    """

    alpha: float
    gamma: float
    k_h: float
    k_l: float
    nu: float


@_pytree
class DarkMatterParameters:
    """Displacement layers of the dark matter; the map is 1 + d (equation (9))."""

    layers: tuple[Layer, ...]


@_pytree
class Transform:
    """Amplitude w, exponent mu and threshold b of equations (8) and (13)."""

    w: float
    mu: float
    b: float


@_pytree
class StellarParameters:
    """Displacement layers and the transform of the stellar mass (equation (8))."""

    layers: tuple[Layer, ...]
    transform: Transform


@_pytree
class TwoSourceLayer:
    """One displacement of neutral hydrogen (equation (12)): density and stars both source it."""

    density: Layer
    stars: Layer


@_pytree
class Depletion:
    """Loss of neutral hydrogen to stars and their radiation, equations (14) and (15)."""

    beta1: float
    beta2: float
    eta: float
    gamma3: float
    k_h: float
    k_l: float
    nu: float
    xi: float


@_pytree
class NeutralHydrogenParameters:
    """Displacement layers, transform and depletion of neutral hydrogen (equations (12)-(15))."""

    layers: tuple[TwoSourceLayer, ...]
    transform: Transform
    depletion: Depletion


START_LAYER = Layer(alpha=1.0, gamma=0.5, k_h=1.0, k_l=8.0, nu=0.0)
START_TRANSFORM = Transform(w=1.0, mu=1.0, b=0.1)
START_DEPLETION = Depletion(
    beta1=0.6, beta2=0.0, eta=0.0, gamma3=0.1, k_h=1.0, k_l=8.0, nu=0.01, xi=1.0
)

# Lowest values that the equations allow, by the parameter's name; the others are free.
LOWER_BOUNDS = {"k_h": 0.0, "k_l": 0.1, "mu": 0.1, "w": 1e-5}


def default_start(quantity: str, layers: int):
    """The original code's starting values.

    Args:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        layers: number of displacement layers S.

    Returns:
        The parameters of that quantity.
    """
    if quantity == "dark-matter":
        return DarkMatterParameters((START_LAYER,) * layers)
    if quantity == "stellar-mass":
        return StellarParameters((START_LAYER,) * layers, START_TRANSFORM)
    two_sources = TwoSourceLayer(START_LAYER, START_LAYER)
    return NeutralHydrogenParameters((two_sources,) * layers, START_TRANSFORM, START_DEPLETION)


def to_dictionary(parameters) -> dict:
    """Parameters by name, as plain Python floats, for a fit file."""
    if dataclasses.is_dataclass(parameters):
        return {
            field.name: to_dictionary(getattr(parameters, field.name))
            for field in dataclasses.fields(parameters)
        }
    if isinstance(parameters, tuple):
        return [to_dictionary(item) for item in parameters]
    return float(parameters)


def from_dictionary(quantity: str, values: dict):
    """Parameters from the dictionary of a fit file; the inverse of :func:`to_dictionary`.

    Raises:
        KeyError, TypeError: for a missing or an unknown name.
    """
    if quantity == "dark-matter":
        return DarkMatterParameters(_layers(Layer, values))
    transform = Transform(**values["transform"])
    if quantity == "stellar-mass":
        return StellarParameters(_layers(Layer, values), transform)
    return NeutralHydrogenParameters(
        tuple(
            TwoSourceLayer(Layer(**layer["density"]), Layer(**layer["stars"]))
            for layer in values["layers"]
        ),
        transform,
        Depletion(**values["depletion"]),
    )


def _layers(kind, values):
    return tuple(kind(**layer) for layer in values["layers"])


@functools.singledispatch
def _key_name(key) -> str:
    return f"[{key.idx}]"


@_key_name.register
def _(key: jax.tree_util.GetAttrKey) -> str:
    return f".{key.name}"


def parameter_names(parameters) -> list[str]:
    """Names of all parameters in the order of the flattened vector, like "layers[0].alpha"."""
    paths = jax.tree_util.tree_flatten_with_path(parameters)[0]
    return ["".join(map(_key_name, path)).lstrip(".") for path, _ in paths]
