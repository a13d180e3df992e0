# SPDX-License-Identifier: GPL-3.0-or-later
"""The header that maps, initial conditions and particles have in common, as HDF5 attributes.

Nested dictionaries become groups, so that h5py alone reads them.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import h5py
import numpy as np

from jerald_tools.cosmology import Cosmology


def check_header(header: Any, lengths: Sequence[str], counts: Sequence[str]) -> None:
    """Make the fields of a frozen header plain tuples and numbers, and check their range.

    Args:
        header: the dataclass, from its ``__post_init__``; its ``redshift`` is checked too.
        lengths: names of the fields that are three positive lengths.
        counts: names of the fields that are three positive integers.

    Raises:
        ValueError: if a field is out of range.
    """
    for names, number in ((lengths, float), (counts, int)):
        for name in names:
            values = tuple(number(value) for value in getattr(header, name))
            if len(values) != 3 or not all(0 < value < math.inf for value in values):
                raise ValueError(f"{name} {values}: must be three positive numbers")
            object.__setattr__(header, name, values)
    object.__setattr__(header, "redshift", float(header.redshift))
    if not 0.0 <= header.redshift < math.inf:
        raise ValueError(f"redshift {header.redshift}: must be 0 or more")


def write_header(group: h5py.Group, header: Any, fields: Sequence[str]) -> None:
    """Write the named fields, the cosmology and the free attributes of a header.

    Args:
        group: the file, or the group of it that is for the header.
        header: a dataclass with the fields and ``cosmology`` and ``attributes``.
        fields: names of the fields that become attributes.
    """
    write_attributes(group, {name: getattr(header, name) for name in fields})
    write_attributes(group, {"box_size_units": "Mpc/h, comoving"})
    write_attributes(group.create_group("cosmology"), dataclasses.asdict(header.cosmology))
    write_attributes(group.create_group("attributes"), header.attributes)


def read_header(group: h5py.Group, fields: Sequence[str]) -> dict[str, Any]:
    """Read back :func:`write_header`, as keyword arguments of the header's dataclass.

    Raises:
        KeyError, TypeError: if something is missing or of another type.
    """
    values = read_attributes(group)
    return {
        **{name: values[name] for name in fields},
        "cosmology": Cosmology(**values["cosmology"]),
        "attributes": values["attributes"],
    }


def write_attributes(group: h5py.Group | h5py.Dataset, values: Mapping[str, Any]) -> None:
    """Write numbers, text and arrays as attributes, dictionaries of them as groups.

    Args:
        group: where to write; a dataset has no groups, hence no dictionaries.
        values: by name; None is left out.
    """
    for name, value in values.items():
        if value is None:
            continue
        if isinstance(value, Mapping) and isinstance(group, h5py.Group):
            write_attributes(group.require_group(name), value)
        elif isinstance(value, str) or _is_list_of_text(value):
            group.attrs[name] = fixed_string(value)
        else:
            group.attrs[name] = value


def read_attributes(group: h5py.Group) -> dict[str, Any]:
    """Read back what :func:`write_attributes` wrote.

    Returns:
        Python scalars and text, lists for arrays, and dictionaries for groups.
    """
    values = {name: plain_value(value) for name, value in group.attrs.items()}
    for name, member in group.items():
        if isinstance(member, h5py.Group):
            values[name] = read_attributes(member)
    return values


def fixed_string(text: str | Sequence[str]) -> np.ndarray:
    """Text, or a list of texts, as HDF5 strings of fixed length in UTF-8.

    Strings of variable length lie in a heap without checksums. HDF5 has no strings of length zero:
    an empty one is a space.
    """
    encoded = np.char.encode(np.asarray(text) if text else np.asarray(" "), "utf-8")
    return encoded.astype(h5py.string_dtype("utf-8", encoded.dtype.itemsize))


def plain_value(value: Any) -> Any:
    """An attribute as h5py gives it, as a Python scalar, text or list."""
    if isinstance(value, bytes):
        return "" if value == b" " else value.decode("utf-8")
    if isinstance(value, np.ndarray):
        return [plain_value(element) for element in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value


def _is_list_of_text(value: Any) -> TypeGuard[Sequence[str]]:
    return isinstance(value, list | tuple) and len(value) > 0 and isinstance(value[0], str)
