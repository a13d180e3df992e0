# SPDX-License-Identifier: GPL-3.0-or-later
"""From white noise to second-order Lagrangian perturbation theory on the lattice of particles."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower
from jerald_tools.mesh.checks import check_finite
from jerald_tools.mesh.fields import c2r, convolve, finite_difference, r2c
from jerald_tools.mesh.mesh import Mesh
from jerald_tools.mesh.paint import readout_gradient
from jerald_tools.mesh.ranks import gather
from jerald_tools.mesh.wavenumbers import mode_index_axes, wavenumber_table

# The regular lattice on which particles start.


def lattice(mesh: Mesh, particles: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The lattice points that lie in this rank's slab of a mesh.

    Point (i, j, k) lies at (i, j, k) L/N and has number 1 + (i N + j) N + k.

    Args:
        mesh: the mesh.
        particles: lattice points along x, y, z.

    Returns:
        Positions (n, 3) [Mpc/h] in the type of the mesh, and numbers (n,) int64, ascending.
    """
    nodes, points = mesh.shape[0], particles[0]
    # Point i lies in the cell floor(i nodes / points), hence on the rank that holds that plane.
    start, stop = (-(-plane * points // nodes) for plane in (mesh.x_start, mesh.x_stop))
    axes = (np.arange(start, stop), np.arange(particles[1]), np.arange(particles[2]))
    indices = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int64)
    positions = indices * (np.array(mesh.box_size) / particles)
    numbers = 1 + (indices[:, 0] * particles[1] + indices[:, 1]) * particles[2] + indices[:, 2]
    return positions.astype(mesh.dtype), numbers


def lattice_shape(nodes: tuple[int, int, int], particles: int | None) -> tuple[int, int, int]:
    """Lattice points along each axis, for a number of them along x.

    Every lattice point has to lie on a node of the mesh: between nodes, interpolation would smooth
    its displacement.

    Args:
        nodes: of the mesh along x, y, z.
        particles: along x, or None for half the nodes.

    Raises:
        BadInput: the mesh is not a multiple of the lattice.
    """
    if particles is None:
        particles = max(1, nodes[0] // 2)
    if particles < 1 or nodes[0] % particles or any(n % (nodes[0] // particles) for n in nodes):
        raise BadInput(
            f"--particles {particles}: the mesh {' x '.join(map(str, nodes))} must be a multiple "
            "of the particles, the same along each axis"
        )
    spacing = nodes[0] // particles
    return tuple(n // spacing for n in nodes)


# The linear overdensity at z = 0: white noise times the root of the power spectrum.


def linear_field(mesh: Mesh, noise, power: LinearPower):
    """Linear overdensity of a noise, W sqrt(P/V), for all modes of the mesh, corners included.

    Args:
        mesh: the mesh.
        noise: W with <|W|^2> = 1, the rank's part of the half spectrum, ``mesh.spectrum_shape``.
        power: the linear power spectrum at z = 0.

    Returns:
        The overdensity at z = 0, this rank's slab (nx_local, ny, nz), of mean 0.

    Raises:
        BadInput: the power spectrum does not cover the modes of the mesh.
        RunFailed: on every rank, if the field is not finite.
    """
    wavenumbers = wavenumber_table(mesh)
    amplitude = np.zeros(wavenumbers.shape)
    amplitude[1:] = np.sqrt(power(wavenumbers[1:]) / mesh.volume)
    field = _filtered(mesh, noise, amplitude.astype(mesh.dtype), mode_index_axes(mesh))
    check_finite(mesh, "the linear field", {"overdensities": field})
    return field


@functools.partial(jax.jit, static_argnums=0)
def _filtered(mesh: Mesh, noise, amplitude, mode_indices):
    first, second, third = mode_indices
    entry = first[:, None, None] + second[:, None] + third
    return c2r(mesh, noise * amplitude[entry])


def noise_of_field(mesh: Mesh, field):
    """White noise in Fourier space of noise on the nodes.

    Args:
        mesh: the mesh.
        field: independent numbers of variance 1, one on each node, the rank's slab.

    Returns:
        W with <|W|^2> = 1, the rank's part of the half spectrum.

    Raises:
        BadInput: on every rank, if the variance is not 1.
    """
    squares = np.sum(np.square(np.asarray(field, np.float64)))
    variance = sum(gather(mesh.ranks, squares)) / mesh.size
    if abs(variance - 1) > max(0.1, 6 * np.sqrt(2 / mesh.size)):
        raise BadInput(
            f"white noise of variance {variance:.4g}: scale it to 1; on the nodes it is the sum of "
            "W exp(ikx) over all modes, over the root of their number"
        )
    return r2c(mesh, jnp.asarray(field, mesh.dtype)) * np.sqrt(mesh.size).astype(mesh.dtype)


# Gravity on the mesh: the inverse Laplacian, and the one finite-difference order in use.

GRADIENT_ORDER = 4
"""Order of the central differences that make a gradient of a potential."""

KERNEL = "1/k^2 in Fourier space, gradient by 4th-order central differences, CIC, not deconvolved"
"""The force kernel, as it is named in output files."""


def inverse_laplacian(mesh: Mesh, source):
    """Solve -laplacian(u) = source in Fourier space, u_k = source_k / k^2, with mean 0.

    Args:
        mesh: the mesh.
        source: this rank's slab (nx_local, ny, nz).

    Returns:
        This rank's slab of u, in units of the source times (Mpc/h)^2.
    """
    wavenumbers = wavenumber_table(mesh)
    kernel = np.zeros(wavenumbers.shape)
    kernel[1:] = wavenumbers[1:] ** -2.0
    return convolve(mesh, source, kernel.astype(mesh.dtype))


# Lagrangian perturbation theory to second order: displacements from a linear field.


@functools.partial(jax.jit, static_argnums=0)
def displacements(mesh: Mesh, linear_density, lattice_positions):
    """Displacements of first and second order at z = 0, to be scaled by D1 and D2.

    With u_k = delta_k / k^2 the first is psi1 = grad u, so that delta = -div psi1. The second is
    the same of 3/7 sum_{i<j} (u_ii u_jj - u_ij^2). Derivatives are 4th-order central differences.

    Args:
        mesh: the mesh of the linear field.
        linear_density: linear overdensity at z = 0, this rank's slab (nx_local, ny, nz).
        lattice_positions: this rank's lattice points, (n, 3) [Mpc/h].

    Returns:
        Two arrays (n, 3) [Mpc/h].
    """
    potential = inverse_laplacian(mesh, linear_density)
    first = readout_gradient(mesh, potential, lattice_positions, GRADIENT_ORDER)
    source = second_order_source(mesh, potential)
    second_potential = inverse_laplacian(mesh, source)
    second = readout_gradient(mesh, second_potential, lattice_positions, GRADIENT_ORDER)
    return first, second


def second_order_source(mesh: Mesh, potential):
    """Source of the second-order displacement, 3/7 sum_{i<j} (u_ii u_jj - u_ij^2).

    Args:
        mesh: the mesh.
        potential: u, this rank's slab [(Mpc/h)^2].

    Returns:
        This rank's slab, dimensionless.
    """

    def second_derivative(first_derivative, axis):
        return finite_difference(mesh, first_derivative, axis, GRADIENT_ORDER)

    along_x, along_y, along_z = (second_derivative(potential, axis) for axis in range(3))
    xx, xy = second_derivative(along_x, 0), second_derivative(along_x, 1)
    yy, yz = second_derivative(along_y, 1), second_derivative(along_y, 2)
    zz, zx = second_derivative(along_z, 2), second_derivative(along_z, 0)
    return (3 / 7) * (xx * yy + yy * zz + zz * xx - xy**2 - yz**2 - zx**2)
