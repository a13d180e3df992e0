# SPDX-License-Identifier: GPL-3.0-or-later
"""Particles in the HDF5 format of Gadget-2 and 3, as Pylians and most analysis codes read it."""

import json
import os
from collections.abc import Iterable

import numpy as np

from jerald_tools.io import hdf5
from jerald_tools.io.atomic import atomic_directory
from jerald_tools.io.bigfile import write_block, write_group
from jerald_tools.io.particles import KM_CM, MPC_CM, UNIT_MASS_G, ParticlesFile
from jerald_tools.io.record import Provenance

# Fields on a mesh as BigFile, as nbodykit's BigFileMesh reads them.

DATASET = "Field"


def write_mesh(
    path: str | os.PathLike,
    header,
    pieces: Iterable[tuple[int, np.ndarray]],
    dtype,
    provenance: Provenance,
    more: dict,
    force: bool = False,
) -> None:
    """Write a field as the block ``Field``: all nodes in C order, x slowest.

    Args:
        path: of the directory; it appears when it is whole.
        header: with ``mesh``, ``box_size`` [Mpc/h], ``redshift`` and ``cosmology``.
        pieces: ``(x_start, planes)`` with planes (n, ny, nz), in order.
        dtype: of the values.
        provenance: how they were made.
        more: text and numbers by name, such as the quantity and its units.
        force: whether a directory that exists may be replaced.

    Raises:
        BadInput: if the directory cannot be written.
    """
    nx, ny, nz = header.mesh
    attributes = {
        "ndarray.shape": np.array(header.mesh, np.int64),
        "Nmesh": np.array(header.mesh, np.int64),
        "BoxSize": np.array(header.box_size),
        "Redshift": header.redshift,
        "Omega0": header.cosmology.omega_m,
        "OmegaBaryon": header.cosmology.omega_b,
        "HubbleParam": header.cosmology.h,
        "Provenance": json.dumps(provenance.as_dict()),
        **more,
    }
    flat = ((start * ny * nz, planes.reshape(-1)) for start, planes in pieces)
    with atomic_directory(path, force) as temporary:
        write_block(temporary / DATASET, (nx * ny * nz,), flat, dtype, attributes)


# Particles as BigFile, as FastPM writes them and nbodykit and MP-Gadget's tools read them.

BIGFILE_ROWS = 2**20


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
            pieces = (
                (start, read(start, start + BIGFILE_ROWS))
                for start in range(0, number, BIGFILE_ROWS)
            )
            write_block(temporary / "1" / name, shape, pieces, dtype)


FILE_TYPE = "gadget-particles"
GADGET_ROWS = 2**20
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
                (
                    (start, read(start, start + GADGET_ROWS))
                    for start in range(0, number, GADGET_ROWS)
                ),
                units=units,
                comoving=comoving,
                description=f"{name} of dark matter as Gadget has them",
                convert=lambda rows, scale=scale: rows * rows.dtype.type(scale),
            )
