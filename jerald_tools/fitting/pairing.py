# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether particles and a target belong to one universe: their correlation on the largest scales.

No header can tell that a file is of another seed, mirrored or turned; the fields can.
"""

import typing

import numpy as np
from jaxtyping import Array, Float

from jerald_tools.analysis.power_spectrum import compare, overdensity
from jerald_tools.errors import BadInput
from jerald_tools.mesh.fields import r2c
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.paint import density

LARGEST_SCALES = 4
"""Modes up to so many times the fundamental wavenumber are compared."""

LEAST_CORRELATION = 0.5
"""Least r of a pair.

In the bundled reference stars, hydrogen and gas have 0.77 (stars at z = 5) to 0.999 with dark
matter; dark matter of different seeds has -0.17 to 0.17, of a pair with opposite phases -0.31.
"""


def correlation(
    mesh: Mesh, first: Float[AnyArray, "x y z"], second: Float[AnyArray, "x y z"]
) -> float:
    """Correlation of two fields over all modes up to 4 times 2 pi / L.

    r = sum Re(a conj(b)) / sqrt(sum |a|^2 sum |b|^2), equation (17) over one wide bin.

    Args:
        mesh: of both fields.
        first: this rank's slab, any units.
        second: the same.

    Returns:
        From -1 to 1; NaN where one of them does not vary.
    """
    fundamental = 2 * np.pi / max(mesh.box_size)
    # A hair more, so that rounding does not drop the modes at the edge.
    edges = [0.5 * fundamental, LARGEST_SCALES * fundamental * (1 + 1e-9)]
    spectra = [r2c(mesh, overdensity(mesh, field)) for field in (first, second)]
    return float(compare(mesh, *spectra, edges=edges).r[0])


def require_pair(
    mesh: Mesh,
    positions: typing.Any,
    particles_path: str,
    target: Float[np.ndarray, "x y z"] | Array,
    target_path: str,
) -> None:
    """Refuse a target that does not follow the particles; every rank must call it.

    Args:
        mesh: of the target.
        positions: this rank's particles, (n, 3) [Mpc/h].
        particles_path: their file.
        target: this rank's slab, any units.
        target_path: its file.

    Raises:
        BadInput: on every rank, if they correlate by less than :data:`LEAST_CORRELATION`.
    """
    r = correlation(mesh, density(mesh, positions), target)
    if not r >= LEAST_CORRELATION:
        raise BadInput(
            f"{target_path}: r = {r:.2f} with the density of {particles_path} up to "
            f"{LARGEST_SCALES} times the fundamental wavenumber: another seed or order of it, axes "
            "swapped, a flipped sign or pair, an origin shifted or another box; give the target of "
            "these particles, or --allow-mismatch"
        )
