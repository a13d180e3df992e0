# SPDX-License-Identifier: GPL-3.0-or-later
"""The universe as a whole: cosmological parameters, expansion and growth of perturbations."""

import dataclasses
import math

import numpy as np
from scipy.integrate import solve_ivp

from jerald_tools.errors import BadInput

# The cosmological parameters that travel with every file.


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


# The expanding background: a flat universe of matter and a cosmological constant.

HUBBLE_CONSTANT = 100.0
"""The Hubble constant in km/s per Mpc/h: what turns H0 x length into a velocity."""


def hubble_rate(scale_factor, cosmology: Cosmology):
    """E(a) = H(a)/H0 = sqrt(omega_m a^-3 + omega_lambda), dimensionless.

    Args:
        scale_factor: a, a number or an array of any shape.
        cosmology: the cosmological parameters.

    Returns:
        E, of the shape of ``scale_factor``.
    """
    return np.sqrt(cosmology.omega_m * scale_factor**-3.0 + cosmology.omega_lambda)


def matter_fraction(scale_factor, cosmology: Cosmology):
    """Omega_m(a) = omega_m a^-3 / E(a)^2, of the shape of ``scale_factor``."""
    return cosmology.omega_m * scale_factor**-3.0 / hubble_rate(scale_factor, cosmology) ** 2


def scale_factor_of(redshift):
    """Scale factor a = 1/(1 + z), of the shape of ``redshift``."""
    return 1.0 / (1.0 + redshift)


# Growth of small perturbations to second order, and what FastPM makes of it.

# Deep in matter domination, where D1 = a and D2 = 3/7 a^2 start the growing modes.
EARLY_SCALE_FACTOR = 1e-7


@dataclasses.dataclass(frozen=True)
class Growth:
    """Growth of displacements at one or more scale factors; all members have the same shape.

    Attributes:
        scale_factor: a.
        hubble: E(a) = H(a)/H0.
        first: D1, growth of the first-order displacement, 1 today.
        second: D2, growth of the second-order displacement, 1 today.
        first_rate: f1 = dlnD1/dlna.
        second_rate: f2 = dlnD2/dlna.
        omega_m: matter density today, a number.
    """

    scale_factor: np.ndarray
    hubble: np.ndarray
    first: np.ndarray
    second: np.ndarray
    first_rate: np.ndarray
    second_rate: np.ndarray
    omega_m: float

    # FastPM (arXiv:1603.00476): positions move with Gp and momenta with Gf in linear theory, so
    # steps weighted by them reproduce linear growth whatever their size.

    @property
    def position_factor(self):
        """Gp = D1: how positions grow."""
        return self.first

    @property
    def position_slope(self):
        """Gp' = gp = dD1/da."""
        return self.first * self.first_rate / self.scale_factor

    @property
    def momentum_factor(self):
        """Gf = a^2 E dD1/dlna: how momenta a^2 dx/dt / H0 grow."""
        return self.scale_factor**2 * self.hubble * self.first * self.first_rate

    @property
    def momentum_slope(self):
        """Gf' = gf = dGf/da, which is 1.5 omega_m D1 / (a^2 E) by the growth equation."""
        return 1.5 * self.omega_m * self.first / (self.scale_factor**2 * self.hubble)


def growth(scale_factor, cosmology: Cosmology) -> Growth:
    """Solve the growth equations from a = 1e-7.

    With ' = d/dlna:  D1'' + (2 + dlnE/dlna) D1' = 3/2 Omega_m(a) D1,
    D2'' + (2 + dlnE/dlna) D2' = 3/2 Omega_m(a) (D2 + D1^2), both scaled to 1 today.

    Args:
        scale_factor: a > 1e-7, a number or an array of any shape.
        cosmology: the cosmological parameters.

    Returns:
        The growth, members of the shape of ``scale_factor``; relative error below 1e-10.
    """
    scale_factor = np.asarray(scale_factor, dtype=np.float64)

    def slope(log_a, state):
        first, first_slope, second, second_slope = state
        matter = matter_fraction(np.exp(log_a), cosmology)
        friction = 2.0 - 1.5 * matter
        return [
            first_slope,
            1.5 * matter * first - friction * first_slope,
            second_slope,
            1.5 * matter * (second + first**2) - friction * second_slope,
        ]

    early = EARLY_SCALE_FACTOR
    latest = max(1.0, float(scale_factor.max()))
    solution = solve_ivp(
        slope,
        (np.log(early), np.log(latest)),
        [early, early, 3 / 7 * early**2, 6 / 7 * early**2],
        method="DOP853",
        rtol=1e-12,
        atol=0.0,
        dense_output=True,
    ).sol
    first_today, _, second_today, _ = solution(0.0)
    state = solution(np.log(scale_factor.ravel())).reshape(4, *scale_factor.shape)
    first, first_slope, second, second_slope = state
    return Growth(
        scale_factor=scale_factor,
        hubble=hubble_rate(scale_factor, cosmology),
        first=first / first_today,
        second=second / second_today,
        first_rate=first_slope / first,
        second_rate=second_slope / second,
        omega_m=cosmology.omega_m,
    )
