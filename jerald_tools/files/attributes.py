# SPDX-License-Identifier: GPL-3.0-or-later
"""Nested dictionaries as HDF5 groups and attributes, readable with h5py alone."""

import h5py
import numpy as np


def write_attributes(group: h5py.Group, values: dict) -> None:
    """Write numbers, strings and arrays as attributes, dictionaries and lists of them as groups.

    Strings have a fixed length: those of variable length lie in a heap without checksums.

    Args:
        group: where to write.
        values: by name; a list of dictionaries becomes a group with the members 0, 1, ... and
            None is left out.
    """
    for name, value in values.items():
        if value is None:
            continue
        if _is_list(value) and isinstance(value[0], dict):
            value = {str(number): member for number, member in enumerate(value)}
        if isinstance(value, dict):
            write_attributes(group.require_group(name), value)
        elif isinstance(value, str) or (_is_list(value) and isinstance(value[0], str)):
            group.attrs[name] = fixed_string(value)
        else:
            group.attrs[name] = value


def read_attributes(group: h5py.Group) -> dict:
    """Read back what :func:`write_attributes` wrote; lists of dictionaries stay dictionaries.

    Returns:
        Python scalars and strings, lists for arrays, and dictionaries for subgroups.
    """
    values = {name: plain_value(value) for name, value in group.attrs.items()}
    for name, member in group.items():
        if isinstance(member, h5py.Group):
            values[name] = read_attributes(member)
    return values


def _is_list(value) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0


def fixed_string(text: str | list[str]) -> np.ndarray:
    """Text, or a list of texts, as HDF5 strings of fixed length in UTF-8.

    HDF5 has no strings of length zero: an empty one is a space.
    """
    encoded = np.char.encode(np.asarray(text) if text else np.asarray(" "), "utf-8")
    return encoded.astype(h5py.string_dtype("utf-8", encoded.dtype.itemsize))


def plain_value(value):
    """An attribute as h5py gives it, as a Python scalar, string or list."""
    if isinstance(value, bytes):
        return "" if value == b" " else value.decode("utf-8")
    if isinstance(value, np.ndarray):
        return [plain_value(element) for element in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value
