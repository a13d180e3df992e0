# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest plugin: the native library that JERALD_LIBRARY names in place of the installed one.

The GPU's loops for the CPU beside it take the place of theirs.
"""

import importlib.util
import os
import sys

import jerald_tools.mesh

_spec = importlib.util.spec_from_file_location(
    "jerald_tools.mesh._native", os.environ["JERALD_LIBRARY"]
)
assert _spec is not None
assert _spec.loader is not None
sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules[_spec.name])

jerald_tools.mesh.__path__.insert(0, os.path.dirname(os.environ["JERALD_LIBRARY"]))
