# SPDX-License-Identifier: GPL-3.0-or-later
"""Overdensity of a map, over its own or another map's mean, in the box or in a region of it."""

import jax.numpy as jnp
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.ranks import gather


def region_mean(mesh: Mesh, field, region=None) -> float:
    """Mean of a field over the box, or over a region of it, in float64.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz).
        region: the same shape, True inside; None for the whole box.

    Raises:
        BadInput: for a region without nodes.
    """
    field = np.asarray(field)
    values = field if region is None else field[np.asarray(region)]
    totals = gather(mesh.ranks, (float(values.sum(dtype=np.float64)), values.size))
    total, nodes = (sum(column) for column in zip(*totals, strict=True))
    if nodes == 0:
        raise BadInput(f"the region holds no node of a mesh of {mesh.shape}: take a finer mesh")
    return total / nodes


def overdensity(mesh: Mesh, field, mean: float | None = None, region=None):
    """(F - <F>) / mean, with <F> the field's own mean: the zero mode is always removed.

    Dividing model and reference by one and the same mean keeps a model's wrong amplitude visible
    in its power; dividing each by its own hides it.

    In a region the result is zero outside, and divided by the root of the region's share of the
    volume: its power is then that of the box smeared over the width of the region's own window.
    Two maps cut by the same region are smeared alike, so their ratio and r(k) can be read as
    usual; wavenumbers below that of the region's longest wave carry little information.

    Args:
        mesh: the mesh.
        field: this rank's slab (nx_local, ny, nz), any units.
        mean: what to divide by, in the field's units; None for its own mean (in the region).
        region: this rank's slab of True (inside) and False; None for the whole box.

    Returns:
        This rank's slab (nx_local, ny, nz), dimensionless.

    Raises:
        BadInput: if the mean to divide by is zero, or the region empty.
    """
    own = region_mean(mesh, field, region)
    mean = own if mean is None else mean
    if mean == 0:
        raise BadInput("a map whose mean is zero has no overdensity: nothing is in it")
    contrast = (np.asarray(field, np.float64) - own) / mean
    if region is not None:
        share = region_mean(mesh, np.asarray(region, np.float64))
        contrast = np.where(region, contrast, 0.0) / np.sqrt(share)
    return jnp.asarray(contrast, mesh.dtype)
