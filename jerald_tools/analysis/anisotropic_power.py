# SPDX-License-Identifier: GPL-3.0-or-later
"""Power of fields in redshift space: multipoles, and wedges in the angle to the line of sight.

Binned as nbodykit's FFTPower does (Hand et al. 2018): mu is the cosine of the angle between a mode
and the line of sight, and multipoles are averages over the modes themselves, which are few and
unevenly spread in mu at small k.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Complex, Float, Int

from jerald_tools.analysis.power_spectrum import check_edges, default_edges
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.ranks import gather
from jerald_tools.mesh.wavenumbers import hermitian_weights, wavevectors

MULTIPOLES = (0, 2, 4)


@dataclasses.dataclass(frozen=True)
class Multipoles:
    """Multipoles of the power in bins of wavenumber.

    Attributes:
        k: mean wavenumber of the modes [h/Mpc]; NaN where there is none.
        modes: how many modes of the full spectrum the bin holds.
        power: (2 l + 1) times the mean of P L_l(mu), by l of :data:`MULTIPOLES` [(Mpc/h)^3].
    """

    k: Float[np.ndarray, " bins"]
    modes: Int[np.ndarray, " bins"]
    power: dict[int, Float[np.ndarray, " bins"]]


@dataclasses.dataclass(frozen=True)
class Wedges:
    """Power in bins of wavenumber and of |mu|.

    Attributes:
        k: mean wavenumber of the modes [h/Mpc]; NaN where there is none.
        mu: their mean |mu|.
        modes: how many modes of the full spectrum the bin holds.
        power: mean of Re(a conj(b)) V over these modes [(Mpc/h)^3].
    """

    k: Float[np.ndarray, "bins mu_bins"]
    mu: Float[np.ndarray, "bins mu_bins"]
    modes: Int[np.ndarray, "bins mu_bins"]
    power: Float[np.ndarray, "bins mu_bins"]


def multipoles(
    mesh: Mesh,
    first: Complex[AnyArray, "kx ky kz"],
    second: Complex[AnyArray, "kx ky kz"],
    line_of_sight: int,
    edges: Sequence[float] | Float[np.ndarray, " edges"] | None = None,
) -> Multipoles:
    """Multipoles of the cross power of two fields; pass one field twice for its own.

    Args:
        mesh: of both fields.
        first: this rank's part of spectrum a, as for
            :func:`jerald_tools.analysis.power_spectrum.cross_power`.
        second: this rank's part of spectrum b.
        line_of_sight: 0, 1 or 2.
        edges: of the bins of k [h/Mpc]; by default around the multiples of 2 pi / L.

    Raises:
        BadInput: for edges that bound no bins.
    """
    edges = default_edges(mesh) if edges is None else check_edges(edges)
    length = edges.size + 1
    sums = np.zeros((2 + len(MULTIPOLES), length))
    for square, mu, weights, product in _rows(mesh, first, second, line_of_sight):
        bins = np.digitize(square, edges**2)
        values = [np.ones_like(mu), np.sqrt(square)]
        values += [(2 * ell + 1) * _legendre(ell, mu) * product for ell in MULTIPOLES]
        for total, value in zip(sums, values, strict=True):
            total += np.bincount(bins, weights * value, length)
    modes, k, *power = np.sum(gather(mesh.ranks, sums), axis=0)[:, 1:-1]
    with np.errstate(invalid="ignore"):
        means = {
            ell: total / modes * mesh.volume for ell, total in zip(MULTIPOLES, power, strict=True)
        }
        return Multipoles(k / modes, modes.astype(np.int64), means)


def wedges(
    mesh: Mesh,
    first: Complex[AnyArray, "kx ky kz"],
    second: Complex[AnyArray, "kx ky kz"],
    line_of_sight: int,
    mu_bins: int,
    edges: Sequence[float] | Float[np.ndarray, " edges"] | None = None,
) -> Wedges:
    """Cross power of two fields in bins of k and of |mu|, which are equally wide from 0 to 1.

    Args:
        mesh: of both fields.
        first: as for :func:`multipoles`, like the others.
        second: the same.
        line_of_sight: the same.
        mu_bins: how many bins of |mu|; a mode on an edge is in the bin above, mu = 1 in the last.
        edges: as for :func:`multipoles`.

    Raises:
        BadInput: for edges that bound no bins.
    """
    edges = default_edges(mesh) if edges is None else check_edges(edges)
    length = (edges.size + 1) * mu_bins
    mu_edges = np.linspace(0, 1, mu_bins + 1)
    sums = np.zeros((4, length))
    for square, mu, weights, product in _rows(mesh, first, second, line_of_sight):
        in_mu = np.clip(np.digitize(mu, mu_edges) - 1, 0, mu_bins - 1)
        bins = np.digitize(square, edges**2) * mu_bins + in_mu
        for total, value in zip(
            sums, (np.ones_like(mu), np.sqrt(square), mu, product), strict=True
        ):
            total += np.bincount(bins, weights * value, length)
    sums = np.sum(gather(mesh.ranks, sums), axis=0).reshape(4, -1, mu_bins)[:, 1:-1]
    modes, k, mu, power = sums
    with np.errstate(invalid="ignore"):
        return Wedges(k / modes, mu / modes, modes.astype(np.int64), power / modes * mesh.volume)


def _rows(
    mesh: Mesh, first: AnyArray, second: AnyArray, line_of_sight: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Of one kx after the other: k^2, |mu|, weights and Re(a conj(b)) of the modes but k = 0."""
    first, second = np.asarray(first), np.asarray(second)
    squares = [component**2 for component in wavevectors(mesh)]
    for row in range(mesh.spectrum_shape[0]):  # row by row: a whole mesh of k would not fit
        here = [axis[row : row + 1] if axis.shape[0] > 1 else axis for axis in squares]
        shape = (1, *mesh.spectrum_shape[1:])
        square = np.broadcast_to(here[0] + here[1] + here[2], shape).ravel()
        along = np.broadcast_to(here[line_of_sight], shape).ravel()
        weights = np.broadcast_to(hermitian_weights(mesh), shape).ravel() * (square > 0)
        mu = np.sqrt(along / np.where(square > 0, square, 1))
        product = first[row].astype(np.complex128) * np.conj(second[row].astype(np.complex128))
        yield square, mu, weights, product.real.ravel()


def _legendre(ell: int, mu: np.ndarray) -> np.ndarray:
    return np.polynomial.legendre.legval(mu, np.eye(ell + 1)[ell])
