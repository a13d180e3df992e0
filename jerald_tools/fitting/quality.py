# SPDX-License-Identifier: GPL-3.0-or-later
"""How good a fitted map is, by wavenumber and region: what a fit says of itself."""

import jax.numpy as jnp
import numpy as np

from jerald_tools.analysis.power_spectrum import compare, overdensity, region_mean
from jerald_tools.fitting.regions import REGIONS, region_mask
from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import Mesh


def map_quality(mesh: Mesh, predicted, target) -> dict:
    """Mean, power ratio and r(k) of a map against its target, in each region and the whole box.

    Both overdensities are over the target's mean in the region, as in the paper's Fig 7.

    Args:
        mesh: the mesh.
        predicted: this rank's slab of the map.
        target: this rank's slab of its target, in the same units.

    Returns:
        For "all", "training", "validation" and "test": ``mean_ratio``, ``k`` [h/Mpc], ``modes``,
        ``ratio`` and ``r``.
    """
    return {
        region: _in_region(mesh, predicted, target, region)
        for region in ("all", *REGIONS)
        if _has_nodes(mesh, region)
    }


def _has_nodes(mesh: Mesh, region: str) -> bool:
    return region == "all" or min(mesh.shape) > 2


def _in_region(mesh: Mesh, predicted, target, region: str) -> dict:
    inside = None if region == "all" else region_mask(mesh, region)
    reference_mean = region_mean(mesh, target, inside)
    spectra = [
        r2c(mesh, overdensity(mesh, jnp.asarray(field), reference_mean, inside))
        for field in (predicted, target)
    ]
    comparison = compare(mesh, *spectra)
    measured = comparison.modes > 0
    return {
        "mean_ratio": region_mean(mesh, predicted, inside) / reference_mean,
        "k": comparison.k[measured],
        "modes": comparison.modes[measured],
        "ratio": _finite(comparison.ratio[measured]),
        "r": _finite(comparison.r[measured]),
    }


def _finite(values: np.ndarray) -> list:
    """Numbers for JSON, which knows no NaN: None where there is no power."""
    return [float(value) if np.isfinite(value) else None for value in values]
