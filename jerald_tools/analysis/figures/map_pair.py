# SPDX-License-Identifier: GPL-3.0-or-later
"""A reference map and the model's beside it: what the figures of maps are drawn from."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class MapPair:
    """Two maps of one quantity at one redshift on the same nodes.

    Attributes:
        quantity: "dark-matter", "stellar-mass" or "neutral-hydrogen".
        units: of both maps.
        redshift: of both maps.
        box_size: side lengths [Mpc/h].
        reference: (nx, ny, nz), the hydrodynamical simulation's.
        model: (nx, ny, nz), ours.
    """

    quantity: str
    units: str
    redshift: float
    box_size: tuple[float, float, float]
    reference: np.ndarray
    model: np.ndarray

    @property
    def cell_size(self) -> tuple[float, float, float]:
        """Distance between nodes along each axis [Mpc/h]."""
        return tuple(
            length / nodes
            for length, nodes in zip(self.box_size, self.reference.shape, strict=True)
        )

    def extent(self, nodes_x: int, nodes_y: int) -> tuple[float, float, float, float]:
        """Edges (left, right, bottom, top) [Mpc/h] of the cells about the first nodes of x, y."""
        width, height, _ = self.cell_size
        return (-width / 2, (nodes_x - 0.5) * width, -height / 2, (nodes_y - 0.5) * height)
