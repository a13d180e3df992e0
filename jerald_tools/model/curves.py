# SPDX-License-Identifier: GPL-3.0-or-later
"""Positive functions of redshift: smooth, monotonic between the redshifts where they are known.

Their logarithms are monotonic cubics in a variable in which they are nearly straight.
"""

import dataclasses

import numpy as np
import scipy.interpolate

from jerald_tools.cosmology import Cosmology, growth, scale_factor_of
from jerald_tools.errors import BadInput

SCALE_FACTOR = "scale factor"

RARITY = "rarity"
"""The variable 1 / D1^2, with D1 the growth of perturbations, 1 today.

Press and Schechter's share of matter in haloes above a mass falls as exp(-delta_c^2 / (2 sigma^2)),
where sigma grows as D1 (Press & Schechter 1974): its logarithm is nearly straight in
1 / D1^2. So is that of the mean of any map which the rare dense cells dominate.
"""

NAMES = (SCALE_FACTOR, RARITY)


@dataclasses.dataclass(frozen=True)
class Variable:
    """A variable in which functions of redshift are interpolated, growing with time or falling.

    Attributes:
        name: of :data:`NAMES`.
        cosmology: of the growth.

    Raises:
        BadInput: for an unknown name.
    """

    name: str = SCALE_FACTOR
    cosmology: Cosmology = dataclasses.field(default_factory=Cosmology)

    def __post_init__(self):
        if self.name not in NAMES:
            raise BadInput(f"variable {self.name}: is unknown; give one of {', '.join(NAMES)}")

    def at(self, redshift: float) -> float:
        """The variable at a redshift."""
        a = float(scale_factor_of(redshift))
        if self.name == SCALE_FACTOR:
            return a
        return float(growth(a, self.cosmology).first) ** -2.0


BY_SCALE_FACTOR = Variable()


@dataclasses.dataclass(frozen=True)
class Curve:
    """A positive function of redshift through known values.

    Attributes:
        redshifts: different ones, in any order.
        values: positive, one for each.
        variable: in which the logarithm is interpolated.
    """

    redshifts: tuple[float, ...]
    values: tuple[float, ...]
    variable: Variable

    def at(self, redshift: float) -> float:
        """The value at a redshift between the known ones, exact at these; the only one if alone.

        Two logarithms are joined by a straight line, more by cubics that have no maximum or minimum
        of their own (Fritsch & Butland 1984).
        """
        if len(self.redshifts) == 1:
            return self.values[0]
        x = np.array([self.variable.at(known) for known in self.redshifts])
        order = np.argsort(x)
        logarithms = np.log(np.array(self.values, np.float64))
        cubics = scipy.interpolate.PchipInterpolator(x[order], logarithms[order])
        return float(np.exp(cubics(self.variable.at(redshift))))
