# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of the quantities that can be mapped, in the order in which they depend on others.

A quantity is one object in one file of :mod:`jerald_tools.model`. This registry names that file
without importing it, so that commands and the workflow can list the quantities, and what each
depends on, without importing JAX.
"""

import importlib
import typing

from jerald_tools.errors import BadInput

if typing.TYPE_CHECKING:
    from jerald_tools.model.quantity import Quantity


class Entry(typing.NamedTuple):
    """A quantity in the registry.

    Attributes:
        module: holds the quantity as ``QUANTITY``.
        prerequisites: quantities whose fits improve this one, each before it in the registry.
    """

    module: str
    prerequisites: tuple[str, ...]


REGISTRY = {
    "dark-matter": Entry("jerald_tools.model.dark_matter", ()),
    "stellar-mass": Entry("jerald_tools.model.stellar_mass", ("dark-matter",)),
    "neutral-hydrogen": Entry(
        "jerald_tools.model.neutral_hydrogen", ("dark-matter", "stellar-mass")
    ),
    "gas": Entry("jerald_tools.model.gas", ("dark-matter",)),
}

NAMES = tuple(REGISTRY)


def quantity_named(name: str) -> "Quantity":
    """The quantity of a name.

    Raises:
        BadInput: if there is none of this name.
    """
    if name not in REGISTRY:
        raise BadInput(f"quantity {name}: is unknown; give one of {', '.join(NAMES)}")
    return importlib.import_module(REGISTRY[name].module).QUANTITY
