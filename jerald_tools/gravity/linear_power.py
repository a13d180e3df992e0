# SPDX-License-Identifier: GPL-3.0-or-later
"""The linear matter power spectrum at z = 0, from a table or from CAMB."""

import dataclasses
import os
import warnings

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from jerald_tools.cosmology import Cosmology
from jerald_tools.errors import BadInput

LEAST_ROWS = 4
SMALLEST_CAMB_WAVENUMBER = 1e-4
CAMB_POINTS_PER_DECADE = 150


@dataclasses.dataclass(frozen=True)
class LinearPower:
    """A tabulated power spectrum, <|delta_k|^2> = P/V.

    Attributes:
        wavenumbers: k, ascending [h/Mpc].
        power: P at z = 0 [(Mpc/h)^3].
        source: where it came from, a file name or CAMB with its version.
    """

    wavenumbers: Float[np.ndarray, " rows"]
    power: Float[np.ndarray, " rows"]
    source: str

    def __call__(self, wavenumbers: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """P [(Mpc/h)^3] at wavenumbers [h/Mpc], a cubic spline of log10 sqrt(P) in log10 k.

        Raises:
            BadInput: a wavenumber outside the table, which is never extrapolated.
        """
        lowest, highest = wavenumbers.min(), wavenumbers.max()
        if lowest < self.wavenumbers[0] or highest > self.wavenumbers[-1]:
            raise BadInput(
                f"{self.source}: k from {self.wavenumbers[0]:.4g} to {self.wavenumbers[-1]:.4g} "
                f"h/Mpc, but box and mesh need {lowest:.4g} to {highest:.4g}: give a wider table"
            )
        amplitude = CubicSpline(
            np.log10(self.wavenumbers), 0.5 * np.log10(self.power), bc_type="natural"
        )
        return 10.0 ** (2.0 * amplitude(np.log10(wavenumbers)))

    def reaches_sigma8(self) -> bool:
        """Whether the table has the scales that make up sigma8, but for some 0.1 per cent of it."""
        return self.wavenumbers[0] < 0.01 and self.wavenumbers[-1] > 3.0

    def sigma8(self) -> float:
        """Rms linear overdensity in spheres of R = 8 Mpc/h, of the scales that the table has.

        sigma8^2 = int dlnk k^3 P(k) W(kR)^2 / (2 pi^2), with W(x) = 3 (sin x - x cos x) / x^3.
        """
        log_k = np.linspace(np.log(self.wavenumbers[0]), np.log(self.wavenumbers[-1]), 8192)[1:-1]
        k = np.exp(log_k)
        x = 8.0 * k
        top_hat = np.where(x < 1e-2, 1 - x**2 / 10, 3 * (np.sin(x) - x * np.cos(x)) / x**3)
        integrand = k**3 * self(k) * top_hat**2 / (2 * np.pi**2)
        return float(np.sqrt(np.trapezoid(integrand, log_k)))


def read_linear_power(path: str | os.PathLike) -> LinearPower:
    """Read a table of two columns, k [h/Mpc] and P [(Mpc/h)^3] at z = 0; # starts a comment.

    Raises:
        BadInput: no such file, or not such a table.
    """
    if os.path.isdir(path):
        raise BadInput(f"{path}: is a directory: give a table of the linear power")
    if not os.path.isfile(path):
        raise BadInput(f"{path}: no such file: give a table of the linear power")
    try:
        with warnings.catch_warnings():
            # An empty file is refused below, in one line.
            warnings.filterwarnings("ignore", "loadtxt: input contained no data")
            table = np.loadtxt(path, dtype=np.float64, ndmin=2)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error}): give a text file") from None
    except ValueError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise BadInput(
            f"{path}: not a table of numbers ({reason}): give two columns, k [h/Mpc] and P"
        ) from None
    if len(table) < LEAST_ROWS:
        raise BadInput(f"{path}: {len(table)} rows: give at least {LEAST_ROWS}")
    if table.shape[1] != 2:
        raise BadInput(
            f"{path}: {table.shape[1]} columns{_of_what(table.shape[1])}: give two, k [h/Mpc] and "
            "P [(Mpc/h)^3] at z = 0"
        )
    bad_rows = np.flatnonzero(~(np.isfinite(table) & (table > 0)).all(axis=1))
    if bad_rows.size:
        k, power = table[bad_rows[0]]
        raise BadInput(
            f"{path}: k = {k:g}, P = {power:g} in row {bad_rows[0] + 1}: give finite, positive "
            "numbers (not their logarithms, as N-GenIC's input_spectrum has them)"
        )
    falls = np.flatnonzero(np.diff(table[:, 0]) <= 0)
    if falls.size:
        raise BadInput(
            f"{path}: k = {table[falls[0] + 1, 0]:g} follows {table[falls[0], 0]:g}: "
            "sort the rows by ascending k, each once"
        )
    return LinearPower(table[:, 0].copy(), table[:, 1].copy(), os.path.basename(path))


def _of_what(columns: int) -> str:
    """What tables of other codes have so many columns."""
    if columns in (7, 9, 11, 13):
        return ", as tables of transfer functions have (CAMB's transfer_out)"
    return ""


def camb_linear_power(cosmology: Cosmology, largest_wavenumber: float) -> LinearPower:
    """Total-matter power by CAMB, massless neutrinos, rescaled to the cosmology's sigma8.

    Args:
        cosmology: the cosmological parameters.
        largest_wavenumber: where the table may end [h/Mpc].

    Raises:
        BadInput: CAMB refuses the cosmology.
    """
    import camb

    # sigma8 needs the scales around 8 Mpc/h, regardless of the mesh.
    highest = 1.01 * max(largest_wavenumber, 10.0)
    decades = np.log10(highest / SMALLEST_CAMB_WAVENUMBER)
    try:
        parameters = camb.set_params(
            H0=100 * cosmology.h,
            ombh2=cosmology.omega_b * cosmology.h**2,
            omch2=(cosmology.omega_m - cosmology.omega_b) * cosmology.h**2,
            ns=cosmology.n_s,
            mnu=0.0,
            num_massive_neutrinos=0,
            nnu=3.046,
            TCMB=2.7255,
            WantCls=False,
        )
        parameters.set_matter_power(redshifts=[0.0], kmax=1.01 * highest * cosmology.h)
        wavenumbers, _, power = camb.get_results(parameters).get_matter_power_spectrum(
            minkh=SMALLEST_CAMB_WAVENUMBER,
            maxkh=highest,
            npoints=int(CAMB_POINTS_PER_DECADE * decades) + 1,
        )
    except (camb.CAMBError, camb.CAMBFortranError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"--camb with {cosmology}: CAMB refuses it: {reason}") from None
    spectrum = LinearPower(wavenumbers, power[0], f"CAMB {camb.__version__}")
    rescaling = (cosmology.sigma8 / spectrum.sigma8()) ** 2
    return dataclasses.replace(spectrum, power=rescaling * spectrum.power)
