# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions of the split as masks of nodes, to look at maps in one of them."""

import numpy as np

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.training.split import region_indicators

REGIONS = ("training", "validation", "test")


def region_mask(mesh: Mesh, region: str) -> np.ndarray:
    """Which of this rank's nodes belong to a region of the split.

    Args:
        mesh: the mesh.
        region: "training", "validation" or "test".

    Returns:
        (nx_local, ny, nz), True inside.
    """
    return np.asarray(region_indicators(mesh)[REGIONS.index(region)])
