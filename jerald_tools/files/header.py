# SPDX-License-Identifier: GPL-3.0-or-later
"""The header that maps, initial conditions and particles have in common."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator

import h5py

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput
from jerald_tools.files import hdf5
from jerald_tools.files.attributes import read_attributes, write_attributes


def normalise(header, lengths: tuple[str, ...], counts: tuple[str, ...]) -> None:
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
                raise ValueError(f"{name} {values}: three positive numbers are wanted")
            object.__setattr__(header, name, values)
    object.__setattr__(header, "redshift", float(header.redshift))
    if not 0.0 <= header.redshift < math.inf:
        raise ValueError(f"redshift {header.redshift}: a number from 0 on is wanted")


def write(group: h5py.Group, header, fields: tuple[str, ...]) -> None:
    """Write the named fields, the cosmology and the free attributes of a header.

    Args:
        group: the file, or the group of it that is ours.
        header: a dataclass with the fields and ``cosmology`` and ``attributes``.
        fields: names of the fields that become attributes.
    """
    write_attributes(group, {name: getattr(header, name) for name in fields})
    write_attributes(group, {"box_size_units": "Mpc/h, comoving"})
    write_attributes(group.create_group("cosmology"), dataclasses.asdict(header.cosmology))
    write_attributes(group.create_group("attributes"), header.attributes)


def read(group: h5py.Group, fields: tuple[str, ...]) -> dict:
    """Read back :func:`write`, as keyword arguments of the header's dataclass.

    Raises:
        KeyError, TypeError: if something is missing or of another type.
    """
    values = read_attributes(group)
    return {
        **{name: values[name] for name in fields},
        "cosmology": Cosmology(**values["cosmology"]),
        "attributes": values["attributes"],
    }


@contextlib.contextmanager
def refusing(reader: hdf5.Reader) -> Iterator[None]:
    """Close a file whose header is incomplete or out of range, with the line that users see."""
    try:
        yield
    except (KeyError, ValueError, TypeError, OSError, RuntimeError) as error:
        reader.file.close()
        reason = " ".join(str(error).split())
        raise BadInput(f"{reader.path}: its header is incomplete or wrong: {reason}") from error
    except BadInput:
        reader.file.close()
        raise
