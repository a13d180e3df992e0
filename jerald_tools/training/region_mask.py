# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions of the split as masks of nodes, to look at maps in one of them."""

import numpy as np

from jerald_tools.mesh.mesh import Mesh
from jerald_tools.training.split import test_shape, training_start

REGIONS = ("training", "validation", "test")


def region_mask(mesh: Mesh, region: str) -> np.ndarray:
    """Which of this rank's nodes belong to a region of the split.

    Args:
        mesh: the mesh.
        region: "training", "validation" or "test".

    Returns:
        (nx_local, ny, nz), True inside.
    """
    test_x, test_y, test_z = test_shape(mesh)
    x = np.arange(mesh.x_start, mesh.x_stop).reshape(-1, 1, 1)
    y = np.arange(mesh.shape[1]).reshape(1, -1, 1)
    z = np.arange(mesh.shape[2]).reshape(1, 1, -1)
    test = (x < test_x) & (y < test_y) & (z < test_z)
    training = np.broadcast_to(z >= training_start(mesh), mesh.local_shape)
    return {"training": training, "test": test, "validation": ~(training | test)}[region]
