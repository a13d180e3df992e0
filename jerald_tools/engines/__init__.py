# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines of the field behind our commands: pmesh, fastpm-python and nbodykit.

One module an engine. The packages are not among our requirements: only :func:`load_engine` imports
these modules, when ``--engine`` asks for one; nothing else in the package does.
"""

import importlib
import logging
import warnings
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from jerald_tools.errors import BadInput
from jerald_tools.stages.run import OWN_ENGINE, Run

logger = logging.getLogger(__name__)

PACKAGES = {
    "pmesh": ("pmesh", "pfft-python"),
    "fastpm": ("fastpm", "pmesh", "nbodykit", "classylss", "pfft-python"),
    "nbodykit": ("nbodykit", "pmesh", "pfft-python"),
}
"""The distributions that an engine computes with, whose versions are recorded."""


def load_engine(run: Run) -> ModuleType | None:
    """Import the engine that a run asks for, and note its versions for provenance.

    Args:
        run: how the stage runs.

    Returns:
        The module of this package; None for our own engine.

    Raises:
        BadInput: if a package is missing or cannot be imported.
    """
    if run.engine == OWN_ENGINE:
        return None
    try:
        # Of packages older than the NumPy and setuptools they run with; none is about our use.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(f"{__name__}.{run.engine}_engine")
        versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES[run.engine])
    except (ImportError, PackageNotFoundError) as error:
        raise BadInput(
            f"--engine {run.engine}: {error}; `make engines` installs it, see docs/engines.md"
        ) from error
    run.notes["engine"] = run.engine
    run.notes["engine_versions"] = versions
    logger.debug("engine: %s", versions)
    return module
