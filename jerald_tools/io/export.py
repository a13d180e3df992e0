# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps and particles in formats of other codes: BigFile, and the HDF5 format of Gadget-2 and 3.

Pylians, nbodykit, yt, MP-Gadget's tools and most analysis codes read one of them.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from jerald_tools.io import hdf5
from jerald_tools.io.atomic import atomic_directory
from jerald_tools.io.bigfile import write_block, write_group
from jerald_tools.io.grids import InitialConditionsHeader, MapHeader
from jerald_tools.io.particles import ParticlesFile, ParticlesHeader
from jerald_tools.io.record import Record
from jerald_tools.io.swift_attributes import KM_CM, MPC_CM, UNIT_MASS_G

MESH_BLOCK = "Field"
GADGET_FILE_TYPE = "gadget-particles"

_PIECE_ROWS = 2**20
_KPC_PER_MPC = 1000.0


def write_mesh(
    path: str | os.PathLike,
    header: MapHeader | InitialConditionsHeader,
    pieces: Iterable[tuple[int, np.ndarray]],
    dtype: DTypeLike,
    record: Record,
    more: Mapping[str, Any],
    force: bool = False,
) -> None:
    """Write a field as the block ``Field`` of a BigFile, as nbodykit's BigFileMesh reads it.

    Args:
        path: of the directory; it appears when it is whole.
        header: what the field is of.
        pieces: ``(x_start, planes)`` with planes (n, ny, nz), in order.
        dtype: of the values.
        record: how they were made.
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
        "Provenance": record.to_json(),
        **more,
    }
    # All nodes in C order, x slowest.
    flat = ((start * ny * nz, planes.reshape(-1)) for start, planes in pieces)
    with atomic_directory(path, force) as temporary:
        write_block(temporary / MESH_BLOCK, (nx * ny * nz,), flat, dtype, attributes)


def write_particles_bigfile(
    path: str | os.PathLike, particles: ParticlesFile, record: Record, force: bool = False
) -> None:
    """Write particles as dark matter in a BigFile, as FastPM writes them.

    The blocks are ``1/Position`` [Mpc/h], ``1/Velocity``, peculiar [km/s], and ``1/ID``; masses
    are in the header's table [1e10 Msun/h].

    Args:
        path: of the directory; it appears when it is whole.
        particles: open.
        record: how they were made.
        force: whether a directory that exists may be replaced.

    Raises:
        BadInput: if the directory cannot be written, or the particles are damaged.
    """
    header = particles.header
    number = header.number
    attributes = {
        **_common_header(header),
        "BoxSize": np.array(header.box_size),
        "NC": np.array(header.lattice, np.int64),
        "ScalingFactor": 1 / (1 + header.redshift),
        "OmegaM": header.cosmology.omega_m,
        "TotNumPart": _of_type_1(number).astype(np.uint64),
        "UsePeculiarVelocity": 1,
        "UnitLength_in_cm": MPC_CM,
        "Provenance": record.to_json(),
    }
    with atomic_directory(path, force) as temporary:
        write_group(temporary / "Header", attributes)
        for name, read, members, dtype in (
            ("Position", particles.positions, 3, np.float64),
            ("Velocity", particles.velocities, 3, np.float32),
            ("ID", particles.identities, 1, np.uint64),
        ):
            shape = (number, members) if members > 1 else (number,)
            write_block(temporary / "1" / name, shape, _pieces(read, number), dtype)


def write_particles_gadget(
    path: str | os.PathLike, particles: ParticlesFile, record: Record, force: bool = False
) -> None:
    """Write particles as a snapshot of dark matter in kpc/h, 1e10 Msun/h and km/s.

    Velocities are Gadget's, peculiar ones over the root of a; masses are in the header's table.

    Args:
        path: the file's name; it appears when the file is whole.
        particles: open; their box is a cube, since Gadget's header has one length.
        record: how they were made.
        force: whether a file that exists may be replaced.

    Raises:
        BadInput: if the file cannot be written, or the particles are damaged.
    """
    header = particles.header
    number = header.number
    counts = _of_type_1(number)
    attributes = {
        **_common_header(header),
        "NumPart_ThisFile": counts.astype(np.int64),
        "NumPart_Total": (counts % 2**32).astype(np.uint32),
        "NumPart_Total_HighWord": (counts // 2**32).astype(np.uint32),
        "BoxSize": header.box_size[0] * _KPC_PER_MPC,
        "NumFilesPerSnapshot": 1,
        "UnitLength_in_cm": MPC_CM / _KPC_PER_MPC,
        "Flag_Sfr": 0,
        "Flag_Cooling": 0,
        "Flag_StellarAge": 0,
        "Flag_Metals": 0,
        "Flag_Feedback": 0,
        "Flag_DoublePrecision": 1,
    }
    scale_factor = 1 / (1 + header.redshift)
    columns = (
        ("Coordinates", particles.positions, (number, 3), _KPC_PER_MPC, "kpc/h", True),
        ("Velocities", particles.velocities, (number, 3), scale_factor**-0.5, "km/s a^-1/2", False),
        ("ParticleIDs", particles.identities, (number,), 1, "1", True),
    )
    with hdf5.create(path, GADGET_FILE_TYPE, record, force) as file:
        file.create_group("Header").attrs.update(attributes)
        group = file.create_group("PartType1")
        for name, read, shape, scale, units, comoving in columns:
            description = f"{name} of dark matter as Gadget has them"
            hdf5.write_dataset(
                group,
                name,
                hdf5.DatasetHeader(shape, units, comoving, description),
                _pieces(read, number),
                convert=lambda rows, scale=scale: rows * rows.dtype.type(scale),
            )


def _common_header(header: ParticlesHeader) -> dict[str, Any]:
    """What the headers of both formats say in the same words."""
    cosmology = header.cosmology
    return {
        "Time": 1 / (1 + header.redshift),
        "Redshift": header.redshift,
        "Omega0": cosmology.omega_m,
        "OmegaLambda": cosmology.omega_lambda,
        "OmegaBaryon": cosmology.omega_b,
        "HubbleParam": cosmology.h,
        "MassTable": _of_type_1(header.particle_mass * cosmology.h),
        "UnitMass_in_g": UNIT_MASS_G,
        "UnitVelocity_in_cm_per_s": KM_CM,
    }


def _of_type_1(value: float) -> np.ndarray:
    """A number for each particle type, (6): of dark matter, zero for the others."""
    return np.array([0, 1, 0, 0, 0, 0]) * value


def _pieces(
    read: Callable[[int, int], np.ndarray], number: int
) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, number, _PIECE_ROWS):
        yield start, read(start, start + _PIECE_ROWS)
