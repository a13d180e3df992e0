# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: reportMissingImports=false
"""pmesh: the linear overdensity of a seed or of white noise, by its generator and its transforms.

Its ``generate_whitenoise`` draws in the order of N-GenIC, as ours does. With fixed amplitudes the
seven self-conjugate modes of the Nyquist planes are 1; ours keep the cosine of their phase.
"""

import numpy as np
from jaxtyping import Float
from pmesh.pm import BaseComplexField

from jerald_tools.engines.fields import field_of_slab, particle_mesh, slab_of_field
from jerald_tools.errors import BadInput
from jerald_tools.gravity.linear_power import LinearPower
from jerald_tools.gravity.white_noise import check_variance
from jerald_tools.mesh.checks import check_finite
from jerald_tools.mesh.mesh import AnyArray, Mesh
from jerald_tools.mesh.wavenumbers import wavenumber_table


def white_noise(
    mesh: Mesh, seed: int, fixed: bool = False, paired: bool = False
) -> BaseComplexField:
    """White noise in Fourier space, <|W|^2> = 1; arguments as of our own generator.

    Raises:
        BadInput: an odd number of nodes, of which N-GenIC's scheme knows none.
    """
    if mesh.shape[0] % 2:
        raise BadInput(f"--mesh {mesh.shape[0]}: white noise from a seed needs an even number")
    noise = particle_mesh(mesh).generate_whitenoise(seed, unitary=fixed, type="complex")
    return -1 * noise if paired else noise


def noise_of_field(mesh: Mesh, field: Float[AnyArray, "x y z"]) -> BaseComplexField:
    """White noise in Fourier space from independent numbers of variance 1 on nodes.

    Raises:
        BadInput: on every rank, if the variance is not 1.
    """
    check_variance(mesh, field)
    return field_of_slab(mesh, field).r2c() * float(np.sqrt(mesh.size))


def linear_field(
    mesh: Mesh, noise: BaseComplexField, power: LinearPower
) -> Float[np.ndarray, "x y z"]:
    """Linear overdensity at z = 0 of a white noise, delta_k = W sqrt(P(k) / V), with mean 0.

    Args:
        mesh: of the overdensity; V is its volume.
        noise: W.
        power: the linear power spectrum P at z = 0.

    Returns:
        This rank's slab.

    Raises:
        BadInput: the power spectrum does not cover the modes of the mesh.
        RunFailed: on every rank, if the field is not finite.
    """
    lowest, highest = wavenumber_table(mesh)[[1, -1]]

    def with_power(k, modes):
        wavenumbers = np.sqrt(sum(component.astype(np.float64) ** 2 for component in k))
        # Only rounding takes a mode out of the range of the mesh.
        amplitude = np.sqrt(power(np.clip(wavenumbers, lowest, highest)) / mesh.volume)
        return modes * np.where(wavenumbers > 0, amplitude, 0.0)

    field = slab_of_field(mesh, noise.apply(with_power, out=Ellipsis).c2r(out=Ellipsis))
    check_finite(mesh, "the linear field", {"overdensities": field})
    return field
