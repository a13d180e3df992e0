# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of the quantities that can be mapped, in the order in which they depend on others.

A quantity is one object in one file of :mod:`jerald_tools.model`. This registry names that file
without importing it, so that commands can list the quantities without importing JAX.
"""

import importlib
import typing

from jerald_tools.errors import BadInput

if typing.TYPE_CHECKING:
    from jerald_tools.model.quantity import Quantity

MODULES = {
    "dark-matter": "jerald_tools.model.dark_matter",
    "stellar-mass": "jerald_tools.model.stellar_mass",
    "neutral-hydrogen": "jerald_tools.model.neutral_hydrogen",
    "gas": "jerald_tools.model.gas",
}
"""The module of each quantity, which holds it as ``QUANTITY``."""

NAMES = tuple(MODULES)


def quantity_named(name: str) -> "Quantity":
    """The quantity of a name.

    Raises:
        BadInput: if there is none of this name.
    """
    if name not in MODULES:
        raise BadInput(f"quantity {name}: is unknown; give one of {', '.join(NAMES)}")
    return importlib.import_module(MODULES[name]).QUANTITY
