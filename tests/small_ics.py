# SPDX-License-Identifier: GPL-3.0-or-later
"""Small initial conditions in a file, whose particles move over whole slabs of four ranks."""

import numpy as np

from jerald_tools.cosmology import Cosmology
from jerald_tools.io.grids import InitialConditionsHeader, write_initial_conditions
from jerald_tools.io.record import this_run

MESH = (16, 12, 20)
LATTICE = (8, 6, 10)
BOX_SIZE = (16.0, 12.0, 20.0)
COSMOLOGY = Cosmology(omega_m=0.3)


def smooth_density():
    """Waves that carry particles over whole slabs of four ranks."""
    x, y, z = (
        2 * np.pi * np.arange(n).reshape(np.roll([-1, 1, 1], axis)) / n
        for axis, n in enumerate(MESH)
    )
    return 3.0 * np.cos(x) + 0.8 * np.cos(y + z) + 0.5 * np.sin(2 * x - z)


def save_ics(path):
    header = InitialConditionsHeader(BOX_SIZE, MESH, LATTICE, COSMOLOGY, {"seed": 3})
    record = this_run(arguments=["test"])
    write_initial_conditions(path, header, [(0, smooth_density())], record)
    return path
