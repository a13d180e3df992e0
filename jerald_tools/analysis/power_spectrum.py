# SPDX-License-Identifier: GPL-3.0-or-later
"""Power and cross power of fields in bins of wavenumber, and how a model's follow a reference's."""

import dataclasses
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int

from jerald_tools.errors import BadInput
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.ranks import gather
from jerald_tools.mesh.wavenumbers import hermitian_weights, wavevectors


def region_mean(
    mesh: Mesh, field: Float[AnyArray, "x y z"], region: Bool[AnyArray, "x y z"] | None = None
) -> float:
    """Mean of a field over the box, or over a region of it, in float64.

    Args:
        mesh: the mesh.
        field: this rank's slab.
        region: this rank's slab of True (inside) and False; None for the whole box.

    Raises:
        BadInput: on every rank, for a region without nodes.
    """
    field = np.asarray(field)
    values = field if region is None else field[np.asarray(region)]
    totals = gather(mesh.ranks, (float(values.sum(dtype=np.float64)), values.size))
    total, nodes = (sum(column) for column in zip(*totals, strict=True))
    if nodes == 0:
        raise BadInput(f"the region holds no node of a mesh of {mesh.shape}: take a finer mesh")
    return total / nodes


def overdensity(
    mesh: Mesh,
    field: Float[AnyArray, "x y z"],
    mean: float | None = None,
    region: Bool[AnyArray, "x y z"] | None = None,
) -> Float[Array, "x y z"]:
    """(F - <F>) / mean, with <F> the field's own mean: the zero mode is always removed.

    Dividing model and reference by one and the same mean keeps a model's wrong amplitude visible
    in its power; dividing each by its own hides it.

    In a region the result is zero outside, and divided by the root of the region's share of the
    volume: its power is then that of the box smeared over the width of the region's own window.
    Two maps cut by the same region are smeared alike, so their ratio and r(k) can be read as
    usual; wavenumbers below that of the region's longest wave carry little information.

    Args:
        mesh: the mesh.
        field: this rank's slab, any units.
        mean: the divisor, in the field's units; None for the field's own mean (in the region).
        region: this rank's slab of True (inside) and False; None for the whole box.

    Returns:
        This rank's slab, dimensionless.

    Raises:
        BadInput: on every rank, if the divisor is zero, or the region empty.
    """
    own = region_mean(mesh, field, region)
    mean = own if mean is None else mean
    if mean == 0:
        raise BadInput(
            "a map whose mean is zero has no overdensity: give a map with something in it"
        )
    contrast = (np.asarray(field, np.float64) - own) / mean
    if region is not None:
        share = region_mean(mesh, np.asarray(region, np.float64))
        contrast = np.where(region, contrast, 0.0) / np.sqrt(share)
    return jnp.asarray(contrast, mesh.dtype)


@dataclasses.dataclass(frozen=True)
class BinnedPower:
    """Power in bins of wavenumber.

    Attributes:
        edges: of the bins, one more than bins [h/Mpc]; a mode on an edge is in the bin above it.
        k: mean wavenumber of the modes in the bin [h/Mpc]; NaN where there is none.
        modes: how many modes of the full spectrum the bin holds.
        power: mean of Re(a conj(b)) V over these modes [(Mpc/h)^3]; NaN where there is none.
    """

    edges: Float[np.ndarray, " edges"]
    k: Float[np.ndarray, " bins"]
    modes: Int[np.ndarray, " bins"]
    power: Float[np.ndarray, " bins"]


def default_edges(mesh: Mesh) -> Float[np.ndarray, " edges"]:
    """Edges half-way between the multiples of the smallest wavenumber kf = 2 pi / max(L) [h/Mpc].

    From kf / 2 up to the last edge below the smallest Nyquist frequency of the axes.
    """
    fundamental = 2 * np.pi / max(mesh.box_size)
    nyquist = min(np.pi / cell for cell in mesh.cell_size)
    bins = int(nyquist / fundamental - 0.5 + 1e-9)
    return fundamental * (np.arange(bins + 1) + 0.5)


def check_edges(
    edges: Sequence[float] | Float[np.ndarray, " edges"],
) -> Float[np.ndarray, " edges"]:
    """The edges [h/Mpc] as float64, if they can bound bins.

    Raises:
        BadInput: for fewer than two edges, or edges that do not rise from zero or above.
    """
    edges = np.asarray(edges, np.float64)
    if edges.ndim != 1 or edges.size < 2 or not np.all(np.isfinite(edges)):
        raise BadInput(f"k bins with the edges {edges.tolist()}: give at least two numbers")
    if edges[0] < 0 or np.any(np.diff(edges) <= 0):
        raise BadInput(f"k bins with the edges {edges.tolist()}: they must rise from 0 or above")
    return edges


