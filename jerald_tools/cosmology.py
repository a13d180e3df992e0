# SPDX-License-Identifier: GPL-3.0-or-later
"""The universe as a whole: its parameters, its expansion, and how small perturbations grow.

A flat universe of matter and a cosmological constant; a = 1 / (1 + z) is the scale factor. All
functions take a number or an array of any shape and return that shape.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, TypeVar

from jerald_tools.errors import BadInput

# Commands have the cosmological parameters among their options: only the functions that compute
# import NumPy and SciPy, so that --help need not wait for them.
if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    Number = TypeVar("Number", float, Float[np.ndarray, "..."])
    Numbers = float | Float[np.ndarray, "..."]

HUBBLE_CONSTANT = 100.0
"""H0 in km/s per Mpc/h: turns H0 x length [Mpc/h] into a velocity [km/s]."""

EARLY_SCALE_FACTOR = 1e-7
"""Deep in matter domination (radiation is left out), where D1 = a and D2 = 3/7 a^2."""


@dataclasses.dataclass(frozen=True)
class Cosmology:
    """Parameters of a flat universe of cold dark matter, baryons and a cosmological constant.

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
        for name, is_allowed, allowed in (
            ("omega_m", 0 < self.omega_m <= 1, "above 0, at most 1"),
            ("omega_b", 0 <= self.omega_b <= self.omega_m, "from 0 to omega_m"),
            ("h", 0 < self.h < math.inf, "a positive number"),
            ("sigma8", 0 < self.sigma8 < math.inf, "a positive number"),
            ("n_s", math.isfinite(self.n_s), "a finite number"),
        ):
            if not is_allowed:
                raise BadInput(f"{name} = {getattr(self, name):g}: must be {allowed}")

    @property
    def omega_lambda(self) -> float:
        """Dark-energy density today over the critical density: 1 - omega_m in a flat universe."""
        return 1.0 - self.omega_m


def scale_factor_of(redshift: Number) -> Number:
    """Scale factor a = 1 / (1 + z), 1 today."""
    return 1.0 / (1.0 + redshift)


def hubble_rate(a: Numbers, cosmology: Cosmology) -> Numbers:
    """Expansion rate E(a) = H(a) / H0 = sqrt(omega_m a^-3 + omega_lambda), dimensionless.

    Hogg 1999 (astro-ph/9905116), equation (14) without curvature.
    """
    import numpy as np

    return np.sqrt(cosmology.omega_m * a**-3.0 + cosmology.omega_lambda)


def matter_fraction(a: Numbers, cosmology: Cosmology) -> Numbers:
    """Matter density over the critical density, Omega_m(a) = omega_m a^-3 / E(a)^2."""
    return cosmology.omega_m * a**-3.0 / hubble_rate(a, cosmology) ** 2


@dataclasses.dataclass(frozen=True)
class Growth:
    """Growth of first and second order at some scale factors, with the factors of FastPM.

    FastPM (arXiv:1603.00476, section 2) weights its steps by the growth of positions, Gp, and of
    momenta, Gf: linear theory is then reproduced with steps of any size.

    Attributes:
        scale_factor: a; all arrays have its shape.
        hubble: E(a) = H(a) / H0.
        first: D1, growth of the first-order displacement, 1 today.
        second: D2, growth of the second-order displacement, 3/7 D1^2 in matter domination.
        first_rate: f1 = dlnD1 / dlna.
        second_rate: f2 = dlnD2 / dlna.
        omega_m: matter density today over the critical density, a number.
    """

    scale_factor: Numbers
    hubble: Numbers
    first: Numbers
    second: Numbers
    first_rate: Numbers
    second_rate: Numbers
    omega_m: float

    @property
    def position_factor(self) -> Numbers:
        """Growth of positions, Gp = D1."""
        return self.first

    @property
    def position_slope(self) -> Numbers:
        """Its slope gp = dGp / da = D1 f1 / a."""
        return self.first * self.first_rate / self.scale_factor

    @property
    def momentum_factor(self) -> Numbers:
        """Growth of momenta a^2 dx/dt / H0, Gf = a^2 E dD1 / dlna = a^2 E D1 f1."""
        return self.scale_factor**2 * self.hubble * self.first * self.first_rate

    @property
    def momentum_slope(self) -> Numbers:
        """Its slope gf = dGf / da, by the growth equation 3/2 omega_m D1 / (a^2 E)."""
        return 1.5 * self.omega_m * self.first / (self.scale_factor**2 * self.hubble)


def growth(a: Numbers, cosmology: Cosmology, omega_r: float = 0.0) -> Growth:
    """Solve the growth equations, for a > 1e-7, with a relative error below 1e-10.

    With ' = d / dlna, and 2 + dlnE / dlna = 2 - 3/2 Omega_m(a) - 2 Omega_r(a):

        D1'' + (2 + dlnE / dlna) D1' = 3/2 Omega_m(a) D1
        D2'' + (2 + dlnE / dlna) D2' = 3/2 Omega_m(a) (D2 + D1^2)

    from D1 = a and D2 = 3/7 a^2 in matter domination; then D1 is scaled to 1 today, and D2 by the
    square of that scale. Peebles 1980, section 10; Bouchet et al. 1995 (astro-ph/9406013).

    With radiation, which does not cluster, the start is D1 = a + 2/3 a_eq (Meszaros 1974) and
    D2 = 3/2 a / a_eq D1^2 in radiation domination, where a_eq = omega_r / omega_m.

    Args:
        a: scale factors.
        cosmology: of the universe.
        omega_r: radiation today over the critical density, by which the cosmological constant is
            less.
    """
    import numpy as np
    from scipy.integrate import solve_ivp

    a = np.asarray(a, dtype=np.float64)

    def expansion(a):
        return np.sqrt(hubble_rate(a, cosmology) ** 2 + omega_r * (a**-4.0 - 1))

    def slope(log_a, state):
        first, first_slope, second, second_slope = state
        a = np.exp(log_a)
        square = expansion(a) ** 2
        matter = cosmology.omega_m * a**-3.0 / square
        friction = 2.0 - 1.5 * matter - 2.0 * omega_r * a**-4.0 / square
        return [
            first_slope,
            1.5 * matter * first - friction * first_slope,
            second_slope,
            1.5 * matter * (second + first**2) - friction * second_slope,
        ]

    early = EARLY_SCALE_FACTOR
    start = [early, early, 3 / 7 * early**2, 6 / 7 * early**2]
    if omega_r > 0:
        equality = omega_r / cosmology.omega_m
        early = min(early, 1e-5 * equality)
        first = early + 2 / 3 * equality
        start = [first, early, *[1.5 * early / equality * first**2] * 2]
    latest = max(1.0, float(a.max()))
    solution = solve_ivp(
        slope,
        (np.log(early), np.log(latest)),
        start,
        method="DOP853",
        rtol=1e-12,
        atol=0.0,
        dense_output=True,
    ).sol
    first_today = solution(0.0)[0]
    first, first_slope, second, second_slope = solution(np.log(a.ravel())).reshape(4, *a.shape)
    return Growth(
        scale_factor=a,
        hubble=expansion(a),
        first=first / first_today,
        second=second / first_today**2,
        first_rate=first_slope / first,
        second_rate=second_slope / second,
        omega_m=cosmology.omega_m,
    )
