# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles in the HDF5 format of Gadget-2 and 3, as Pylians and most analysis codes read it."""

import os

import numpy as np

from jerald_tools.files import hdf5
from jerald_tools.files.cgs import KM_CM, MPC_CM, UNIT_MASS_G
from jerald_tools.files.particles import ParticlesFile
from jerald_tools.files.provenance import Provenance

FILE_TYPE = "gadget-particles"
ROWS = 2**20
KPC_PER_MPC = 1000.0


def write_particles_gadget(
    path: str | os.PathLike, particles: ParticlesFile, provenance: Provenance, force: bool = False
) -> None:
    """Write particles of ours as a snapshot of dark matter in kpc/h, 1e10 Msun/h and km/s.

    Velocities are Gadget's, peculiar ones over the root of a; masses are in the header's table.

    Args:
        path: the file's name; it appears when the file is whole.
        particles: open; their box is a cube, since Gadget's header has one length.
        provenance: how they were made.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the file cannot be written, or the particles are damaged.
    """
    header, cosmology = particles.header, particles.header.cosmology
    number, scale_factor = header.number, 1 / (1 + header.redshift)
    of_type_1 = np.array([0, 1, 0, 0, 0, 0])
    counts = of_type_1 * number
    attributes = {
        "NumPart_ThisFile": counts.astype(np.int64),
        "NumPart_Total": (counts % 2**32).astype(np.uint32),
        "NumPart_Total_HighWord": (counts // 2**32).astype(np.uint32),
        "MassTable": of_type_1 * (header.particle_mass * cosmology.h),
        "Time": scale_factor,
        "Redshift": header.redshift,
        "BoxSize": header.box_size[0] * KPC_PER_MPC,
        "NumFilesPerSnapshot": 1,
        "Omega0": cosmology.omega_m,
        "OmegaLambda": cosmology.omega_lambda,
        "OmegaBaryon": cosmology.omega_b,
        "HubbleParam": cosmology.h,
        "UnitLength_in_cm": MPC_CM / KPC_PER_MPC,
        "UnitMass_in_g": UNIT_MASS_G,
        "UnitVelocity_in_cm_per_s": KM_CM,
        "Flag_Sfr": 0,
        "Flag_Cooling": 0,
        "Flag_StellarAge": 0,
        "Flag_Metals": 0,
        "Flag_Feedback": 0,
        "Flag_DoublePrecision": 1,
    }
    columns = (
        ("Coordinates", particles.positions, (number, 3), KPC_PER_MPC, "kpc/h", True),
        ("Velocities", particles.velocities, (number, 3), scale_factor**-0.5, "km/s a^-1/2", False),
        ("ParticleIDs", particles.identities, (number,), 1, "1", True),
    )
    with hdf5.create(path, FILE_TYPE, provenance, force) as file:
        file.create_group("Header").attrs.update(attributes)
        group = file.create_group("PartType1")
        for name, read, shape, scale, units, comoving in columns:
            hdf5.write_dataset(
                group,
                name,
                shape,
                ((start, read(start, start + ROWS)) for start in range(0, number, ROWS)),
                units=units,
                comoving=comoving,
                description=f"{name} of dark matter as Gadget has them",
                convert=lambda rows, scale=scale: rows * rows.dtype.type(scale),
            )
