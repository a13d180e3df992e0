# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines of the field behind our commands: pmesh, fastpm-python and nbodykit.

One module an engine. The packages are not among our requirements: only :func:`load_engine` imports
these modules, when ``--engine`` asks for one; nothing else in the package does.
"""

import importlib
import warnings
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from jerald_tools.errors import BadInput

OWN_ENGINE = "jerald"
"""The name of our own code among the engines."""

PACKAGES = {
    "pmesh": ("pmesh", "pfft-python"),
    "fastpm": ("fastpm", "pmesh", "nbodykit", "classylss", "pfft-python"),
    "nbodykit": ("nbodykit", "pmesh", "pfft-python"),
}
"""The distributions that an engine computes with, whose versions are recorded."""


def load_engine(name: str) -> ModuleType | None:
    """Import the module of an engine.

    Args:
        name: a key of :data:`PACKAGES`, or :data:`OWN_ENGINE`.

    Returns:
        The module of this package; None for our own engine.

    Raises:
        BadInput: if a package is missing or cannot be imported.
    """
    if name == OWN_ENGINE:
        return None
    try:
        # Of packages older than the NumPy and setuptools they run with; none is about our use.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(f"{__name__}.{name}_engine")
    except ImportError as error:
        raise _missing(name, error) from error


def versions_of(name: str) -> str:
    """The versions of the packages of an engine, in one line.

    Raises:
        BadInput: if one is not installed.
    """
    try:
        return ", ".join(f"{package} {version(package)}" for package in PACKAGES[name])
    except PackageNotFoundError as error:
        raise _missing(name, error) from error


def _missing(name: str, error: Exception) -> BadInput:
    return BadInput(f"--engine {name}: {error}; `make engines` installs it, see docs/engines.md")
