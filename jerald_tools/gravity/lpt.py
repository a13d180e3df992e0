# SPDX-License-Identifier: GPL-3.0-or-later
"""Lagrangian perturbation theory: from white noise to particles that have left their lattice.

White noise with the linear power is the linear overdensity; second-order perturbation theory
(2LPT) turns it into displacements, and growth scales these to the start of FastPM.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from jerald_tools.cosmology import Cosmology, growth
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower
from jerald_tools.gravity.particles import Particles, check_particles
from jerald_tools.mesh.checks import check_finite
from jerald_tools.mesh.fields import c2r, convolve, finite_difference
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.paint import readout_gradient
from jerald_tools.mesh.wavenumbers import mode_index_axes, wavenumber_table

GRADIENT_ORDER = 4
"""Order of the central differences that make a gradient of a potential."""

SECOND_ORDERS = ("exact", "fastpm")
"""Growth of second-order displacements: the equation's, or 3/7 of a D2 that is 1 today."""

KERNEL = "1/k^2 in Fourier space, gradient by 4th-order central differences, CIC, not deconvolved"
"""The force kernel, as it is named in output files."""


def linear_field(
    mesh: Mesh, noise: Complex[AnyArray, "kx ky kz"], power: LinearPower
) -> Float[Array, "x y z"]:
    """Linear overdensity at z = 0 of a white noise, delta_k = W sqrt(P(k) / V), with mean 0.

    All modes of the mesh are filled, its corners included.

    Args:
        mesh: of the overdensity; V is its volume.
        noise: W with <|W|^2> = 1.
        power: the linear power spectrum P at z = 0.

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
    nx, ny, nz = (n // spacing for n in nodes)
    return nx, ny, nz


def lattice_points(
    mesh: Mesh, lattice: tuple[int, int, int]
) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, " n"]]:
    """The lattice points in this rank's slab: positions [Mpc/h] and ascending numbers (int64).

    Point (i, j, k) of a lattice (N_x, N_y, N_z) lies at (i, j, k) L/N and has the number
    1 + (i N_y + j) N_z + k.
    """
    nodes, points = mesh.shape[0], lattice[0]
    # Point i lies in the cell floor(i nodes / points), hence on the rank that holds that plane.
    start, stop = (-(-plane * points // nodes) for plane in (mesh.x_start, mesh.x_stop))
    axes = (np.arange(start, stop), np.arange(lattice[1]), np.arange(lattice[2]))
    indices = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int64)
    positions = indices * (np.array(mesh.box_size) / lattice)
    numbers = 1 + (indices[:, 0] * lattice[1] + indices[:, 1]) * lattice[2] + indices[:, 2]
    return positions.astype(mesh.dtype), numbers


@dataclasses.dataclass(frozen=True, eq=False)
class InitialConditions:
    """A universe before its particles move.

    Attributes:
        mesh: that of the linear density.
        linear_density: linear overdensity at z = 0, this rank's slab.
        lattice: points along x, y, z, from each of which a particle starts.
        cosmology: the cosmological parameters.
    """

    mesh: Mesh
    linear_density: Float[AnyArray, "x y z"]
    lattice: tuple[int, int, int]
    cosmology: Cosmology


def second_order_start(
    initial: InitialConditions, a: float, second_order: str = "exact"
) -> Particles:
    """Particles displaced from their lattice by 2LPT to the scale factor a.

    Args:
        initial: the universe, this rank's part.
        a: the scale factor.
        second_order: one of :data:`SECOND_ORDERS`.

    Raises:
        RunFailed: on every rank, if a position or a momentum is not finite.
    """
    mesh = initial.mesh
    points, ids = lattice_points(mesh, initial.lattice)
    first, second = displacements(mesh, jnp.asarray(initial.linear_density, mesh.dtype), points)
    factors = displacement_factors(a, initial.cosmology, second_order).astype(mesh.dtype)
    start = displaced_lattice(points, ids, first, second, factors)
    check_particles(mesh, "2LPT", start)
    return start


def displacement_factors(
    a: float, cosmology: Cosmology, second_order: str = "exact"
) -> Float[np.ndarray, "4"]:
    """D1, D2, a^2 E D1 f1 and a^2 E D2 f2: the weights of :func:`displaced_lattice`.

    Args:
        a: the scale factor.
        cosmology: the cosmological parameters.
        second_order: one of :data:`SECOND_ORDERS`.
    """
    at = growth(a, cosmology)
    speed = a**2 * at.hubble
    second = at.second * second_order_scale(cosmology, second_order)
    return np.stack(
        [at.first, second, speed * at.first * at.first_rate, speed * second * at.second_rate]
    )


def second_order_scale(cosmology: Cosmology, second_order: str) -> float:
    """What D2 is multiplied by: 1, or 3/7 over its value today, as fastpm-python has it.

    Today D2 is 0.43219 where omega_m = 0.308, not 3/7: second-order displacements of fastpm-python
    are 0.84 % smaller there at every redshift.
    """
    return 1.0 if second_order == "exact" else 3 / 7 / float(growth(1.0, cosmology).second)


@jax.jit
def displaced_lattice(
    points: Float[AnyArray, "n 3"],
    ids: Int[AnyArray, " n"],
    first: Float[AnyArray, "n 3"],
    second: Float[AnyArray, "n 3"],
    factors: Float[AnyArray, "4"],
) -> Particles:
    """Particles at q + D1 psi1 + D2 psi2 with momenta a^2 E (D1 f1 psi1 + D2 f2 psi2).

    Args:
        points: q, the lattice points [Mpc/h].
        ids: their numbers.
        first: psi1 [Mpc/h].
        second: psi2 [Mpc/h].
        factors: of :func:`displacement_factors`.
    """
    first_shift, second_shift, first_momentum, second_momentum = factors
    return Particles(
        positions=points + first_shift * first + second_shift * second,
        momenta=first_momentum * first + second_momentum * second,
        ids=ids,
    )


@functools.partial(jax.jit, static_argnums=0)
def displacements(
    mesh: Mesh, linear_density: Float[AnyArray, "x y z"], points: Float[AnyArray, "n 3"]
) -> tuple[Float[Array, "n 3"], Float[Array, "n 3"]]:
    """Displacements of first and second order [Mpc/h], to be scaled by D1 and D2.

    With u_k = delta_k / k^2 the first is psi1 = grad u, so that delta = -div psi1. The second is
    the same of :func:`second_order_source`. Derivatives are 4th-order central differences.

    Args:
        mesh: that of the linear density.
        linear_density: linear overdensity delta at z = 0.
        points: this rank's lattice points [Mpc/h].
    """
    potential = inverse_laplacian(mesh, linear_density)
    first = readout_gradient(mesh, potential, points, GRADIENT_ORDER)
    source = second_order_source(mesh, potential)
    second_potential = inverse_laplacian(mesh, source)
    second = readout_gradient(mesh, second_potential, points, GRADIENT_ORDER)
    return first, second


def inverse_laplacian(mesh: Mesh, source: Float[AnyArray, "x y z"]) -> Float[Array, "x y z"]:
    """Solve -laplacian(u) = source in Fourier space, u_k = source_k / k^2, with mean 0.

    The result is in units of the source times (Mpc/h)^2.
    """
    wavenumbers = wavenumber_table(mesh)
    kernel = np.zeros(wavenumbers.shape)
    kernel[1:] = wavenumbers[1:] ** -2.0
    return convolve(mesh, source, kernel.astype(mesh.dtype))


def second_order_source(mesh: Mesh, potential: Float[AnyArray, "x y z"]) -> Float[Array, "x y z"]:
    """Source of the second-order displacement, sum_{i<j} (u_ii u_jj - u_ij^2).

    Bouchet et al. 1995 (astro-ph/9406013); the factor 3/7 of matter domination is in D2. The
    potential u is in (Mpc/h)^2, the source dimensionless.
    """

    def derivative(field, axis):
        return finite_difference(mesh, field, axis, GRADIENT_ORDER)

    along_x, along_y, along_z = (derivative(potential, axis) for axis in range(3))
    xx, xy = derivative(along_x, 0), derivative(along_x, 1)
    yy, yz = derivative(along_y, 1), derivative(along_y, 2)
    zz, zx = derivative(along_z, 2), derivative(along_z, 0)
    return xx * yy + yy * zz + zz * xx - xy**2 - yz**2 - zx**2
