# SPDX-License-Identifier: GPL-3.0-or-later
"""How trainable parameters are declared: a value by name with its start, bounds and scales.

The parameters of a quantity are a tree of frozen dataclasses, which JAX and SciPy see as a flat
vector and a fit file as nested dictionaries. All are stored so that they are of order one.
"""

import dataclasses
import functools
import math
import typing
from collections.abc import Callable, Iterator

import jax
import numpy as np

Scatter = Callable[[float, float], float]
"""(value, standard normal deviate) -> a random value around it."""


def scatter_factor(spread: float) -> Scatter:
    """A factor exp(spread g), for scales and amplitudes that must stay positive."""
    return lambda value, deviate: value * np.exp(spread * deviate)


def scatter_relative(spread: float) -> Scatter:
    """A factor 1 + spread g, for amplitudes whose sign may change."""
    return lambda value, deviate: value * (1 + spread * deviate)


def scatter_shift(spread: float) -> Scatter:
    """A shift spread g."""
    return lambda value, deviate: value + spread * deviate


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One row of the table of a quantity's parameters.

    Attributes:
        start: the original code's starting value.
        distance: typical distance of the trained value from the start: an optimiser's first steps
            are in this unit.
        scatter: how a random start spreads it.
        lower: lowest value that the equations allow or that has a physical meaning.
        upper: highest value of that kind.
        units: of the value.
        evolves: whether it may change with redshift in a fit over redshifts. Amplitudes, thresholds
            and exponents of maps do; what shapes a displacement or a kernel does not: between two
            different shapes lie worse ones.
    """

    start: float
    distance: float
    scatter: Scatter
    lower: float = -math.inf
    upper: float = math.inf
    units: str = "1"
    evolves: bool = True


def parameter(start: float, *, distance: float, scatter: Scatter, **more) -> typing.Any:
    """Declare a field of a parameter class; arguments as the attributes of :class:`Parameter`."""
    row = Parameter(start, distance, scatter, **more)
    return dataclasses.field(metadata={"parameter": row})


def shape(start: float, *, distance: float, scatter: Scatter, **more) -> typing.Any:
    """Declare a field that does not evolve with redshift; arguments as of :func:`parameter`."""
    return parameter(start, distance=distance, scatter=scatter, evolves=False, **more)


@typing.dataclass_transform(frozen_default=True, field_specifiers=(parameter, shape))
def parameter_class(cls):
    """Make a frozen dataclass of parameters (or of such classes) that JAX knows as a pytree."""
    return jax.tree_util.register_dataclass(dataclasses.dataclass(frozen=True)(cls))


def original_start(cls):
    """An instance of a parameter class with every parameter at its original start."""
    return cls(**{field.name: row.start for field, row in _own_parameters(cls)})


def parameter_table(parameters) -> dict[str, Parameter]:
    """The rows of all parameters by name, like "layers[0].alpha", in the order of the flat vector.

    Args:
        parameters: an instance of a parameter class, or a tuple of them.
    """
    return dict(_rows(parameters, ""))


def bounds(parameters) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest values of parameters like these, (p,) each, infinite where unbounded."""
    rows = parameter_table(parameters).values()
    return np.array([row.lower for row in rows]), np.array([row.upper for row in rows])


def scattered(parameters, generator: np.random.Generator):
    """Parameters scattered at random around given ones, within their bounds.

    Args:
        parameters: a quantity's, or its layers alone.
        generator: source of the scatter; the same on every rank.
    """
    leaves, structure = jax.tree.flatten(parameters)
    values = []
    for row, value in zip(parameter_table(parameters).values(), leaves, strict=True):
        values.append(row.scatter(value, generator.standard_normal()))
    return within_bounds(jax.tree.unflatten(structure, values))


def within_bounds(parameters):
    """Parameters, each at its bound where it is beyond.

    Args:
        parameters: a quantity's, plain Python floats.
    """
    values, structure = jax.tree.flatten(parameters)
    rows = parameter_table(parameters).values()
    bounded = [
        min(max(value, row.lower), row.upper) for row, value in zip(rows, values, strict=True)
    ]
    return jax.tree.unflatten(structure, bounded)


def to_dictionary(parameters) -> typing.Any:
    """Parameters by name, as plain Python floats, for a fit file.

    A part that is as its class has it by default, such as an environment where there is none, is
    left out: files without it remain as they were.
    """
    if dataclasses.is_dataclass(parameters):
        return {
            field.name: to_dictionary(value)
            for field in dataclasses.fields(parameters)
            if (value := getattr(parameters, field.name)) != field.default
        }
    if isinstance(parameters, tuple):
        return [to_dictionary(item) for item in parameters]
    return float(parameters)


def from_dictionary(cls, values: typing.Any):
    """Parameters of a class from the dictionary of a fit file; inverts :func:`to_dictionary`.

    Raises:
        KeyError, TypeError, ValueError: for a missing or an unknown name, or a value that is no
            number.
    """
    if cls is float:
        return float(values)
    if typing.get_origin(cls) is tuple:
        return tuple(from_dictionary(typing.get_args(cls)[0], item) for item in values)
    types = _types(cls)
    if unknown := set(values) - set(types):
        raise TypeError(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
    optional = {
        field.name
        for field in dataclasses.fields(cls)
        if field.default is not dataclasses.MISSING and field.name not in values
    }
    return cls(
        **{
            name: from_dictionary(kind, values[name])
            for name, kind in types.items()
            if name not in optional
        }
    )


@functools.cache
def _types(cls) -> dict[str, typing.Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _own_parameters(cls) -> Iterator[tuple[dataclasses.Field, Parameter]]:
    for field in dataclasses.fields(cls):
        if "parameter" in field.metadata:
            yield field, field.metadata["parameter"]


def _rows(parameters, prefix: str) -> Iterator[tuple[str, Parameter]]:
    if isinstance(parameters, tuple):
        for number, item in enumerate(parameters):
            yield from _rows(item, f"{prefix}[{number}]")
        return
    for field in dataclasses.fields(parameters):
        name = f"{prefix}.{field.name}".lstrip(".")
        if "parameter" in field.metadata:
            yield name, field.metadata["parameter"]
        else:
            yield from _rows(getattr(parameters, field.name), name)
