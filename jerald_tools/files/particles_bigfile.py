# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles as BigFile, as FastPM writes them and nbodykit and MP-Gadget's tools read them."""

import json
import os

import numpy as np

from jerald_tools.files.atomic import atomic_directory
from jerald_tools.files.bigfile import write_block, write_group
from jerald_tools.files.cgs import KM_CM, MPC_CM, UNIT_MASS_G
from jerald_tools.files.particles import ParticlesFile
from jerald_tools.files.provenance import Provenance

ROWS = 2**20


def write_particles_bigfile(
    path: str | os.PathLike, particles: ParticlesFile, provenance: Provenance, force: bool = False
) -> None:
    """Write particles of ours as dark matter: ``1/Position`` [Mpc/h], ``1/Velocity``, ``1/ID``.

    Velocities are peculiar [km/s], masses in the header's table [1e10 Msun/h]; IDs are kept.

    Args:
        path: of the directory; it appears when it is whole.
        particles: open.
        provenance: how they were made.
        force: whether a directory that exists may be replaced.

    Raises:
        BadInput: if the directory cannot be written, or the particles are damaged.
    """
    header, cosmology = particles.header, particles.header.cosmology
    number = header.number
    of_type_1 = np.array([0, 1, 0, 0, 0, 0])
    attributes = {
        "BoxSize": np.array(header.box_size),
        "NC": np.array(header.lattice, np.int64),
        "Time": 1 / (1 + header.redshift),
        "ScalingFactor": 1 / (1 + header.redshift),
        "Redshift": header.redshift,
        "Omega0": cosmology.omega_m,
        "OmegaM": cosmology.omega_m,
        "OmegaLambda": cosmology.omega_lambda,
        "OmegaBaryon": cosmology.omega_b,
        "HubbleParam": cosmology.h,
        "MassTable": of_type_1 * (header.particle_mass * cosmology.h),
        "TotNumPart": (of_type_1 * number).astype(np.uint64),
        "UsePeculiarVelocity": 1,
        "UnitLength_in_cm": MPC_CM,
        "UnitMass_in_g": UNIT_MASS_G,
        "UnitVelocity_in_cm_per_s": KM_CM,
        "Provenance": json.dumps(provenance.as_dict()),
    }
    with atomic_directory(path, force) as temporary:
        write_group(temporary / "Header", attributes)
        for name, read, members, dtype in (
            ("Position", particles.positions, 3, "<f8"),
            ("Velocity", particles.velocities, 3, "<f4"),
            ("ID", particles.identities, 1, "<u8"),
        ):
            shape = (number, members) if members > 1 else (number,)
            pieces = ((start, read(start, start + ROWS)) for start in range(0, number, ROWS))
            write_block(temporary / "1" / name, shape, pieces, dtype)
