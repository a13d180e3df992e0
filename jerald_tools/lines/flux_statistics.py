# SPDX-License-Identifier: GPL-3.0-or-later
"""Power of the flux along lines of sight, and how its values are distributed."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float, Int

from jerald_tools.analysis.power_spectrum import check_edges
from jerald_tools.mesh.ranks import Ranks, gather

PDF_BINS = 20


@dataclasses.dataclass(frozen=True)
class LinePower:
    """Power along lines in bins of wavenumber, P = width <Re(a conj(b))>.

    a and b are the coefficients of F / <F> - 1 of two sets of lines, <F> the mean over all lines of
    a set. P is divided by the square of the pixel's window, sinc(k pixel / 2).

    Attributes:
        k: mean wavenumber of the modes, in units of 1 / width.
        modes: how many modes of the full spectrum: two for each line and wavenumber.
        power: of the first lines, in units of width.
        reference_power: of the second.
        cross_power: of both.
        mean: flux of the first.
        reference_mean: flux of the second.
    """

    k: Float[np.ndarray, " bins"]
    modes: Int[np.ndarray, " bins"]
    power: Float[np.ndarray, " bins"]
    reference_power: Float[np.ndarray, " bins"]
    cross_power: Float[np.ndarray, " bins"]
    mean: float
    reference_mean: float


def line_power(
    ranks: Ranks,
    pieces: Iterable[tuple[np.ndarray, np.ndarray]],
    pixels: int,
    width: float,
    edges: Sequence[float] | None = None,
) -> LinePower:
    """Power along lines, of two sets of lines in the same places.

    Args:
        ranks: the processes.
        pieces: flux of some of this rank's lines in either set, (lines, pixels) each; the same
            twice for a set alone.
        pixels: of a line.
        width: of the box, in any unit.
        edges: of the bins of k, in one over that unit; by default each wavenumber below the
            Nyquist frequency is a bin.

    Raises:
        BadInput: for edges that bound no bins.
    """
    number = (pixels + 1) // 2
    sums = np.zeros((3, number))
    totals, lines = np.zeros(2), 0
    for pair in pieces:
        first, second = (np.fft.rfft(flux, axis=1)[:, :number] / pixels for flux in pair)
        for total, one, other in zip(
            sums, (first, second, first), (first, second, second), strict=True
        ):
            total += np.real(one * np.conj(other)).sum(axis=0)
        totals += [first[:, 0].real.sum(), second[:, 0].real.sum()]
        lines += len(first)
    sums, totals = (np.sum(gather(ranks, values), axis=0) for values in (sums, totals))
    lines = sum(gather(ranks, lines))
    mean, reference_mean = totals / lines
    k = 2 * np.pi * np.arange(1, number) / width
    window = np.sinc(k * width / pixels / (2 * np.pi)) ** 2
    powers = sums[:, 1:] * width / lines / window
    powers /= np.array([mean**2, reference_mean**2, mean * reference_mean])[:, None]
    bins = np.arange(len(k)) if edges is None else np.digitize(k, check_edges(edges)) - 1
    count = len(k) if edges is None else len(edges) - 1
    inside = (bins >= 0) & (bins < count)
    modes = np.bincount(bins[inside], minlength=count)
    with np.errstate(invalid="ignore"):
        own, other, cross, wavenumber = (
            np.bincount(bins[inside], values[inside], count) / modes for values in (*powers, k)
        )
    return LinePower(wavenumber, 2 * lines * modes, own, other, cross, mean, reference_mean)


def flux_distribution(
    ranks: Ranks, pieces: Iterable[np.ndarray]
) -> tuple[Float[np.ndarray, " bins"], Float[np.ndarray, " bins"]]:
    """Middles of 20 bins of flux from 0 to 1, and the density of pixels there, of integral 1.

    Args:
        ranks: the processes.
        pieces: flux of some of this rank's lines.
    """
    edges = np.linspace(0, 1, PDF_BINS + 1)
    counts = np.zeros(PDF_BINS)
    for flux in pieces:
        counts += np.histogram(flux, edges)[0]
    counts = np.sum(gather(ranks, counts), axis=0)
    return (edges[:-1] + edges[1:]) / 2, counts / counts.sum() * PDF_BINS
