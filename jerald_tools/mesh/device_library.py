# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the libraries of ``native/device/`` are installed."""

import pathlib

import jerald_tools.mesh

LIBRARIES = {"CUDA": "libjerald_cuda.so", "cpu": "libjerald_device_on_cpu.so"}
"""Files in this package, by the platform that they are for: the same loops."""


def library(platform: str) -> pathlib.Path | None:
    """The library of a platform, None where it was not built.

    Args:
        platform: a key of :data:`LIBRARIES`.
    """
    # An editable installation has built files in a folder apart.
    paths = (pathlib.Path(folder, LIBRARIES[platform]) for folder in jerald_tools.mesh.__path__)
    return next(filter(pathlib.Path.is_file, paths), None)
