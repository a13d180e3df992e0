# SPDX-License-Identifier: GPL-3.0-or-later
"""jerald-tools: from a random seed to maps of dark matter, stellar mass and neutral hydrogen.

``import jerald_tools as jt`` gives the chain in memory, see :mod:`jerald_tools.face`. Its names are
imported when they are first used, since the commands must start without JAX.
"""

import importlib
import typing

__version__ = "0.2.0"

_MODULES = {
    "BadInput": "errors",
    "Cosmology": "cosmology",
    "FittedModel": "model.fitted_model",
    "InitialConditions": "gravity.lpt",
    "FieldMap": "model.painting",
    "PaintedMap": "model.painting",
    "ParticleSet": "io.parallel",
    "RunFailed": "errors",
    "StepScheme": "gravity.step_scheme",
    "growth": "cosmology",
    "initial_conditions": "face",
    "load_fit": "face",
    "paint_density": "face",
    "power_spectrum": "face",
    "quantity_named": "quantities",
    "read_map": "face",
    "read_particles": "face",
    "run_fastpm": "face",
}

__all__ = [
    "BadInput",
    "Cosmology",
    "FittedModel",
    "InitialConditions",
    "PaintedMap",
    "ParticleSet",
    "RunFailed",
    "StepScheme",
    "growth",
    "initial_conditions",
    "load_fit",
    "paint_density",
    "power_spectrum",
    "quantity_named",
    "read_map",
    "read_particles",
    "run_fastpm",
]

if typing.TYPE_CHECKING:
    from jerald_tools.cosmology import Cosmology, growth
    from jerald_tools.errors import BadInput, RunFailed
    from jerald_tools.face import (
        initial_conditions,
        load_fit,
        paint_density,
        power_spectrum,
        read_map,
        read_particles,
        run_fastpm,
    )
    from jerald_tools.gravity.lpt import InitialConditions
    from jerald_tools.gravity.step_scheme import StepScheme
    from jerald_tools.io.parallel import ParticleSet
    from jerald_tools.model.fitted_model import FittedModel
    from jerald_tools.model.painting import PaintedMap
    from jerald_tools.quantities import quantity_named


def __getattr__(name: str) -> typing.Any:
    """A name of the face, imported on first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
