# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutral hydrogen: displaced by density and stars, depleted where stars are and around them."""

import jax.numpy as jnp

from jerald_tools.mesh.fields import convolve
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import density, move_along_gradient
from jerald_tools.mesh.ranks import sum_over_ranks
from jerald_tools.mesh.wavenumbers import wavenumber_table
from jerald_tools.model.layers import (
    EMPTY_CELL,
    GRADIENT_ORDER,
    depletion_filter,
    gaussian_greens_function,
    potential,
    power_law,
    rectify,
)
from jerald_tools.model.parameters import (
    ALPHA_UNIT_NEUTRAL_HYDROGEN,
    Depletion,
    NeutralHydrogenParameters,
)


def relative_stellar_mass(mesh: Mesh, stellar_map):
    """S = max(F_sm, floor) / mean, the stellar source of equations (12) and (14).

    Args:
        mesh: the mesh.
        stellar_map: this rank's slab of the *predicted* stellar mass, in any units.

    Returns:
        This rank's slab, positive, of mean 1 over all ranks.
    """
    stellar_map = rectify(stellar_map)
    total = sum_over_ranks(mesh.ranks, jnp.sum(stellar_map, dtype=jnp.float64))
    return stellar_map * (mesh.size / total).astype(mesh.dtype)


def displace_neutral_hydrogen(
    mesh: Mesh,
    parameters: NeutralHydrogenParameters,
    positions,
    relative_stars,
    start_density=None,
):
    """Apply all layers, equations (1), (12) and (6).

    Args:
        mesh: the mesh.
        parameters: of the neutral hydrogen.
        positions: this rank's particles after the dark-matter layers, (n, 3) [Mpc/h].
        relative_stars: this rank's slab from :func:`relative_stellar_mass`.
        start_density: 1 + d of these positions if it is known already.

    Returns:
        Positions (n, 3) [Mpc/h] whose density the neutral hydrogen follows.
    """
    unit = ALPHA_UNIT_NEUTRAL_HYDROGEN
    for number, layer in enumerate(parameters.layers):
        known = number == 0 and start_density is not None
        source = start_density if known else density(mesh, positions)
        from_density = potential(
            mesh, layer.density, unit, gaussian_greens_function, source, EMPTY_CELL
        )
        from_stars = potential(mesh, layer.stars, unit, gaussian_greens_function, relative_stars)
        positions = move_along_gradient(mesh, from_density + from_stars, positions, GRADIENT_ORDER)
    return positions


def depletion(mesh: Mesh, parameters: Depletion, relative_stars):
    """D = ReLU(beta1 O_L S + eta) + beta2 S^gamma3, equations (14) and (15).

    Args:
        mesh: the mesh.
        parameters: of the depletion.
        relative_stars: this rank's slab from :func:`relative_stellar_mass`.

    Returns:
        This rank's slab of D, over the mean of the map that was trained on.
    """
    kernel = depletion_filter(
        wavenumber_table(mesh), parameters.k_h, parameters.k_l, parameters.nu, parameters.xi
    )
    radiation = convolve(mesh, relative_stars, parameters.beta1 * kernel)
    consumption = power_law(relative_stars, parameters.gamma3)
    eta, beta2 = (value.astype(mesh.dtype) for value in (parameters.eta, parameters.beta2))
    return rectify(radiation + eta) + beta2 * consumption


def neutral_hydrogen_transform(
    mesh: Mesh,
    parameters: NeutralHydrogenParameters,
    displaced_density,
    relative_stars,
    shift: float = 0.0,
):
    """F = ReLU(w (1 + d)^mu - D - b), equation (13).

    Args:
        mesh: the mesh.
        parameters: of the neutral hydrogen.
        displaced_density: 1 + d of the displaced particles, this rank's slab.
        relative_stars: this rank's slab from :func:`relative_stellar_mass`.
        shift: constant added to 1 + d before the power, 0 in the paper.

    Returns:
        This rank's slab (nx_local, ny, nz), over the mean of the map that was trained on.
    """
    transform = parameters.transform
    shifted = rectify(displaced_density + jnp.asarray(shift, mesh.dtype))
    w, b = (value.astype(mesh.dtype) for value in (transform.w, transform.b))
    lost = depletion(mesh, parameters.depletion, relative_stars)
    return rectify(w * power_law(shifted, transform.mu) - lost - b)
