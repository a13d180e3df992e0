# SPDX-License-Identifier: GPL-3.0-or-later
"""The cosmological parameters that travel with every file."""

import dataclasses
import math

from jerald_tools.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Cosmology:
    """A flat universe of cold dark matter, baryons and a cosmological constant.

    The defaults are those of the Sherwood-Relics simulations (arXiv:2501.09168, section IV A).

    Attributes:
        omega_m: total matter density today over the critical density.
        omega_b: baryon density today over the critical density.
        h: Hubble constant today in 100 km/s/Mpc.
        sigma8: rms linear overdensity in spheres of 8 Mpc/h at z = 0.
        n_s: spectral index of the primordial power.

    Raises:
        BadInput: numbers that describe no such universe.
    """

    omega_m: float = 0.308
    omega_b: float = 0.0482
    h: float = 0.678
    sigma8: float = 0.829
    n_s: float = 0.961

    def __post_init__(self):
        for name, allowed, mend in (
            ("omega_m", 0 < self.omega_m <= 1, "above 0, at most 1"),
            ("omega_b", 0 <= self.omega_b <= self.omega_m, "from 0 to omega_m"),
            ("h", 0 < self.h < math.inf, "a positive number"),
            ("sigma8", 0 < self.sigma8 < math.inf, "a positive number"),
            ("n_s", math.isfinite(self.n_s), "a finite number"),
        ):
            if not allowed:
                raise BadInput(f"{name} = {getattr(self, name):g}: must be {mend}")

    @property
    def omega_lambda(self) -> float:
        """Dark-energy density today over the critical density, 1 - omega_m."""
        return 1.0 - self.omega_m