def cross_power(
    mesh: Mesh,
    first: Complex[AnyArray, "kx ky kz"],
    second: Complex[AnyArray, "kx ky kz"],
    edges: Sequence[float] | Float[np.ndarray, " edges"] | None = None,
) -> BinnedPower:
    """Cross power P = V <Re(a conj(b))> of two fields from their spectra, averaged in bins of |k|.

    With the spectra a(k) = 1/N sum_x f(x) exp(-i k x) of N mesh nodes in the volume V, that of an
    overdensity f has the unit (Mpc/h)^3.

    Every mode of the full spectrum counts once: modes of the half spectrum that stand for their
    conjugates too count twice. The mode k = 0 is left out. Shot noise is not subtracted. Sums are
    in float64 regardless of the precision of the mesh.

    Args:
        mesh: the mesh of both fields.
        first: this rank's part of spectrum a, from :func:`jerald_tools.mesh.fields.r2c`.
        second: this rank's part of spectrum b; pass ``first`` again for the auto power.
        edges: of the bins, rising [h/Mpc]; by default :func:`default_edges`.

    Raises:
        BadInput: for edges that bound no bins.
    """
    edges = default_edges(mesh) if edges is None else check_edges(edges)
    first, second = np.asarray(first), np.asarray(second)
    squares = [component**2 for component in wavevectors(mesh)]
    # Compared as squares, as nbodykit does: modes that lie on an edge fall on the same side.
    square_edges = edges**2
    length = edges.size + 1
    sums = np.zeros((3, length))
    for row in range(mesh.spectrum_shape[0]):  # row by row: a whole mesh of k would not fit
        here = [axis[row : row + 1] if axis.shape[0] > 1 else axis for axis in squares]
        square = np.broadcast_to(here[0] + here[1] + here[2], (1, *mesh.spectrum_shape[1:]))
        weights = np.where(square > 0, hermitian_weights(mesh), 0.0).ravel()
        bins = np.digitize(square.ravel(), square_edges)
        product = first[row].astype(np.complex128) * np.conj(second[row].astype(np.complex128))
        sums[0] += np.bincount(bins, weights, length)
        sums[1] += np.bincount(bins, weights * np.sqrt(square.ravel()), length)
        sums[2] += np.bincount(bins, weights * product.real.ravel(), length)
    modes, wavenumbers, power = np.sum(gather(mesh.ranks, sums), axis=0)[:, 1:-1]
    with np.errstate(invalid="ignore"):
        return BinnedPower(
            edges, wavenumbers / modes, modes.astype(np.int64), power / modes * mesh.volume
        )


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Powers of a model and its reference in the same bins of wavenumber.

    Attributes:
        k: mean wavenumber of the bin [h/Mpc].
        modes: how many modes it holds.
        power: power of the model [(Mpc/h)^3].
        reference_power: power of the reference [(Mpc/h)^3].
        cross_power: their cross power [(Mpc/h)^3].
    """

    k: Float[np.ndarray, " bins"]
    modes: Int[np.ndarray, " bins"]
    power: Float[np.ndarray, " bins"]
    reference_power: Float[np.ndarray, " bins"]
    cross_power: Float[np.ndarray, " bins"]

    @property
    def ratio(self) -> Float[np.ndarray, " bins"]:
        """P / P_ref; NaN where the reference has no power."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.reference_power > 0, self.power / self.reference_power, np.nan)

    @property
    def r(self) -> Float[np.ndarray, " bins"]:
        """Cross-correlation coefficient P_x / sqrt(P_ref P), equation (17); NaN without power."""
        both = self.reference_power * self.power
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(both > 0, self.cross_power / np.sqrt(both), np.nan)


def compare(
    mesh: Mesh,
    model: Complex[AnyArray, "kx ky kz"],
    reference: Complex[AnyArray, "kx ky kz"],
    edges: Sequence[float] | Float[np.ndarray, " edges"] | None = None,
    power_of: Callable[..., BinnedPower] = cross_power,
) -> Comparison:
    """Auto powers and cross power of two spectra in bins of wavenumber.

    Args:
        mesh: the mesh of both.
        model: this rank's part of the spectrum of the model's overdensity.
        reference: this rank's part of the spectrum of the reference's overdensity.
        edges: of the bins, as for :func:`cross_power`.
        power_of: :func:`cross_power`, or that of another engine for its own spectra.

    Raises:
        BadInput: for edges that bound no bins.
    """
    own = power_of(mesh, model, model, edges)
    other = power_of(mesh, reference, reference, edges)
    cross = power_of(mesh, model, reference, edges)
    return Comparison(own.k, own.modes, own.power, other.power, cross.power)
