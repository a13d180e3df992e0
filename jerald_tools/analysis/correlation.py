# SPDX-License-Identifier: GPL-3.0-or-later
"""How well a model map follows its reference, scale by scale: transfer ratio and r(k)."""

import dataclasses

import numpy as np

from jerald_tools.analysis.power_spectrum import cross_power
from jerald_tools.mesh.mesh import Mesh


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Powers of a model and its reference in the same bins; all arrays are (bins,).

    Attributes:
        k: mean wavenumber of the bin [h/Mpc].
        modes: how many modes it holds.
        power: power of the model [(Mpc/h)^3].
        reference_power: power of the reference [(Mpc/h)^3].
        cross_power: their cross power [(Mpc/h)^3].
    """

    k: np.ndarray
    modes: np.ndarray
    power: np.ndarray
    reference_power: np.ndarray
    cross_power: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        """P / P_ref; NaN where the reference has no power."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.reference_power > 0, self.power / self.reference_power, np.nan)

    @property
    def r(self) -> np.ndarray:
        """Cross-correlation coefficient P_x / sqrt(P_ref P), equation (17); NaN without power."""
        both = self.reference_power * self.power
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(both > 0, self.cross_power / np.sqrt(both), np.nan)


def compare(mesh: Mesh, model, reference, edges=None) -> Comparison:
    """Auto powers and cross power of two spectra in bins of wavenumber.

    Args:
        mesh: the mesh of both.
        model: spectrum of the model's overdensity, this rank's part.
        reference: spectrum of the reference's, the same.
        edges: (bins + 1,) [h/Mpc]; see :func:`~jerald_tools.analysis.power_spectrum.cross_power`.
    """
    own = cross_power(mesh, model, model, edges)
    other = cross_power(mesh, reference, reference, edges)
    cross = cross_power(mesh, model, reference, edges)
    return Comparison(own.k, own.modes, own.power, other.power, cross.power)
