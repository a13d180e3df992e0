# SPDX-License-Identifier: GPL-3.0-or-later
"""Optical depth of Lyman-alpha along lines, from hydrogen in cells to pixels of velocity.

A cell of a line is a slab of gas. Its two faces appear at the velocities u1 and u2, Hubble's flow
plus the gas's own there, the mean of the two nodes that share the face: between them its atoms are
spread evenly. Where faces draw apart the optical depth falls, where they meet it rises. Convolved
with the thermal Gaussian exp(-(v/b)^2) / (sqrt(pi) b) the part of the cell below a velocity e is

    F(e) = [ I((e - u1) / b) - I((e - u2) / b) ] b / (u2 - u1),
    I(y) = y (1 + erf(y)) / 2 + exp(-y^2) / (2 sqrt(pi)),

and a pixel has the difference of F at its two ends: exact for pixels and cells of any width, and
all pixels together have all of the cell. Its natural width is the same for all atoms: the Voigt
profile is the Gaussian convolved with one Lorentz profile, exp(-gamma |k|) in the spectrum of the
line, which is periodic.
"""

import dataclasses
import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Float
from scipy.special import erfcx

from jerald_tools.lines.constants import LYMAN_ALPHA_AREA, NATURAL_WIDTH
from jerald_tools.mesh.mesh import REAL

REACH = 4.0
"""Widths b beyond which a Gaussian has ended: 8e-9 of it are put into the last pixel."""

NARROWEST = {"single": 2e-2, "double": 1e-4}
"""Least distance of a cell's faces, in b: less would be lost in rounding."""

DEGREE = {"float32": 10, "float64": 20}
"""Of the polynomial that has the rounding of corners to 1e-7 and to 2e-14 of b."""

ROWS = 8192
"""Cells that are worked on at once, within the cache."""

SHARES = (0.5, 0.85, 0.97, 1.0)
"""Shares of the cells that the windows of pixels are wide enough for, from narrow to wide."""


@dataclasses.dataclass(frozen=True)
class Spectrograph:
    """Pixels of velocity from one end of the box to the other.

    Attributes:
        width: of the box [km/s].
        pixels: how many; pixel p has the velocities from p to p + 1 times ``pixel``.
        precision: "single" or "double", of the work; results are in double.
    """

    width: float
    pixels: int
    precision: str = "single"

    @property
    def pixel(self) -> float:
        """Width of a pixel [km/s]."""
        return self.width / self.pixels


def optical_depth(
    spectrograph: Spectrograph,
    columns: Float[np.ndarray, "lines cells"],
    velocities: Float[np.ndarray, "lines cells"],
    widths: Float[np.ndarray, "lines cells"],
    profile: str = "voigt",
) -> Float[np.ndarray, "lines pixels"]:
    """Optical depth in pixels, mean over each.

    Args:
        spectrograph: the pixels.
        columns: neutral hydrogen of each cell of the line [cm^-2]; cell i is around i times the
            width of a cell.
        velocities: peculiar, of the gas at the middle of the cells [km/s].
        widths: Doppler parameters b [km/s].
        profile: "voigt" or "gaussian".
    """
    cells = columns.shape[1]
    faces = (np.arange(cells) - 0.5) * (spectrograph.width / cells)
    faces = faces + (velocities + np.roll(velocities, 1, axis=1)) / 2
    upper = np.roll(faces, -1, axis=1)
    upper[:, -1] += spectrograph.width
    tau = _gaussian(spectrograph, LYMAN_ALPHA_AREA * columns, faces, upper, widths)
    return tau if profile == "gaussian" else _with_natural_width(spectrograph, tau)


