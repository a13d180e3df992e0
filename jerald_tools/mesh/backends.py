# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the raw operations of a mesh are found: C++ or pure JAX, the same functions in both."""

import importlib

from jerald_tools.mesh.mesh import Mesh

MODULES = {"native": "jerald_tools.mesh.native", "jax": "jerald_tools.mesh.pure_jax"}


def raw_operations(mesh: Mesh):
    """The module whose functions work on this mesh, without derivatives."""
    return importlib.import_module(MODULES[mesh.backend])