def _gaussian(
    spectrograph: Spectrograph,
    areas: Float[np.ndarray, "lines cells"],
    faces: Float[np.ndarray, "lines cells"],
    others: Float[np.ndarray, "lines cells"],
    widths: Float[np.ndarray, "lines cells"],
) -> Float[np.ndarray, "lines pixels"]:
    """Sum of cells of an area [km/s] between two faces [km/s], thermally broadened."""
    pixel, pixels = spectrograph.pixel, spectrograph.pixels
    middle, half = (faces + others) / 2, np.abs(others - faces) / 2
    half = np.maximum(half, NARROWEST[spectrograph.precision] / 2 * widths)
    lower, upper = middle - half, middle + half
    first = np.floor((lower - REACH * widths) / pixel)
    needed = np.ceil((upper + REACH * widths) / pixel) - first
    # In float32 only distances from the first pixel of the window, which are short.
    dtype = REAL[spectrograph.precision]
    numbers = [((value - first * pixel) / widths).astype(dtype).ravel() for value in (lower, upper)]
    numbers += [(pixel / widths).astype(dtype).ravel(), (areas / pixel).astype(dtype).ravel()]
    starts = (first.astype(np.int64) % pixels).astype(np.int32).ravel()
    lines = np.repeat(np.arange(len(areas), dtype=np.int32), areas.shape[1])
    needed = needed.ravel()
    reaches = needed.astype(np.int32)
    windows = sorted({int(-4 * (-width // 4)) for width in np.quantile(needed, SHARES)})
    turns = -(-(pixels + windows[-1]) // pixels)
    spread = jnp.zeros((len(areas), turns * pixels), dtype)
    for narrower, window in itertools.pairwise([0, *windows]):
        (fitting,) = np.nonzero((needed > narrower) & (needed <= window))
        for start in range(0, len(fitting), ROWS):
            rows = fitting[start : start + ROWS]
            chosen = [_padded(each[rows]) for each in (lines, starts, reaches, *numbers)]
            chosen[-1][len(rows) :] = 0
            spread = _add_cells(window, spread, *chosen)
    return np.asarray(spread, np.float64).reshape(len(areas), turns, pixels).sum(axis=1)


def _padded(values: np.ndarray) -> np.ndarray:
    """Values and the last of them again, up to :data:`ROWS`: programs are of fixed lengths."""
    if len(values) == ROWS:
        return values
    return np.concatenate([values, np.full(ROWS - len(values), values[-1], values.dtype)])


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def _add_cells(
    window: int, spread: Array, lines, starts, reaches, lower, upper, pixel, heights
) -> Array:
    """Add cells to lines, each in a window of pixels from its own first one.

    Args:
        window: how many pixels.
        spread: lines (lines, pixels), those beyond the end of the box appended.
        lines: of the cells.
        starts: first pixel of the window of each cell.
        reaches: how many pixels of the window each cell has: all of it, whatever the window.
        lower: the nearer face of each cell, from the first pixel of its window, in b.
        upper: the farther face in b.
        pixel: width of a pixel in b.
        heights: area of the cell over the width of a pixel.
    """
    numbers = jnp.arange(1, window, dtype=np.int32)
    ends = pixel[:, None] * numbers.astype(spread.dtype)
    from_lower, from_upper = ends - lower[:, None], ends - upper[:, None]
    distance = (upper - lower)[:, None]
    below = jnp.clip(from_lower / distance, 0, 1)
    below += (_rounding(from_lower) - _rounding(from_upper)) / distance
    below = jnp.where(numbers < reaches[:, None], below, 1)
    zero = jnp.zeros((len(lower), 1), spread.dtype)
    parts = jnp.diff(jnp.concatenate([zero, below, zero + 1], axis=1), axis=1)
    dimensions = lax.ScatterDimensionNumbers((1,), (0,), (0, 1))
    where = jnp.stack([lines, starts], axis=1)
    return lax.scatter_add(spread, where, heights[:, None] * parts, dimensions)


def _rounding(y: Array) -> Array:
    """I(y) less max(y, 0): what the Gaussian rounds off a corner; even, and small far from it.

    It is exp(-y^2) Q(|y|), where Q(y) = 1 / (2 sqrt(pi)) - y exp(y^2) erfc(y) / 2 is as smooth as
    it is slow to compute: a polynomial in t = (y - 2) / (y + 2) has it to rounding.
    """
    t = (jnp.abs(y) - 2) / (jnp.abs(y) + 2)
    series = _series(DEGREE[y.dtype.name])
    total = jnp.full_like(t, series[-1])
    for coefficient in series[-2::-1]:
        total = total * t + coefficient
    return jnp.exp(-y * y) * total


@functools.cache
def _series(degree: int) -> tuple[float, ...]:
    """Coefficients of Q's polynomial, of rising powers, through Chebyshev's points."""
    chebyshev = np.polynomial.chebyshev
    t = chebyshev.chebpts1(degree + 1)
    y = 2 * (1 + t) / (1 - t)
    values = 0.5 / math.sqrt(math.pi) - y * erfcx(y) / 2
    return tuple(chebyshev.cheb2poly(chebyshev.chebfit(t, values, degree)).tolist())


def _with_natural_width(
    spectrograph: Spectrograph, tau: Float[np.ndarray, "lines pixels"]
) -> Float[np.ndarray, "lines pixels"]:
    """Convolve periodic lines with the Lorentz profile of Lyman-alpha."""
    k = 2 * np.pi * np.arange(spectrograph.pixels // 2 + 1) / spectrograph.width
    spectrum = np.fft.rfft(tau, axis=1) * np.exp(-NATURAL_WIDTH * k)
    # Rounding of the transform may leave less than nothing beside a strong line.
    return np.maximum(np.fft.irfft(spectrum, spectrograph.pixels, axis=1), 0)
